"""Power losses, full and broken disks, kills and flipped bits, at every moment of the work.

What was acknowledged is there afterwards, nothing else than the unbroken run wrote is, and the
work ends as if nothing had happened. ``FAULTS=9`` injects nine times as many.
``benchmarks/faults.py`` makes a table of what is injected.
"""

import errno
import json
import os
import os.path as osp
import random
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch

from mmpose_al.active_learning.annotators import FileAnnotator
from mmpose_al.active_learning.answers import ingest, load_all_answers, load_answers, merged
from mmpose_al.active_learning.answers.intake import query_pool
from mmpose_al.active_learning.doctor import examine, repair
from mmpose_al.active_learning.experiment import EXIT_PENDING, Experiment
from mmpose_al.active_learning.label_app.journal import Journal
from mmpose_al.active_learning.paths import Paths
from mmpose_al.active_learning.pool import write_split
from mmpose_al.active_learning.query import load_query
from mmpose_al.active_learning.servers.exchange import Link, load_link, save_link
from mmpose_al.active_learning.state import WritableState, load_state
from mmpose_al.active_learning.statistics import load_views
from mmpose_al.checkpoint_files import newest_whole
from mmpose_al.datasets.format import load_multiview
from mmpose_al.datasets.splits import load_split
from mmpose_al.engine.hooks.safe_checkpoint import CheckedBackend, SafeCheckpointHook
from mmpose_al.fileio import CHECKSUM, write_bytes
from tests import ROOT
from tests.test_active_learning.experiments import answers, describe, run_untrained, waiting
from tests.test_active_learning.people import labelled
from tests.test_active_learning.states import writable
from tests.test_checkpoint_files import save
from tests.test_engine.test_hooks import test_safe_checkpoint as training
from tests.test_integration.faults import ERRORS, content_of, failing, losing_power

MORE = int(os.environ.get('FAULTS', 1))
NAMES = [errno.errorcode[kind] for kind in ERRORS]
pytestmark = pytest.mark.skipif(not osp.isdir('/proc/self/fd'), reason='reads files by handle')


class Count:
    """What a test injected and what came of it; a row of the table.

    Attributes:
        injected (int): Faults.
        acknowledged (int): Things that were called done, of the kind ``what``.
        lost (int): How often one of them was not there after a fault.
        wrong (int): How often something else was there than the unbroken work leaves.
    """

    def __init__(self, work, fault, what):
        self.work, self.fault, self.what = work, fault, what
        self.injected = self.acknowledged = self.lost = self.wrong = 0

    def judge(self, known, found, unbroken):
        """Count a fault: what was acknowledged before, what is there, what there may be."""
        self.injected += 1
        self.lost += len(set(known) - set(found))
        self.wrong += sum(key not in unbroken or unbroken[key] != found[key] for key in found)

    def tell(self, record_property):
        """Give the row to whoever asks; nothing may be lost and nothing wrong."""
        record_property('faults', dict(vars(self)))
        assert self.injected and not self.lost and not self.wrong, vars(self)


def stages_of(state):
    """(round, stage) -> what it left, without the time that it took."""
    if state is None:
        return {}
    return {
        (entry['round'], name): {k: v for k, v in result.items() if k != 'seconds'}
        for entry in state.rounds
        for name, result in entry['stages'].items()
    }


# ---- an experiment -----------------------------------------------------------------------


SECTION = dict(self_training=None, strategy=dict(type='MultiPeakEntropy'))
EXPERIMENT, QUERY = 'an experiment of three rounds', 'writing a query'
ANSWERS = 'taking two files of answers'


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


@pytest.fixture
def finished(monkeypatch):
    """(round, stage) of all that a running experiment has called done."""
    done, finish = [], WritableState.finish

    def noted(self, round, name, result):
        finish(self, round, name, result)
        done.append((round, name))

    monkeypatch.setattr(WritableState, 'finish', noted)
    return done


