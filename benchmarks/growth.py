"""What each step of a round costs as the pool grows, now and at an earlier commit, in turns.

    git worktree add --detach BEFORE COMMIT
    OMP_NUM_THREADS=1 python -m benchmarks.growth [--against BEFORE] [--out FILE [--merge]]
    python -m benchmarks.growth --out FILE --write docs/active_learning.md

With ``--merge`` what FILE holds of other steps, versions and sizes stays. The last command puts
the table of FILE between `<!-- table: growth -->` and `<!-- end -->`.

A pool of frames of four calibrated views, one person of 17 joints in each:

- ``load``: reading its file.
- ``ingest``: 5,000 answers, all that people gave to a query, are taken; of 1,000 frames 4,000.
- ``query``: 1,250 frames (of 1,000 all) are asked for, with what the network predicts of them.
- ``state``: an experiment that labels all frames in 100 rounds of five stages.
- ``report``: its HTML page.
- the strategies: 100 frames are chosen by the scores of a round, of which a tenth is
  labelled; reading the scores and triangulating are part of it. Features have 512 numbers,
  noise, which tells least about what is near to what.

Every step is a process of its own. The seconds are those of the processor and of the clock
without what starting Python takes; the memory is the peak of the whole process, of which
``start`` is what the imports need. What counts is the processor time: other work on the
machine stretches the other. A step that is not done in ``--limit`` seconds is left out at
larger sizes. The law is the exponent between the last two sizes: 1 is linear, 2 quadratic.
``estimated`` follows from it for ten times as many frames. A row has the load average and the
machine of its own run.
"""

import argparse
import inspect
import json
import os
import os.path as osp
import resource
import shutil
import signal
import subprocess
import sys
import time
import traceback

os.environ.setdefault('OMP_NUM_THREADS', '1')
import numpy as np

VIEWS, ANSWERS, ROUNDS, PICKS, FEATURES = 4, 5000, 100, 100, 512
STAGES = ('annotate', 'train', 'score', 'select', 'pseudo')
ARGUMENTS = {  # of strategies that cannot do without
    'CoreSetPoses': dict(root=0),
    'CoreSetPoses2D': dict(root=0),
    'UncertainAndDiverse': dict(
        uncertainty=dict(type='MultiPeakEntropy'), diversity=dict(type='CoreSetPoses', root=0)
    ),
    'WeightedCombination': dict(
        strategies=[dict(type='MultiPeakEntropy'), dict(type='MultiViewConsistency')]
    ),
}
STRATEGIES = (
    *('RandomSampling', 'FirstFrames', 'LeastConfidence', 'BestVsSecondBest', 'MultiPeakEntropy'),
    *('CommitteeDisagreement', 'ViewDisagreement3D', 'MultiViewConsistency', 'LeastConsensus'),
    *('CoreSetPoses', 'CoreSetPoses2D', 'CoreSetFeatures', 'Diverse', 'UncertainAndDiverse'),
    'WeightedCombination',
)
WITHOUT_POOL = ('load', 'ingest', 'report')
PARTS = (*WITHOUT_POOL, 'query', 'state', *STRATEGIES)


# ---- what is measured; in the processes of its own -----------------------------------


def modules():
    """What earlier commits have elsewhere."""
    try:
        from mmpose_al.active_learning.answers.intake import ingest
        from mmpose_al.active_learning.state import new_state
    except ImportError:
        from mmpose_al.active_learning.annotators.answers import ingest
        from mmpose_al.active_learning.pool import new_state
    return ingest, new_state


def read(folder):
    """The pool."""
    from mmpose_al.active_learning.pool import load_pool

    return load_pool(osp.join(folder, 'pool.json'), 'frames')


def annotator_of(folder, pool):
    from mmpose_al.active_learning.annotators import FileAnnotator

    annotator = FileAnnotator(['coco'], images='none')
    annotator.open(folder, pool)
    return annotator


def columns(pool, num, features):
    """Scores of a pool, with noise for what a network would say; as its class takes them."""
    from mmpose_al.active_learning.statistics import ViewStatistics

    rng = np.random.default_rng(0)
    names = getattr(ViewStatistics, '_fields', None)
    found = dict(np.load(osp.join(pool, 'columns.npz')))
    if names is None and 'keypoints_3d' in features:
        found['keypoints_3d'] = rng.standard_normal((num, 17, 3), np.float32)
    uniform = ('scores', 'margin', 'entropy', 'disagreement', 'highest_probability')
    for name in uniform:
        found[name] = rng.random((num, 17) if name == 'scores' else num, np.float32)
    wanted = {'features', 'appearance'}.intersection(features)
    for name in wanted if names is None else ('features',):
        size = FEATURES if name in features else 0
        found[name] = np.maximum(rng.standard_normal((num, size), np.float32), 0)
    if names is not None:
        found['keypoints_3d'] = np.zeros((num, 0, 3), np.float32)
        found = {name: found[name] for name in names}
    return ViewStatistics(**found)


