"""How long people wait for ``ingest`` and ``status``: 1,000 and 10,000 answers.

    OMP_NUM_THREADS=1 python -m benchmarks.ingest [--sizes 1000 10000] [--out FILE]

A pool of frames of eight calibrated views, one person of 17 joints in each, and a query for
all of them. The answers are the true pixels with one pixel of noise, as COCO keypoints
without the query's note. They are taken in one file; then in ten files of a tenth each, of
which the last one is timed, so what is there already counts; then half of the views have no
camera (``single views``). ``status`` is timed when all is answered.

Each command is a process of its own, as people start it; what counts is its processor time,
user and system. Ten times as many answers should take about ten times as long, less what
every start costs (``start``: the same commands for 80 answers).
"""

import argparse
import json
import os
import os.path as osp
import resource
import subprocess
import sys
import tempfile

os.environ.setdefault('OMP_NUM_THREADS', '1')
import numpy as np
import torch

from benchmarks import ROOT
from benchmarks.triangulate import make_rig
from mmpose_al.active_learning.annotators import FileAnnotator
from mmpose_al.active_learning.pool import load_pool
from mmpose_al.active_learning.state import new_state
from mmpose_al.fileio import machine, read_json, write_json
from mmpose_al.geometry.cameras import project

VIEWS, JOINTS = 8, 17
SIZE = (1920, 1080)


def make_pool(folder, answers, single=False, seed=0, views=VIEWS):
    """Write a pool; gives its path and the pixels of each annotation, (N, 17, 2)."""
    rng, frames = np.random.RandomState(seed), answers // views
    K, R, t, _ = make_rig(views)
    points = torch.from_numpy(rng.normal(0, 300, (frames, 1, JOINTS, 3)) + [0, 0, 1000])
    pixels, _ = project(points.expand(-1, views, -1, -1), K, R, t)
    pixels = (pixels.numpy() + rng.normal(0, 1, pixels.shape)).reshape(-1, JOINTS, 2)
    pixels = np.clip(pixels, 1, np.array(SIZE) - 2)
    images, annotations = [], []
    for number, points in enumerate(pixels):
        image = dict(id=number, file_name=f'{number:06d}.png', frame_id=number // views)
        if not (single and number % 2):
            image['camera_id'] = number % views
        images.append(dict(image, width=SIZE[0], height=SIZE[1]))
        box = [*points.min(0).tolist(), *np.ptp(points, 0).tolist()]
        person = dict(id=number, image_id=number, person_id=0, category_id=1, iscrowd=0)
        empty = dict(keypoints=[0] * (3 * JOINTS), num_keypoints=0)
        annotations.append(dict(person, bbox=box, area=1.0, **empty))
    cameras = [
        dict(id=v, name=f'cam{v}', width=SIZE[0], height=SIZE[1], dist=[]) for v in range(views)
    ]
    for camera, *values in zip(cameras, K, R, t):
        camera.update({k: v.tolist() for k, v in zip('KRt', values)})
    names, limbs = [f'joint{k}' for k in range(JOINTS)], [[k, k + 1] for k in range(1, JOINTS)]
    path = osp.join(folder, 'pool.json')
    write_json(
        path,
        dict(
            info=dict(format='mmpose_al-multiview', version=1, world_unit='mm'),
            categories=[dict(id=1, name='person', keypoints=names, skeleton=limbs)],
            cameras=cameras,
            frames=[dict(id=f, sequence='s', index=f) for f in range(frames)],
            images=images,
            annotations=annotations,
            poses_3d=[],
        ),
        None,
    )
    return path, pixels


def make_answers(path, pool, pixels, numbers):
    """Answers of some persons, as a tool writes them that has numbered everything anew."""
    content = read_json(pool)
    chosen = set(numbers)
    points = np.concatenate([pixels + 0.5, np.full(pixels.shape[:2] + (1,), 2.0)], -1)
    annotations = [
        dict(id=i, image_id=i, category_id=1, keypoints=points[i].ravel().tolist()) for i in numbers
    ]
    images = [i for i in content['images'] if i['id'] in chosen]
    categories = content['categories']
    write_json(path, dict(images=images, annotations=annotations, categories=categories), None)


def run(*words):
    """Seconds of the processor that a command takes, and what it said last."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, '-m', 'mmpose_al', *words]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 3):
        raise SystemExit(f'{" ".join(command)} failed')
    return round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 2)


def measure(answers, single=False):
    """Processor seconds of each command for so many answers."""
    with tempfile.TemporaryDirectory() as folder:
        path, pixels = make_pool(folder, answers, single)
        numbers = list(range(answers))
        files = [osp.join(folder, f'{name}.json') for name in ('all', *range(10))]
        make_answers(files[0], path, pixels, numbers)
        for place, file in enumerate(files[1:]):
            make_answers(file, path, pixels, numbers[place::10])
        pool, found = load_pool(path, 'frames'), dict(answers=answers, single_views=single)
        for name in ('one_file', 'ten_files'):
            work = osp.join(folder, name)
            annotator = FileAnnotator(['coco'], images='none')
            annotator.open(work, pool)
            annotator.ask(0, pool.units.tolist(), [1.0] * len(pool.units))
            new_state(work, pool, 'digest', 0).write()
            if name == 'one_file':
                found['ingest'] = run('ingest', work, files[0])
                found['status'] = run('status', work)
            else:
                found['last_of_ten_files'] = [run('ingest', work, f) for f in files[1:]][-1]
        return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--sizes', type=int, nargs='+', default=[1000, 10_000])
    parser.add_argument('--out', help='write the result to this JSON file')
    args = parser.parse_args()
    rows = [measure(10 * VIEWS)]
    for size in args.sizes:
        rows += [measure(size), measure(size, single=True)]
    result = dict(
        command='OMP_NUM_THREADS=1 python -m benchmarks.ingest',
        machine=machine(gpu=False),
        load_average=[round(each, 1) for each in os.getloadavg()],
        cpu_seconds=rows,
    )
    print(json.dumps(result, indent=2))
    if args.out:
        write_json(args.out, result, indent=2)


if __name__ == '__main__':
    main()
