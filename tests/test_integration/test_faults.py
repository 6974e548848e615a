"""Power losses, full and broken disks, kills and flipped bits, at every moment of the work.

What was acknowledged is there afterwards, nothing else than the unbroken run wrote is, and the
work ends as if nothing had happened. ``FAULTS=9`` injects nine times as many; with ``-s`` each
test says how many it injected.
"""

import errno
import os
import os.path as osp
import random
import shutil
import signal

import numpy as np
import pytest

from mmpose_al.active_learning.answers import ingest, load_all_answers, merged
from mmpose_al.active_learning.doctor import examine, repair
from mmpose_al.active_learning.paths import Paths
from mmpose_al.active_learning.state import WritableState, load_state
from mmpose_al.checkpoint_files import newest_whole
from mmpose_al.engine.hooks.safe_checkpoint import CheckedBackend
from tests.test_active_learning.experiments import answers, describe, run_untrained, waiting
from tests.test_active_learning.people import labelled
from tests.test_integration.faults import ERRORS, content_of, failing, losing_power

MORE = int(os.environ.get('FAULTS', 1))
pytestmark = pytest.mark.skipif(not osp.isdir('/proc/self/fd'), reason='reads files by handle')


def told(**figures):
    print('\nfaults:', ', '.join(f'{name} {value}' for name, value in figures.items()))


def stages_of(state):
    """(round, stage) -> what it left, without the time that it took."""
    return {
        (entry['round'], name): {k: v for k, v in result.items() if k != 'seconds'}
        for entry in state.rounds
        for name, result in entry['stages'].items()
    }


# ---- an experiment -----------------------------------------------------------------------


SECTION = dict(self_training=None, strategy=dict(type='MultiPeakEntropy'))


@pytest.fixture(scope='module')
def described(tmp_path_factory):
    """A config, and the stages of the experiment that nothing disturbed."""
    folder = tmp_path_factory.mktemp('described')
    cfg, _ = describe(folder, **SECTION)
    return cfg, stages_of(run_untrained(cfg, {}))


def in_folder(cfg, work):
    cfg = cfg.copy()
    cfg.work_dir = str(work)
    return cfg


def test_a_power_loss_at_any_moment_of_an_experiment(described, tmp_path, monkeypatch):
    cfg, unbroken = described
    (tmp_path / 'work').mkdir()
    rng, images, acknowledged = random.Random(0), [], []
    finish = WritableState.finish

    def noted(self, round, name, result):
        finish(self, round, name, result)
        acknowledged.append((round, name))

    def lost(disk):
        for number in range(1 + MORE):
            image = tmp_path / f'image{len(images)}'
            disk.after_power_loss(str(image), rng if number else None)
            images.append((image, list(acknowledged)))

    monkeypatch.setattr(WritableState, 'finish', noted)
    with losing_power(monkeypatch, str(tmp_path / 'work'), lost):
        run_untrained(in_folder(cfg, tmp_path / 'work'), {})
    monkeypatch.undo()
    assert set(acknowledged) == set(unbroken) and len(images) > 60
    for image, known in images:
        state = load_state(str(image))
        found = {} if state is None else stages_of(state)
        assert set(known) <= set(found), image
        assert found == {key: unbroken[key] for key in found}
    for image, _ in rng.sample(images, 5 * MORE):
        assert stages_of(run_untrained(in_folder(cfg, image), {})) == unbroken
    told(power_losses=len(images), stages_acknowledged=len(acknowledged), lost=0, wrong=0)


