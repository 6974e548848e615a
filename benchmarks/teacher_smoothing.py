"""What `mmpose-al pseudo-labels --smooth` does to a teacher's joints, by the speed of motion.

    python -m benchmarks.teacher_smoothing CHECKPOINT pose2sim_singleperson.npz
        [--write docs/studies/video.md]

CHECKPOINT is of the config below. It predicts in rendered sequences of 25 frames a second, which
are written below ``work_dirs``; every other frame, and every fifth, make slower videos of them.
The other file has 2D joints of two detectors in four calibrated views (Pose2Sim, BSD-3, see
``benchmarks/temporal_jump.py``); there the truth is what at least three views agree on. It leaves
``benchmarks/results/teacher_smoothing.json``.
"""

import argparse
import os.path as osp
from typing import Any, Dict, List, NamedTuple, Sequence

import numpy as np

from benchmarks import ROOT
from benchmarks.temporal_jump import DETECTORS, THRESHOLD
from mmpose_al.analysis.active_learning_table import table as markdown
from mmpose_al.analysis.results_table import write_table
from mmpose_al.fileio import machine, read_arrays, read_json, write_json
from mmpose_al.geometry.running_median import running_median

RESULT = osp.join(ROOT, 'benchmarks', 'results', 'teacher_smoothing.json')
CONFIG = 'configs/semi_supervised/synthetic/supervised_lite0_synthetic-64x64_4-frames.py'
DATA = osp.join(ROOT, 'work_dirs', 'benchmarks', 'teacher_smoothing')
FPS, STRIDES, RADII, WRONG = 25, (1, 2, 5), (1, 2, 4), 0.1
SPEEDS = ('slow third', 'middle', 'fast third')
SMOOTHED = 2  # whose share of wrong joints is told


class Track(NamedTuple):
    """A person in a camera over F frames.

    Attributes:
        found (ndarray): What a network says, (F, K, 2), pixels.
        scores (ndarray): How sure it is, (F, K).
        truth (ndarray): (F, K, 2), NaN where it is not known.
    """

    found: np.ndarray
    scores: np.ndarray
    truth: np.ndarray


def errors_and_speed(track: Track, stride: int, radius: int) -> Dict[str, np.ndarray]:
    """Errors of joints as they are and smoothed, and their speed, by the size of the person.

    Args:
        track (Track): All of its frames.
        stride (int): One frame of so many is taken.
        radius (int): Frames on either side.

    Returns:
        dict: ``plain``, ``smoothed`` and ``speed`` (a frame), (F / stride, K), in longer
        sides of the box around the true joints, their median over the frames; NaN where there
        is no truth before or after.
    """
    found, scores, truth = (each[::stride] for each in track)
    moved, _ = running_median(found, scores, np.arange(len(found)), radius)
    known = np.isfinite(truth)
    size = np.where(known, truth, -np.inf).max(1) - np.where(known, truth, np.inf).min(1)
    size = np.median(size.max(-1)[known.any((1, 2))])  # of a frame some joints may be unknown
    speed = np.full(scores.shape, np.nan)
    speed[1:-1] = np.linalg.norm(truth[2:] - truth[:-2], axis=-1) / 2
    judged = np.isfinite(speed) & np.isfinite(found).all(-1) & np.isfinite(truth).all(-1)
    values = dict(
        plain=np.linalg.norm(found - truth, axis=-1),
        smoothed=np.linalg.norm(moved - truth, axis=-1),
        speed=speed,
    )
    return {name: np.where(judged, each / size, np.nan) for name, each in values.items()}


def figures(tracks: Sequence[Track], stride: int) -> List[dict]:
    """Mean errors by thirds of the speed, and the shares of joints that are wrong."""
    by_radius = {}
    for radius in RADII:
        each = [errors_and_speed(track, stride, radius) for track in tracks]
        by_radius[radius] = {n: np.concatenate([one[n].ravel() for one in each]) for n in each[0]}
    speed, plain = (by_radius[SMOOTHED][name] for name in ('speed', 'plain'))
    known = np.isfinite(speed)
    edges = np.quantile(speed[known], [0, 1 / 3, 2 / 3, 1])
    rows = []
    for name, low, high in zip(SPEEDS, edges[:-1], edges[1:]):
        chosen = known & (speed >= low) & ((speed < high) | (high == edges[-1]))
        after = {str(radius): values['smoothed'][chosen] for radius, values in by_radius.items()}
        rows.append(
            dict(
                third=name,
                joints=int(chosen.sum()),
                speed=float(speed[chosen].mean()),
                plain=float(plain[chosen].mean()),
                smoothed={radius: float(values.mean()) for radius, values in after.items()},
                wrong=float((plain[chosen] > WRONG).mean()),
                wrong_smoothed=float((after[str(SMOOTHED)] > WRONG).mean()),
            )
        )
    return rows


