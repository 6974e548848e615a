"""How the work of a round grows with the pool, before and after, in turns in one run.

    OMP_NUM_THREADS=1 python -m benchmarks.growth [--frames 1000 10000] [--now 100000] [--out FILE]

A pool of frames of eight calibrated views, one person of 17 joints in each:

- ``load``: reading its file.
- ``state``: an experiment that labels all frames in 100 rounds of five stages. Before, the state
  was written whole after every stage; now each stage adds a line.
- ``spacing``: the rule ``min_spacing`` with half of the frames labelled. Before, every labelled
  frame was compared with all frames.
- ``poses``, ``features``: CoreSet over 3D poses, and over features of 512 numbers, with a tenth
  labelled, 100 picks. Before, every frame met every labelled one. The picks are the same.

What counts is the processor time: other work on the machine stretches the wall-clock time. The
law is the exponent between the sizes: 1 is linear, 2 quadratic. Pools of ``--now`` have no file and
only the versions of now.
"""

import argparse
import json
import os
import os.path as osp
import resource
import shutil
import time
from types import SimpleNamespace

os.environ.setdefault('OMP_NUM_THREADS', '1')

import numpy as np

from benchmarks.ingest import VIEWS, make_pool
from mmpose_al.active_learning.k_center import Farthest
from mmpose_al.active_learning.pool import load_pool
from mmpose_al.active_learning.state import new_state
from mmpose_al.active_learning.strategies import Constraints, KCenter, core_set
from mmpose_al.fileio import machine, make_folder, write_json

ROUNDS, PICKS, FEATURES = 100, 100, 512
STAGES = ('annotate', 'train', 'score', 'select', 'pseudo')


class Given(KCenter):
    """k-centre over what is given."""

    def describe(self, pool):
        return pool.points


def seconds(action):
    """Processor seconds, and what came out."""
    start = time.process_time()
    result = action()
    return round(time.process_time() - start, 3), result


def rounds(pool, folder, whole):
    """A hundred rounds; ``whole``: the state is written anew after every stage."""
    state = new_state(folder, pool, 'digest', 0)
    state.write()
    each = len(pool.units) // ROUNDS
    for number in range(ROUNDS):
        ids = pool.units[number * each : (number + 1) * each].tolist()
        state.add_labels(number, ids, 'somebody')
        for stage in STAGES:
            result = dict(ids=ids, utilities=[1.0] * each) if stage == 'select' else {}
            if whole:
                state.note(number, stage, result)
                write_json(state.path, state.content)
            else:
                state.finish(number, stage, result)
    return len(state.labeled())


def spaced(pool, whole):
    """Which frames are free; ``whole``: each labelled one against all."""
    if not whole:
        return Constraints(pool, min_spacing=2).free
    free = ~pool.labeled
    for index in np.flatnonzero(pool.labeled).tolist():
        same = pool.sequences == pool.sequences[index]
        free &= ~(same & (np.abs(pool.times - pool.times[index]) < 2))
    return free


def picked(points, whole):
    """Picks of a k-centre; ``whole``: every frame meets every labelled one first."""

    def meet_all(cover, allowed, centers):
        cover.add_many(centers)
        return Farthest(cover, allowed)

    num = len(points)
    labeled = np.isin(np.arange(num), np.random.RandomState(1).permutation(num)[: num // 10])
    pool = SimpleNamespace(
        points=points,
        units=np.arange(num),
        labeled=labeled,
        sequences=np.zeros(num, int),
        times=np.arange(num),
    )
    start, core_set.start_from = core_set.start_from, meet_all if whole else core_set.start_from
    try:
        return Given().pick(pool, PICKS, Constraints(pool))
    finally:
        core_set.start_from = start


def measure(frames, folder, now):
    """Processor seconds of each part, before and after; ``now``: after alone, without a file."""
    make_folder(folder)
    rng = np.random.RandomState(0)
    found = dict(frames=frames)
    pool = SimpleNamespace(path='pool.json', sha256='0', unit='frames', units=np.arange(frames))
    if not now:
        path, _ = make_pool(folder, frames * VIEWS)
        found['load'], pool = seconds(lambda: load_pool(path, 'frames'))
    spacing = SimpleNamespace(
        labeled=rng.rand(frames) < 0.5,
        sequences=rng.randint(0, 20, frames),
        times=rng.permutation(frames).astype(float),
    )
    poses = rng.normal(0, 300, (frames, 17, 3))
    features = np.maximum(rng.normal(0, 1, (frames, 1, FEATURES)), 0)
    parts = dict(
        state=lambda whole: rounds(pool, osp.join(folder, f'state{whole}'), whole),
        spacing=lambda whole: spaced(spacing, whole).tolist(),
        poses=lambda whole: picked(poses, whole),
        features=lambda whole: picked(features, whole),
    )
    for name, part in parts.items():
        found[name] = {}
        if not now:
            found[name]['before'], first = seconds(lambda part=part: part(True))
        found[name]['after'], second = seconds(lambda part=part: part(False))
        assert now or first == second, name
    shutil.rmtree(folder)
    found['peak_gb'] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)
    return found


def law(first, last):
    """Exponent of the growth between two rows, of each part."""
    ratio = np.log(last['frames'] / first['frames'])
    exponents = {'load': np.log(last['load'] / max(first['load'], 1e-3)) / ratio}
    for name in ('state', 'spacing', 'poses', 'features'):
        for when in ('before', 'after'):
            gain = max(last[name][when], 1e-3) / max(first[name][when], 1e-3)
            exponents[f'{name} {when}'] = np.log(gain) / ratio
    return {name: round(float(value), 2) for name, value in exponents.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--frames', type=int, nargs='+', default=[1000, 10_000])
    parser.add_argument('--now', type=int, nargs='*', default=[], help='only as it is now')
    parser.add_argument('--folder', default='work_dirs/growth', help='for files; removed again')
    parser.add_argument('--out', help='write the result to this JSON file')
    args = parser.parse_args()
    rows = [measure(frames, args.folder, False) for frames in args.frames]
    more = [measure(frames, args.folder, True) for frames in args.now]
    result = dict(
        command='OMP_NUM_THREADS=1 python -m benchmarks.growth --now 100000',
        machine=machine(gpu=False),
        load_average=[round(each, 1) for each in os.getloadavg()],
        cpu_seconds=rows + more,
        law=law(rows[0], rows[-1]) if len(rows) > 1 else None,
    )
    print(json.dumps(result, indent=2))
    if args.out:
        write_json(args.out, result, indent=2)


if __name__ == '__main__':
    main()