@pytest.mark.parametrize('kind', ERRORS, ids=[errno.errorcode[kind] for kind in ERRORS])
def test_a_disk_that_fails_at_any_moment_of_an_experiment(described, tmp_path, monkeypatch, kind):
    cfg, unbroken = described
    number = injected = 0
    while True:
        work = tmp_path / str(number)
        fault = ''
        with failing(monkeypatch, number, kind) as failed:
            try:
                run_untrained(in_folder(cfg, work), {})
            except (OSError, ValueError, SystemExit) as error:
                fault = str(error)
        if not failed:
            break
        assert not fault or os.strerror(kind) in fault
        injected += 1
        state = load_state(str(work)) if work.exists() else None
        found = {} if state is None else stages_of(state)
        assert found == {key: unbroken[key] for key in found}
        assert stages_of(run_untrained(in_folder(cfg, work), {})) == unbroken
        number += max(1, 9 // MORE)
    told(injected=injected, error=errno.errorcode[kind], lost=0, wrong=0)


# ---- answers -----------------------------------------------------------------------------


@pytest.fixture(scope='module')
def asked(tmp_path_factory):
    """An experiment that waits for answers, and files of them: file -> annotations -> joints."""
    folder = tmp_path_factory.mktemp('asked')
    begun = waiting(folder, limits=dict(rounds=2))
    files = []
    for number, ids in enumerate(([0, 1, 2, 3], None)):
        (folder / str(number)).mkdir()
        moved = {i: points + number for i, points in begun.pixels.items()}
        wanted = None if ids is None else asked_first(begun.work, len(ids))
        files.append(answers(begun.work, 1, moved, folder / str(number), wanted))
    return begun.work, files


def asked_first(work, number):
    from mmpose_al.active_learning.query import load_query

    return list(load_query(work, 1).annotations)[:number]


def kept(work):
    return merged(load_all_answers(work))


def same(found, known):
    return all(i in found and np.array_equal(found[i], points) for i, points in known.items())


def test_a_power_loss_at_any_moment_of_taking_answers(asked, tmp_path, monkeypatch):
    work, files = asked
    root, rng, images = tmp_path / 'work', random.Random(1), []
    shutil.copytree(work, str(root), symlinks=True)
    steps, acknowledged = [kept(work)], [0]
    for path in files:
        ingest(str(root), path)
        steps.append(kept(str(root)))
    shutil.rmtree(str(root))
    shutil.copytree(work, str(root), symlinks=True)

    def lost(disk):
        for number in range(1 + 2 * MORE):
            image = tmp_path / f'image{len(images)}'
            disk.after_power_loss(str(image), rng if number else None)
            images.append((image, acknowledged[0]))

    with losing_power(monkeypatch, str(root), lost):
        for path in files:
            assert ingest(str(root), path).written
            acknowledged[0] += 1
    assert len(images) > 30
    for image, step in images:
        found = kept(str(image))
        assert any(found.keys() == each.keys() and same(found, each) for each in steps[step:])
        for path in files:  # again, as people would
            ingest(str(image), path)
        assert same(kept(str(image)), steps[-1])
        labels, _ = labelled(Paths(str(image)).labels)
        assert labels.keys() == steps[-1].keys()
    told(power_losses=len(images), answers_acknowledged=len(steps[-1]), lost=0, wrong=0)


@pytest.mark.parametrize(
    'kind', [*ERRORS, signal.SIGKILL], ids=[*(errno.errorcode[kind] for kind in ERRORS), 'SIGKILL']
)
def test_a_failure_at_any_moment_of_taking_answers(asked, tmp_path, monkeypatch, kind):
    work, (path, later) = asked
    before, number = kept(work), 0
    while True:
        folder = str(tmp_path / str(number))
        shutil.copytree(work, folder, symlinks=True)
        if kind is signal.SIGKILL:
            failed, fault = killed(folder, path, number, monkeypatch), None
        else:
            failed, fault = failing_ingest(folder, path, number, monkeypatch, kind)
        if not failed:
            break
        assert fault is None or (os.strerror(kind) in fault and 'kept; ' in fault)
        assert same(kept(folder), before)  # and of the new ones all or none
        assert len(kept(folder)) in (len(before), len(before) + 4)
        ingest(folder, path)
        assert ingest(folder, later).written
        assert not [name for name in os.listdir(osp.join(folder, 'answers')) if 'tmp' in name]
        assert not examine(folder).damaged
        number += 1
    assert number > 5
    told(injected=number, kind=int(kind), answers_acknowledged=len(kept(folder)), lost=0, wrong=0)


def failing_ingest(folder, path, number, monkeypatch, kind):
    fault = None
    with failing(monkeypatch, number, kind) as failed:
        try:
            ingest(folder, path)
        except OSError as error:
            fault = str(error)
    return failed, fault


def killed(folder, path, number, monkeypatch):
    """Whether a process that takes answers was killed at a call."""
    process = os.fork()
    if not process:
        try:
            with failing(monkeypatch, number, signal.SIGKILL):
                ingest(folder, path)
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitpid(process, 0)[1]
    assert status in (0, signal.SIGKILL)
    return status == signal.SIGKILL


# ---- checkpoints ---------------------------------------------------------------------------


def test_a_power_loss_at_any_moment_of_saving_checkpoints(tmp_path, monkeypatch):
    from tests.test_checkpoint_files import save

    content = content_of(str(save(tmp_path / 'whole.pth')))
    better = content + b'\0' * 99  # the last one is saved again, with its best score
    root, rng, images, saved = tmp_path / 'run', random.Random(2), [], []
    root.mkdir()

    def lost(disk):
        for number in range(1 + 2 * MORE):
            image = tmp_path / f'image{len(images)}'
            disk.after_power_loss(str(image), rng if number else None)
            images.append((image, list(saved)))

    backend = CheckedBackend()
    with losing_power(monkeypatch, str(root), lost):
        for step in (2, 4, 6, 6):
            again = step in saved
            backend.put(better if again else content, str(root / f'iter_{step}.pth'))
            saved.append(step)
            if step == 6:
                backend.remove(str(root / 'iter_2.pth')) if len(saved) == 3 else None
    for image, known in images:
        path = newest_whole(str(image)).path
        if not known:
            continue
        assert path is not None and content_of(path) in (content, better)
        assert int(osp.basename(path)[5:-4]) >= known[-1]
    told(power_losses=len(images), checkpoints_saved=len(saved), lost=0, wrong=0)


# ---- flipped bits ---------------------------------------------------------------------------


def test_flipped_bits_are_found_and_repaired_or_named(asked, tmp_path):
    """In whatever file counts; a copy is flipped, found by doctor, repaired, and found whole."""
    work, (path, _) = asked
    whole = tmp_path / 'whole'
    shutil.copytree(work, str(whole), symlinks=True)
    ingest(str(whole), path)
    paths = Paths(str(whole))
    files = [paths.state, paths.answers(1), paths.labels, paths.query_file(1), paths.scores(0)]
    rng, flips, repaired = random.Random(3), 0, 0
    for file in files:
        content = content_of(file)
        for _ in range(12 * MORE):
            flipped = bytearray(content)
            bit = rng.randrange(8 * len(content))
            flipped[bit // 8] ^= 1 << bit % 8
            with open(file, 'wb') as out:
                out.write(flipped)
            if file == paths.scores(0) and not examine(str(whole)).damaged:
                flips -= 1  # between the entries of the archive: nobody reads it
                assert scores_are(file, content)
            else:
                assert [each.path for each in examine(str(whole)).damaged] == [
                    osp.relpath(file, str(whole))
                ]
            flips += 1
            with open(file, 'wb') as out:
                out.write(content)
        with open(file, 'r+b') as out:
            out.seek(len(content) // 2)
            out.write(b'#')
        repair(str(whole))
        damaged = examine(str(whole)).damaged
        assert all(each.repair is None and each.means for each in damaged)
        repaired += not damaged
        shutil.rmtree(str(whole))
        shutil.copytree(work, str(whole), symlinks=True)
        ingest(str(whole), path)
    assert flips > 50 and repaired == 4  # a query can only be put back
    told(flips=flips, accepted=0, kinds_repaired=repaired)


def scores_are(file, content):
    """Whether a score file reads as its unflipped bytes do."""
    from mmpose_al.active_learning.statistics import load_views

    flipped = load_views(file)
    with open(file, 'wb') as out:
        out.write(content)
    views = load_views(file)
    return all(
        np.array_equal(getattr(flipped, name), getattr(views, name), equal_nan=True)
        for name in ('id', 'keypoints', 'scores')
    )