def test_a_power_loss_at_any_moment_of_an_experiment(
    described, finished, tmp_path, monkeypatch, record_property
):
    cfg, unbroken = described
    (tmp_path / 'work').mkdir()
    rng, images = random.Random(0), []
    count = Count(EXPERIMENT, 'power loss', 'stages')

    def lost(disk):
        for number in range(1 + MORE):
            image = tmp_path / f'image{len(images)}'
            disk.after_power_loss(str(image), rng if number else None)
            images.append((image, list(finished)))

    with losing_power(monkeypatch, str(tmp_path / 'work'), lost):
        run_untrained(in_folder(cfg, tmp_path / 'work'), {})
    assert set(finished) == set(unbroken) and len(images) > 100
    count.acknowledged = len(finished)
    for image, known in images:
        count.judge(known, stages_of(load_state(str(image))), unbroken)
    for image, _ in rng.sample(images, 5 * MORE):
        count.wrong += stages_of(run_untrained(in_folder(cfg, image), {})) != unbroken
    count.tell(record_property)


@pytest.mark.parametrize('kind', ERRORS, ids=NAMES)
def test_a_disk_that_fails_at_any_moment_of_an_experiment(
    described, finished, tmp_path, monkeypatch, kind, record_property
):
    cfg, unbroken = described
    count, number = Count(EXPERIMENT, errno.errorcode[kind], 'stages'), 0
    while True:
        work, fault = tmp_path / str(number), ''
        finished.clear()
        with failing(monkeypatch, number, kind, root=str(tmp_path)) as failed:
            try:
                run_untrained(in_folder(cfg, work), {})
            except (OSError, ValueError, SystemExit) as error:
                fault = str(error)
        if not failed:
            break
        assert not fault or os.strerror(kind) in fault
        known = list(finished)
        count.judge(known, stages_of(load_state(str(work))), unbroken)
        count.acknowledged += len(known)
        count.wrong += stages_of(run_untrained(in_folder(cfg, work), {})) != unbroken
        shutil.rmtree(str(work))
        number += max(1, 36 // MORE)
    count.tell(record_property)


# ---- a query -------------------------------------------------------------------------------


@pytest.fixture(scope='module')
def asking(tmp_path_factory):
    """A config whose experiment asks people, and what it asks."""
    folder = tmp_path_factory.mktemp('asking')
    annotator = dict(type='FileAnnotator', formats=['coco'], images='copy')
    cfg, _ = describe(folder, annotator=annotator, **SECTION)
    run_to_query(cfg)
    return cfg, query_of(cfg.work_dir, cfg.work_dir)


def run_to_query(cfg):
    with pytest.raises(SystemExit) as left:
        run_untrained(cfg, {})
    assert left.value.code == EXIT_PENDING


def query_of(work, home):
    """Name of each file of the first query -> what it holds; nothing where it cannot be read.

    ``home`` is the folder in which it was written, whose path is in it and in the advice to people.
    """
    query = load_query(str(work), 0)
    if query is None:
        return {}
    found = {}
    for folder, _, names in os.walk(query.folder):
        for path in (osp.join(folder, name) for name in names):
            content = content_of(path).replace(str(home).encode(), b'WORK')
            if path.endswith(CHECKSUM):  # of bytes with that path in them; load_query compared it
                content = b''
            found[osp.relpath(path, query.folder)] = content
    return found


def test_a_power_loss_at_any_moment_of_writing_a_query(
    asking, tmp_path, monkeypatch, record_property
):
    cfg, unbroken = asking
    root, rng, images = tmp_path / 'work', random.Random(4), []
    root.mkdir()
    count = Count(QUERY, 'power loss', 'files')

    def lost(disk, known=()):
        for number in range(1 + MORE):
            image = tmp_path / f'image{len(images)}'
            disk.after_power_loss(str(image), rng if number else None)
            images.append((image, known))

    with losing_power(monkeypatch, str(root), lost) as disk:
        run_to_query(in_folder(cfg, root))
    lost(disk, list(unbroken))  # people have been asked
    count.acknowledged = len(unbroken)
    for image, known in images:
        count.judge(known, query_of(image, root), unbroken)
    for image, _ in rng.sample(images, 5 * MORE):
        shutil.rmtree(str(root))
        os.rename(str(image), str(root))
        run_to_query(in_folder(cfg, root))
        count.wrong += query_of(root, root) != unbroken
    count.tell(record_property)


@pytest.mark.parametrize('kind', ERRORS, ids=NAMES)
def test_a_disk_that_fails_at_any_moment_of_writing_a_query(
    asking, tmp_path, monkeypatch, kind, record_property
):
    cfg, unbroken = asking
    count, number = Count(QUERY, errno.errorcode[kind], 'files'), 0
    while True:
        work, fault = tmp_path / str(number), None
        with failing(monkeypatch, number, kind, root=str(tmp_path)) as failed:
            try:
                run_untrained(in_folder(cfg, work), {})
            except (OSError, ValueError, SystemExit) as error:
                fault = error
        if not failed:
            break
        asked = isinstance(fault, SystemExit) and fault.code == EXIT_PENDING
        assert asked or os.strerror(kind) in str(fault)
        known = list(unbroken) if asked else []
        count.acknowledged += len(known)
        count.judge(known, query_of(work, work), unbroken)
        run_to_query(in_folder(cfg, work))
        count.wrong += query_of(work, work) != unbroken
        shutil.rmtree(str(work))
        number += max(1, 18 // MORE)
    count.tell(record_property)


# ---- answers -----------------------------------------------------------------------------


@pytest.fixture(scope='module')
def asked(tmp_path_factory):
    """An experiment that waits for answers, and two files of them."""
    folder = tmp_path_factory.mktemp('asked')
    begun = waiting(folder, limits=dict(rounds=2))
    files = []
    for number, ids in enumerate(([0, 1, 2, 3], None)):
        (folder / str(number)).mkdir()
        moved = {i: points + number for i, points in begun.pixels.items()}
        wanted = ids and list(load_query(begun.work, 1).annotations)[: len(ids)]
        files.append(answers(begun.work, 1, moved, folder / str(number), wanted))
    return begun.work, files


def kept(work):
    """Annotation id -> keypoints as bytes."""
    return {i: points.tobytes() for i, points in merged(load_all_answers(str(work))).items()}


@pytest.fixture
def steps(asked, tmp_path):
    """What is kept before, after the first, and after the second file of answers."""
    work, files = asked
    root = tmp_path / 'steps'
    shutil.copytree(work, str(root), symlinks=True)
    found = [kept(root)]
    for path in files:
        ingest(str(root), path)
        found.append(kept(root))
    shutil.rmtree(str(root))
    return found


def judge_answers(count, steps, step, found):
    """Count a fault: after ``step`` files were acknowledged, what is kept is of one of them."""
    later = next((each for each in steps[step:] if each == found), steps[step])
    count.judge(steps[step], found, later)


def test_a_power_loss_at_any_moment_of_taking_answers(
    asked, steps, tmp_path, monkeypatch, record_property
):
    work, files = asked
    root, rng, images, acknowledged = tmp_path / 'work', random.Random(1), [], [0]
    count = Count(ANSWERS, 'power loss', 'persons')
    shutil.copytree(work, str(root), symlinks=True)

    def lost(disk):
        for number in range(1 + MORE):
            image = tmp_path / f'image{len(images)}'
            disk.after_power_loss(str(image), rng if number else None)
            images.append((image, acknowledged[0]))

    with losing_power(monkeypatch, str(root), lost) as disk:
        for path in files:
            assert ingest(str(root), path).written
            acknowledged[0] += 1
    lost(disk)
    count.acknowledged = len(steps[-1])
    for image, step in images:
        judge_answers(count, steps, step, kept(image))
    for image, _ in rng.sample(images, 10 * MORE):
        for path in files:  # again, as people would
            ingest(str(image), path)
        count.wrong += kept(image) != steps[-1]
        labels, _ = labelled(Paths(str(image)).labels)
        count.wrong += labels.keys() != steps[-1].keys()
    count.tell(record_property)


@pytest.mark.parametrize('kind', [*ERRORS, signal.SIGKILL], ids=[*NAMES, 'SIGKILL'])
def test_a_failure_at_any_moment_of_taking_answers(
    asked, steps, tmp_path, monkeypatch, kind, record_property
):
    work, (path, later) = asked
    name = errno.errorcode[kind] if kind in ERRORS else 'SIGKILL'
    count, number = Count(ANSWERS, name, 'persons'), 0
    while True:
        folder, fault = str(tmp_path / str(number)), None
        shutil.copytree(work, folder, symlinks=True)
        if kind is signal.SIGKILL:
            failed = killed(folder, path, number, monkeypatch)
        else:
            failed, fault = failing_ingest(folder, path, number, monkeypatch, kind)
        if not failed:
            break
        assert fault is None or (os.strerror(kind) in fault and 'kept; ' in fault), fault
        done = int(fault is None and kind is not signal.SIGKILL)
        judge_answers(count, steps, done, kept(folder))
        ingest(folder, path)
        assert ingest(folder, later).written
        count.acknowledged += len(steps[-1])
        count.wrong += kept(folder) != steps[-1]
        if kind != errno.EROFS:  # there, what was begun cannot be removed
            assert not [name for name in os.listdir(osp.join(folder, 'answers')) if 'tmp' in name]
        assert not examine(folder).damaged
        shutil.rmtree(folder)
        number += max(1, 4 // MORE)
    assert number > 20
    count.tell(record_property)


def failing_ingest(folder, path, number, monkeypatch, kind):
    fault = None
    with failing(monkeypatch, number, kind, root=folder) as failed:
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
            with failing(monkeypatch, number, signal.SIGKILL, root=folder):
                ingest(folder, path)
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitpid(process, 0)[1]
    assert status in (0, signal.SIGKILL)
    return status == signal.SIGKILL


# ---- checkpoints ---------------------------------------------------------------------------


def test_a_power_loss_at_any_moment_of_saving_checkpoints(tmp_path, monkeypatch, record_property):
    content = content_of(str(save(tmp_path / 'whole.pth')))
    better = content + b'\0' * 99  # the last one is saved again, with its best score
    root, rng, images, saved = tmp_path / 'run', random.Random(2), [], []
    count = Count('saving four checkpoints', 'power loss', 'checkpoints')
    root.mkdir()

    def lost(disk):
        for number in range(1 + 2 * MORE):
            image = tmp_path / f'image{len(images)}'
            disk.after_power_loss(str(image), rng if number else None)
            images.append((image, list(saved)))

    backend = CheckedBackend()
    with losing_power(monkeypatch, str(root), lost) as disk:
        for step in (2, 4, 6, 6):
            again = step in saved
            backend.put(better if again else content, str(root / f'iter_{step}.pth'))
            saved.append(step)
            if step == 6:
                backend.remove(str(root / 'iter_2.pth')) if len(saved) == 3 else None
    lost(disk)
    count.acknowledged = len(saved)
    for image, known in images:
        path = newest_whole(str(image)).path
        found = int(osp.basename(path)[5:-4]) if path else 0
        count.injected += 1
        count.lost += found < max(known, default=0)
        count.wrong += path is not None and content_of(path) not in (content, better)
    count.tell(record_property)


@pytest.mark.parametrize('kind', ERRORS, ids=NAMES)
def test_a_disk_that_fails_at_any_moment_of_a_training(
    tmp_path, monkeypatch, kind, record_property
):
    """A real one, of a linear layer, which then goes on and ends as if nothing had happened."""
    training.run(tmp_path / 'whole', 6)
    unbroken = training.weights(tmp_path / 'whole', 6)
    count, number = (
        Count('a training of three checkpoints', errno.errorcode[kind], 'checkpoints'),
        0,
    )
    saved, save_with_step = [], SafeCheckpointHook._save_checkpoint_with_step

    def noted(self, runner, step, meta):
        save_with_step(self, runner, step, meta)
        saved.append(step)  # and last_checkpoint names it

    monkeypatch.setattr(SafeCheckpointHook, '_save_checkpoint_with_step', noted)
    while True:
        folder, fault = tmp_path / str(number), None
        saved.clear()
        with failing(monkeypatch, number, kind, root=str(tmp_path)) as failed:
            try:
                training.run(folder, 6)
            except (OSError, RuntimeError, ValueError) as error:
                fault = str(error)
        if not failed:
            break
        assert fault is None or os.strerror(kind) in fault
        found = newest_whole(str(folder)).path
        step = int(osp.basename(found)[5:-4]) if found else 0
        count.injected += 1
        count.acknowledged += len(saved)
        count.lost += step < max(saved, default=0)
        training.run(folder, 6, resume=True)
        after = training.weights(folder, 6)
        count.wrong += not all(torch.equal(unbroken[name], after[name]) for name in unbroken)
        shutil.rmtree(str(folder))
        number += max(1, 9 // MORE)
    count.tell(record_property)


# ---- files that others read meanwhile --------------------------------------------------------


READER = """
import json, os, sys
from mmpose_al.active_learning.answers import load_answers
from mmpose_al.active_learning.state import load_state
work, stop = sys.argv[1:]
found, before = dict(reads=0, lost=0, wrong=0), (-1, 0)
print('ready', flush=True)
while not os.path.exists(stop):
    try:
        noted = load_state(work).stage(0, 'pseudo')['seconds']
        now = noted, len((load_answers(work, 1) or dict(events=[]))['events'])
        found['lost'] += now[0] < before[0] or now[1] < before[1]
        before = now
    except (OSError, ValueError) as error:
        found['wrong'] += 1
        print(error, file=sys.stderr)
    found['reads'] += 1
print(json.dumps(found))
"""


def test_a_file_that_stays_open_is_an_ordinary_one_afterwards(tmp_path, monkeypatch):
    """As that of a logger, which later tests may still have."""
    with failing(monkeypatch, 1, errno.EACCES, root=str(tmp_path)) as failed:
        file = open(str(tmp_path / 'log.txt'), 'w')
        file.write('a')
        with pytest.raises(PermissionError):
            file.flush()
    assert failed == ['write']
    file.close()  # what is left is written
    assert 'a' in (tmp_path / 'log.txt').read_text()


def test_files_that_another_process_reads_all_the_time(asked, tmp_path, record_property):
    """Each read finds a state and answers that were whole, and never less than the one before."""
    work, files = asked
    root, stop = str(tmp_path / 'work'), str(tmp_path / 'stop')
    shutil.copytree(work, root, symlinks=True)
    count = Count('writing while another process reads', 'file replaced or added to', 'reads')
    state = writable(load_state(root))
    stage = dict(state.stage(0, 'pseudo'), seconds=0.0)
    state.finish(0, 'pseudo', stage)
    reader = subprocess.Popen(
        [sys.executable, '-c', READER, root, stop],
        env=dict(os.environ, PYTHONPATH=ROOT),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout.readline() == 'ready\n'
    for number in range(1, 100 * MORE + 1):
        state.finish(0, 'pseudo', dict(stage, seconds=float(number)))
        if number % 10 == 0:
            state.write()
            ingest(root, files[number // 10 % 2])
        count.injected += 1
    write_bytes(stop, b'')
    told, faults = reader.communicate(timeout=120)
    found = json.loads(told)
    assert reader.returncode == 0 and found['reads'] > 3 and not found['wrong'], faults
    count.acknowledged, count.lost, count.wrong = found['reads'], found['lost'], found['wrong']
    count.tell(record_property)


def test_a_file_that_is_replaced_while_others_hold_it(tmp_path):
    """They read the old bytes to the end, and whoever opens it gets the new ones."""
    path = str(tmp_path / 'labels.json')
    write_bytes(path, b'old' * 10**6)
    with open(path, 'rb') as file:
        first = file.read(10)
        write_bytes(path, b'new' * 10**6)
        assert (first + file.read()) == b'old' * 10**6
    assert content_of(path) == b'new' * 10**6


# ---- flipped bits ---------------------------------------------------------------------------


@pytest.fixture
def answered(asked, tmp_path):
    """The folder of an experiment with answers, and with a journal of the annotator's own."""
    work, (path, _) = asked
    root = tmp_path / 'whole'
    shutil.copytree(work, str(root), symlinks=True)
    ingest(str(root), path)
    query = load_query(str(root), 1)
    journal = Journal(Paths(str(root)).label_journal(1), query)
    for unit in query.units:
        journal.append(dict(op='time', who='Anna', unit=unit, seconds=2.5))
    write_split(Experiment(str(root)).pool, [0, 10], Paths(str(root)).labeled_split(0))
    save_link(str(root), Link('http://127.0.0.1:8080', '0' * 12, 3))
    return str(root)


def read_labels(work):
    """As a training begins: they are made anew where they are not what was written."""
    annotator = FileAnnotator(['coco'])
    annotator.open(work, query_pool(load_query(work, 1)))
    annotator.restore()
    return content_of(Paths(work).labels)


#: File of an experiment -> what is read of it.
READ = {
    'state': (lambda p: p.state, lambda work: load_state(work).content),
    'answers': (lambda p: p.answers(1), lambda work: load_answers(work, 1)),
    'labels': (lambda p: p.labels, read_labels),
    'query': (lambda p: p.query_file(1), lambda work: load_query(work, 1).content),
    'journal': (
        lambda p: p.label_journal(1),
        lambda work: Journal(Paths(work).label_journal(1), load_query(work, 1)).events,
    ),
    'split': (lambda p: p.labeled_split(0), lambda work: load_split(Paths(work).labeled_split(0))),
    'pseudo-labels': (lambda p: p.pseudo(1), lambda work: load_multiview(Paths(work).pseudo(1))),
    'config': (lambda p: p.config, lambda work: Experiment(work).config.to_dict()),
    'server project': (lambda p: p.server_project, load_link),
}


@pytest.mark.parametrize('name', READ)
def test_no_flipped_bit_changes_what_is_read(name, answered, record_property):
    """400 of each kind of file: refused, or what is read is what was written."""
    path_of, read = READ[name]
    path = path_of(Paths(answered))
    content, whole = content_of(path), read(answered)
    count = Count(f'reading an experiment: {name}', 'flipped bit', 'refused or mended')
    rng = random.Random(name)
    for bit in (rng.randrange(8 * len(content)) for _ in range(400)):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        with open(path, 'wb') as file:
            file.write(flipped)
        count.injected += 1
        try:
            count.wrong += read(answered) != whole
            count.acknowledged += content_of(path) == content
        except ValueError as error:
            count.acknowledged += osp.basename(path) in str(error)
    assert count.acknowledged == count.injected
    count.tell(record_property)


def test_flipped_bits_are_found_and_repaired_or_named(asked, answered, tmp_path, record_property):
    """In whatever file counts; a copy is flipped, found by doctor, repaired, and found whole."""
    whole = tmp_path / 'copy'
    shutil.copytree(answered, str(whole), symlinks=True)
    paths = Paths(str(whole))
    files = [
        *(paths.state, paths.answers(1), paths.labels, paths.query_file(1), paths.scores(0)),
        *(paths.label_journal(1), paths.labeled_split(0), paths.pseudo(1)),
        *(paths.server_project, paths.config),
    ]
    count = Count('doctor, all kinds of files', 'flipped bit', 'named')
    rng, repaired = random.Random(3), 0
    for file in files:
        content = content_of(file)
        for _ in range(12 * MORE):
            flipped = bytearray(content)
            bit = rng.randrange(8 * len(content))
            flipped[bit // 8] ^= 1 << bit % 8
            with open(file, 'wb') as out:
                out.write(flipped)
            named = [each.path for each in examine(str(whole)).damaged]
            if file == paths.scores(0) and not named:
                # Between the entries of the archive: nobody reads it.
                count.wrong += not scores_are(file, content)
                continue
            count.injected += 1
            count.acknowledged += named == [osp.relpath(file, str(whole))]
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
        shutil.copytree(answered, str(whole), symlinks=True)
    assert count.acknowledged == count.injected > 110
    assert repaired == 9  # a config can only be put back
    count.tell(record_property)


def scores_are(file, content):
    """Whether a score file reads as its unflipped bytes do."""
    flipped = load_views(file)
    with open(file, 'wb') as out:
        out.write(content)
    views = load_views(file)
    return all(
        np.array_equal(getattr(flipped, name), getattr(views, name), equal_nan=True)
        for name in ('id', 'keypoints', 'scores')
    )