def rendered_tracks(checkpoint: str) -> List[Track]:
    """What a network says of rendered sequences."""
    from mmengine.registry import init_default_scope

    from mmpose_al.apis.pose3d_inferencer import load_model
    from mmpose_al.apis.pseudo_labels import predict, tracks
    from mmpose_al.cli.launch import read_config
    from mmpose_al.synthetic import PRESETS, write_benchmark
    from mmpose_al.synthetic.benchmark import Split

    one = Split(1, 1, 1)
    splits = dict(train=one, val=Split(5, 10, 50), test=one)
    PRESETS['sequences'] = dict(PRESETS['small'], num_cameras=4, fps=float(FPS), **splits)
    write_benchmark(DATA, 'sequences', seed=7)
    config = read_config(osp.join(ROOT, CONFIG))
    init_default_scope('mmpose')
    from mmpose.registry import DATASETS

    dataset = DATASETS.build(dict(config.val_dataloader.dataset, data_root=DATA))
    model, _ = load_model(config, checkpoint, 'cpu')
    found, data = predict(model, dataset), read_json(osp.join(DATA, 'val.json'))
    known = {each['id']: np.reshape(each['keypoints'], (-1, 3)) for each in data['annotations']}
    made = []
    for track in tracks(data, found):
        places, scores = (np.stack(each) for each in zip(*(found[i] for i in track.values())))
        truth = np.stack([known[i] for i in track.values()])
        made.append(Track(places, scores, np.where(truth[..., 2:] > 0, truth[..., :2], np.nan)))
    return made


def rig_tracks(path: str, detector: str) -> List[Track]:
    """What a detector says of the four views of a real rig."""
    import torch

    from mmpose_al.geometry.consensus import consensus

    rig = read_arrays(path)
    pixels, scores = (np.asarray(rig[f'{kind}_{detector}'], float) for kind in ('kpts', 'score'))
    pixels[~np.isfinite(pixels).all(-1) | ~(scores > 0)] = np.nan
    scores = np.nan_to_num(scores) * np.isfinite(pixels).all(-1)
    cameras = (
        torch.from_numpy(np.asarray(rig[name], float)).expand(len(pixels), *rig[name].shape)
        for name in ('K', 'R_refined', 't_refined', 'dist')
    )
    agreed = consensus(
        torch.from_numpy(pixels), *cameras, torch.from_numpy(scores), THRESHOLD, min_inliers=3
    )
    truth = agreed.pixels.numpy()
    return [Track(pixels[:, v], scores[:, v], truth[:, v]) for v in range(pixels.shape[1])]


def table(content: dict) -> str:
    """The table of a page: a row a source, a rate and a third of the speed."""

    def percent(value: float) -> str:
        return f'{100 * value:.2f}'

    lines: List[List[str]] = []
    for row in content['rows']:
        for each in row['thirds']:
            after = [percent(each['smoothed'][str(radius)]) for radius in RADII]
            wrong = [f'{100 * each[name]:.1f}' for name in ('wrong', 'wrong_smoothed')]
            lines.append(
                [row['source'], row['rate'], each['third'], percent(each['speed'])]
                + [percent(each['plain']), *after, *wrong]
            )
    head = ['joints of', 'frames', 'speed', 'speed, a frame', 'error']
    head += [f'{radius} frame{"s" * (radius > 1)}' for radius in RADII]
    head += ['wrong', f'{SMOOTHED} frames']
    text = (
        'In percent of the longer side of the box around the true joints, the median of a '
        f'recording. Wrong are joints farther off than {100 * WRONG:g} %.'
    )
    return '\n\n'.join([markdown(head, lines), f'{text} {content["machine"]}.'])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('checkpoint', help=f'of {CONFIG}')
    parser.add_argument('rig', help='the file with joints of two detectors')
    parser.add_argument('--out', default=RESULT)
    parser.add_argument('--write', metavar='PAGE', help='put the table into this page')
    args = parser.parse_args()
    rows: List[Dict[str, Any]] = []
    rendered = rendered_tracks(args.checkpoint)
    for stride in STRIDES:
        rate = f'{FPS / stride:g} a second'
        rows.append(dict(source='a network, rendered', rate=rate, thirds=figures(rendered, stride)))
    for detector in DETECTORS:
        tracks = rig_tracks(args.rig, detector)
        for stride in STRIDES[:2]:
            rate = 'all' if stride == 1 else f'one in {stride}'
            rows.append(
                dict(source=f'{detector}, a rig', rate=rate, thirds=figures(tracks, stride))
            )
    content = dict(rows=rows, command='python -m benchmarks.teacher_smoothing', machine=machine())
    write_json(args.out, content)
    print(table(content))
    if args.write:
        write_table(args.write, 'teacher_smoothing', table(content))


if __name__ == '__main__':
    main()