def prepare(folder, work):
    """An experiment whose query waits for 5,000 answers, and scores; not measured."""
    from mmpose_al.active_learning.statistics import save_views

    _, new_state = modules()
    pool = read(folder)
    new_state(work, pool, 'digest', 0).write()
    units = pool.units[: ANSWERS // VIEWS].tolist()
    annotator_of(work, pool).ask(0, units, [1.0] * len(units))
    save_views(columns(folder, len(pool.units) * VIEWS, ()), scores_of((), work))
    rounds(pool, osp.join(work, 'rounds'))


def scores_of(needs, work):
    """Where the scores are that have the columns which not all scores have."""
    special = sorted({'features', 'appearance', 'keypoints_3d'}.intersection(needs))
    return osp.join(work, '-'.join(['scores', *special]) + '.npz')


def make_scores(name, folder, work):
    """Scores as a strategy needs them, if they are not there; not measured."""
    from mmpose_al.active_learning.statistics import save_views

    needs = strategy_of(name).needs
    path = scores_of(needs, work)
    if not osp.exists(path):
        num = len(np.load(osp.join(folder, 'columns.npz'))['id'])
        save_views(columns(folder, num, needs), path)


def strategy_of(name):
    """A strategy by name."""
    import mmpose_al.active_learning.strategies  # noqa: F401
    from mmpose_al.active_learning.registry import QUERY_STRATEGIES

    return QUERY_STRATEGIES.build(dict(type=name, **ARGUMENTS.get(name, {})))


def rounds(pool, folder):
    """A hundred rounds."""
    _, new_state = modules()
    state = new_state(folder, pool, 'digest', 0)
    state.write()
    each = len(pool.units) // ROUNDS
    for number in range(ROUNDS):
        ids = pool.units[number * each : (number + 1) * each].tolist()
        state.add_labels(number, ids, 'somebody')
        for stage in STAGES:
            result = {}
            if stage == 'annotate':
                result = dict(labels=(number + 1) * each, views=0, joints=0)
            if stage == 'train':
                result = dict(metrics={'coco/AP': number / ROUNDS}, seconds=1.0)
            if stage == 'select':
                result = dict(ids=ids, utilities=[1.0] * each, strategy='RandomSampling')
            state.finish(number, stage, result)
    return len(state.labeled())


def ready(part, folder, work, pool):
    """What a step does; all that it is given is there."""
    if part == 'load':
        return lambda: read(folder)
    if part == 'ingest':
        ingest, _ = modules()
        return lambda: ingest(work, osp.join(folder, 'answers.json'))
    if part == 'report':
        from mmpose_al.active_learning.report import write_report

        return lambda: write_report([osp.join(work, 'rounds')], osp.join(work, 'report'))
    if part == 'state':
        return lambda: rounds(pool, osp.join(work, 'state'))
    if part == 'query':
        return lambda: ask(pool, work)
    return lambda: choose(part, pool, work)


def ask(pool, work):
    """A query of 1,250 frames with what the network predicts."""
    from mmpose_al.active_learning.statistics import load_views

    units = pool.units[:: max(1, len(pool.units) * VIEWS // ANSWERS)][: ANSWERS // VIEWS].tolist()
    views = load_views(scores_of((), work))
    annotator_of(work, pool).ask(1, units, [1.0] * len(units), views)


def choose(name, pool, work):
    """A strategy chooses."""
    from mmpose_al.active_learning import PoolStatistics
    from mmpose_al.active_learning.statistics import load_views

    strategy = strategy_of(name)
    views = load_views(scores_of(strategy.needs, work))
    labeled = np.random.RandomState(1).rand(len(pool.units)) < 0.1
    given = dict(sequences=pool.sequences, times=pool.times)
    return strategy.select(PoolStatistics(views, pool.units, labeled, **given), PICKS)


def serve(folder, work, limit):
    """Steps that the standard input names, each in a process of its own that is forked."""
    import torch

    import mmpose_al.active_learning.report
    import mmpose_al.active_learning.strategies  # noqa: F401

    torch.set_num_threads(1)
    modules()
    forked(lambda: prepare(folder, work), limit)
    pool = None
    for line in sys.stdin:
        part = line.strip()
        if pool is None and part not in WITHOUT_POOL:
            pool = read(folder)
        if part in STRATEGIES:
            forked(lambda: make_scores(part, folder, work), limit)
        print(forked(lambda: measure(ready(part, folder, work, pool)), limit), flush=True)


def forked(action, limit):
    """What an action returns in a process of its own, as JSON; null where it failed."""
    sys.stdout.flush()
    reader, writer = os.pipe()
    process = os.fork()
    if not process:
        signal.alarm(limit)
        status = 1
        try:
            os.write(writer, json.dumps(action()).encode())
            status = 0
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader) as file:
        text = file.read()
    os.waitpid(process, 0)
    return text or 'null'


def measure(action):
    """Seconds and memory of a step in this process."""
    start, wall, cpu = peak(), time.perf_counter(), time.process_time()
    action()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return dict(cpu=round(cpu, 2), wall=round(wall, 2), gb=peak(), start_gb=start)


def peak():
    """Largest memory of this process until now, GB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)


# ---- all of it -------------------------------------------------------------------------


def make_files(folder, frames):
    """The pool, 5,000 answers, and what of the scores depends on the pool."""
    from benchmarks.ingest import make_answers, make_pool
    from mmpose_al.fileio import read_json, write_arrays

    os.makedirs(folder)
    path, pixels = make_pool(folder, frames * VIEWS, views=VIEWS)
    make_answers(
        osp.join(folder, 'answers.json'), path, pixels, list(range(min(ANSWERS, frames * VIEWS)))
    )
    numbers = np.arange(frames * VIEWS)
    frame, camera = numbers // VIEWS, numbers % VIEWS
    cameras = read_json(path)['cameras']
    values = {k: np.array([c[k] for c in cameras], np.float64)[camera] for k in 'KRt'}
    ids = dict(id=numbers, image_id=numbers, unit=frame, frame_id=frame, camera_id=camera)
    write_arrays(
        osp.join(folder, 'columns.npz'),
        **ids,
        person_id=np.zeros_like(numbers),
        keypoints=pixels.astype(np.float32),
        diagonal=np.full(len(numbers), 2203.0, np.float32),
        box_side=np.full(len(numbers), 600.0, np.float32),
        dist=np.zeros((len(numbers), 14)),
        **values,
    )


def server(source, words):
    """A process with the package of a folder that waits for names of steps."""
    return subprocess.Popen(
        [sys.executable, osp.abspath(__file__), '--serve', *words],
        cwd=source,
        env=dict(os.environ, PYTHONPATH=source, OMP_NUM_THREADS='1'),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def told(process, part):
    """What a step took; None where it failed or took too long."""
    process.stdin.write(f'{part}\n')
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def run_all(sizes, sources, parts, folder, limit):
    """Rows: a step, a version and a size each."""
    from mmpose_al.fileio import machine

    rows, slow, processor = [], set(), machine(gpu=False)
    for frames in sizes:
        files = osp.join(folder, str(frames))
        if not osp.exists(files):
            make_files(files, frames)
        servers = {}
        for name, source in sources.items():
            shutil.rmtree(osp.join(files, name), ignore_errors=True)
            os.makedirs(osp.join(files, name))
            servers[name] = server(source, [files, osp.join(files, name), str(limit)])
        for part in sorted(parts, key=PARTS.index):  # those without the pool's memory first
            for name, process in servers.items():
                if (part, name) in slow:
                    continue
                found = told(process, part)
                if found is None:
                    slow.add((part, name))
                rows.append(dict(part=part, version=name, frames=frames, **(found or {})))
                rows[-1].update(load_average=round(os.getloadavg()[0], 1), machine=processor)
                print(json.dumps(rows[-1]), flush=True)
        for process in servers.values():
            process.communicate()
    return rows


def merged(old, new):
    """A result with the rows of a later run in the place of its own of the same step and size."""

    def place(row):
        return PARTS.index(row['part']), row['frames'], row['version'] == 'now'

    kept = {place(row): dict(dict(machine=old['machine']), **row) for row in old['rows']}
    kept.update({place(row): row for row in new['rows']})
    rows = [kept[each] for each in sorted(kept)]
    command = f'{old["command"]}; then {new["command"]}'
    return dict(command=command, machine=new['machine'], rows=rows, law=laws(rows))


def laws(rows):
    """Exponents of the growth of each step, and what ten times as many frames would cost."""
    found = {}
    for part, version in dict.fromkeys((row['part'], row['version']) for row in rows):
        own = [r for r in rows if (r['part'], r['version']) == (part, version) and 'cpu' in r]
        if len(own) < 2:
            continue
        first, last = own[-2:]
        ratio = np.log(last['frames'] / first['frames'])
        power = np.log(max(last['cpu'], 0.01) / max(first['cpu'], 0.01)) / ratio
        slope = (last['gb'] - first['gb']) / (last['frames'] - first['frames'])
        found[f'{part} {version}'] = dict(
            exponent=round(float(power), 2),
            estimated=dict(
                frames=10 * last['frames'],
                cpu=round(float(last['cpu'] * 10 ** max(power, 1)), 1),
                gb=round(float(last['gb'] + 9 * last['frames'] * max(slope, 0)), 1),
            ),
        )
    return found


NAMES = dict(
    load='read the file',
    ingest='`ingest` of 5,000 answers',
    report='`report`',
    query='a query of 1,250 frames',
    state='the state of 100 rounds',
)


def table(result):
    """The rows as Markdown: before and now at each size, and the law."""
    rows, laws = result['rows'], result['law']
    sizes = sorted({row['frames'] for row in rows})
    ends = {law['estimated']['frames'] for law in laws.values()}
    head = ['step', *(f'{size:,} frames' for size in sizes), 'law']
    head += [f'{end:,}, estimated' for end in sorted(ends)]
    lines = ['| ' + ' | '.join(head) + ' |', '|' + ' --- |' * len(head)]
    for part in dict.fromkeys(row['part'] for row in rows):
        cells = [NAMES.get(part, f'`{part}`')]
        for size in sizes:
            found = {
                row['version']: row for row in rows if (row['part'], row['frames']) == (part, size)
            }
            cells.append(cell([found.get(version) for version in ('before', 'now')]))
        law = laws.get(f'{part} now')
        cells.append(f'{law["exponent"]:.1f}' if law else '')
        for end in sorted(ends):
            own = law and law['estimated']
            fits = own and own['frames'] == end
            cells.append(f'{own["cpu"]:.0f} s, {own["gb"]:.0f} GB' if fits else '')
        lines.append('| ' + ' | '.join(cells) + ' |')
    loads = [row['load_average'] for row in rows]
    machines = dict.fromkeys(row.get('machine', result['machine']) for row in rows)
    lines.append(
        f'\nProcessor seconds and peak memory, before → now. {", ".join(machines)}; load '
        f'{min(loads):g} to {max(loads):g}.'
    )
    return '\n'.join(lines)


def cell(versions):
    """Seconds and memory of a step, before and now, of those that were measured."""
    done = [row for row in versions if row and 'cpu' in row]
    if not done:
        return ''
    cpu = ' → '.join(f'{row["cpu"]:.1f}' for row in done)
    return f'{cpu} s, ' + ' → '.join(f'{row["gb"]:.1f}' for row in done) + ' GB'


def main():
    parser = argparse.ArgumentParser(description=inspect.getdoc(sys.modules[__name__]))
    parser.add_argument('--frames', type=int, nargs='+', default=[10_000, 100_000])
    parser.add_argument('--against', help='a checkout of an earlier commit')
    parser.add_argument('--parts', nargs='+', choices=PARTS, default=PARTS)
    parser.add_argument('--limit', type=int, default=900, help='seconds of a step')
    parser.add_argument('--folder', default='work_dirs/growth', help='for files')
    parser.add_argument('--serve', nargs=3, help=argparse.SUPPRESS)
    parser.add_argument('--out', help='write the result to this JSON file')
    parser.add_argument('--merge', action='store_true', help='keep what --out holds of others')
    parser.add_argument('--write', metavar='PAGE', help='put the table of --out into this page')
    args = parser.parse_args()
    if args.write:
        from mmpose_al.analysis.results_table import write_table
        from mmpose_al.fileio import read_json

        write_table(args.write, 'growth', table(read_json(args.out)))
        return
    if args.serve:
        folder, work, limit = args.serve
        serve(folder, work, int(limit))
        return
    from benchmarks import ROOT
    from mmpose_al.fileio import machine, read_json, write_json

    sources = dict(before=osp.abspath(args.against)) if args.against else {}
    sources['now'] = ROOT
    rows = run_all(args.frames, sources, args.parts, osp.abspath(args.folder), args.limit)
    result = dict(
        command='OMP_NUM_THREADS=1 python -m benchmarks.growth --frames '
        + ' '.join(map(str, args.frames))
        + (' --parts ' + ' '.join(args.parts)) * (args.parts != PARTS)
        + ' --against BEFORE' * bool(args.against),
        machine=machine(gpu=False),
        rows=rows,
        law=laws(rows),
    )
    if args.out:
        write_json(
            args.out, merged(read_json(args.out), result) if args.merge else result, indent=2
        )


if __name__ == '__main__':
    main()
