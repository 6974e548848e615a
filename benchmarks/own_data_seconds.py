"""Seconds from what people have to the first query and to the first prediction.

    OMP_NUM_THREADS=1 python -m benchmarks.own_data_seconds [--steps 30] [--out FILE]

The commands of docs/projects.md, each a process of its own, in a fresh folder, on
``../shared/data``: a DeepLabCut project and a rig's videos. Trainings are short: the seconds
are those of the commands around them, and of ``--steps`` steps.
"""

import argparse
import os
import os.path as osp
import subprocess
import sys
import tempfile
import time

import numpy as np

from benchmarks import ROOT
from mmpose_al.fileio import machine, read_arrays, read_json, write_json

SHARED = osp.join(ROOT, '..', 'shared', 'data')
KEYPOINTS = osp.join(SHARED, 'multiview', 'pose2sim_singleperson.npz')
OUT = osp.join(ROOT, 'benchmarks', 'results', 'own_data_seconds.json')


def ways(data, steps):
    """Name of a way -> (commands, what has to be there at its end)."""
    mouse, rig = osp.join(data, 'dlc_openfield'), osp.join(data, 'rig_pose2sim')
    of_steps = ['--cfg-options', f'train_cfg.max_iters={steps}']
    of_rounds = ['--cfg-options', f'train_cfg.round_cfg.max_iters={steps}']
    experiment = 'walk/work_dirs/experiment'
    aligned = ['--calibration-size', 'top-left']
    calibration = osp.join(rig, 'calibration', 'Calib.qca.txt')
    video = osp.join(mouse, 'videos')
    return {
        'DeepLabCut project, to 2,330 predicted frames': (
            [
                ['new', 'mouse', mouse],
                ['train', 'mouse/configs/supervised.py', *of_steps],
                ['predict', 'mouse', video, '--out', 'predictions'],
            ],
            'predictions/m3v1mp4.csv',
        ),
        'DeepLabCut project, to the first query': (
            [['new', 'asked', mouse], ['train', 'asked/configs/experiment.py', *of_rounds]],
            'asked/work_dirs/experiment/query',
        ),
        'rig, to the first query': (
            [['new', 'walk', rig, *aligned], ['train', 'walk/configs/experiment.py']],
            f'{experiment}/query/round_00',
        ),
        'from there with answers, to 3D of 4 x 100 frames': (
            [
                ['ingest', experiment, 'answers.json'],
                ['train', 'walk/configs/experiment.py', *of_rounds],
                ['predict', 'walk', osp.join(rig, 'videos'), '--out', 'walk3d']
                + ['--calibration', calibration, *aligned],
            ],
            'walk3d',
        ),
    }


def answer(folder, keypoints):
    """What people would write into the rig's query: a detector's keypoints of these frames.

    Args:
        folder (str): Where ``walk`` lies; gets ``answers.json``.
        keypoints (ndarray): (frames, views, K, 2), pixels, NaN where there is none.
    """
    pool = read_json(osp.join(folder, 'walk', 'pool.json'))
    query = read_json(
        osp.join(folder, 'walk/work_dirs/experiment/query/round_00/coco_keypoints.json')
    )
    frames = {frame['id']: frame['index'] for frame in pool['frames']}
    images = {image['id']: image for image in pool['images']}
    for entry in query['annotations']:
        image = images[entry['image_id']]
        points = keypoints[frames[image['frame_id']], image['camera_id'] - 1]
        size = [image['width'] - 1, image['height'] - 1]
        inside = np.isfinite(points).all(1) & (points > 0).all(1) & (points < size).all(1)
        known = np.c_[np.nan_to_num(points), np.full(len(points), 2)]
        entry['keypoints'] = np.where(inside[:, None], known, 0).ravel().tolist()
        entry['num_keypoints'] = int(inside.sum())
    write_json(osp.join(folder, 'answers.json'), query)


def measure(commands, target, folder):
    """Seconds of each command; the last one has to leave ``target``."""
    seconds = {}
    for words in commands:
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, '-m', 'mmpose_al', *words], cwd=folder, capture_output=True, text=True
        )
        seconds[words[0]] = round(time.perf_counter() - start, 1)
    if not osp.exists(osp.join(folder, target)):
        raise SystemExit(f'{words}: left no {target}\n{done.stdout[-2000:]}{done.stderr[-2000:]}')
    return seconds


def rows(result):
    """Lines of a Markdown table: whole seconds of each way and of its commands."""
    lines = []
    for name, seconds in result['seconds'].items():
        parts = ', '.join(f'`{command}` {value:.0f}' for command, value in seconds.items())
        lines.append(f'| {name} | {sum(seconds.values()):.0f} s | {parts} |')
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--steps', type=int, default=30, help='of each training')
    parser.add_argument('--out', default=OUT)
    args = parser.parse_args()
    os.environ['PYTHONPATH'] = ROOT
    result = dict(steps=args.steps, load=os.getloadavg()[0], machine=machine(), seconds={})
    with tempfile.TemporaryDirectory() as folder:
        for name, (commands, target) in ways(osp.abspath(SHARED), args.steps).items():
            if commands[0][0] == 'ingest':
                answer(folder, read_arrays(KEYPOINTS)['kpts_openpose'])
            result['seconds'][name] = measure(commands, target, folder)
            print(rows(result)[-1], flush=True)
    write_json(args.out, result)


if __name__ == '__main__':
    main()
