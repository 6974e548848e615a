"""Whether joints that jump in time are wrong: jumps against reprojection errors of a rig.

    python -m benchmarks.temporal_jump pose2sim_singleperson.npz [--write docs/studies/PAGE.md]

The file has four calibrated views of 100 frames, and 2D joints of two detectors (Pose2Sim,
BSD-3): ``kpts_NAME`` (F, V, K, 2), ``score_NAME`` (F, V, K), ``K``, ``R_refined``,
``t_refined``, ``dist``. A jump is the distance of a joint to the line between the frames before
and after (the strategy ``TemporalJump``); an error is its distance to the reprojection of what
the views agree on. It leaves ``benchmarks/results/temporal_jump.json``.
"""

import argparse
import os.path as osp
from typing import Dict

import numpy as np

from benchmarks import ROOT
from mmpose_al.active_learning.strategies.temporal_jump import temporal_jumps
from mmpose_al.analysis.active_learning_table import table as markdown
from mmpose_al.analysis.results_table import write_table
from mmpose_al.fileio import machine, read_arrays, write_json

RESULT = osp.join(ROOT, 'benchmarks', 'results', 'temporal_jump.json')
DETECTORS = ('openpose', 'mediapipe')
THRESHOLD = 20.0  # pixels: a joint with a larger error is an outlier
SHARE = 0.1  # of joints, and of frames, with the largest jumps


def reprojection_errors(pixels: np.ndarray, scores: np.ndarray, rig: dict) -> np.ndarray:
    """Distance of each joint to what the views agree on, (F, V, K); NaN where they do not."""
    import torch

    from mmpose_al.geometry.consensus import consensus

    cameras = (
        torch.from_numpy(np.asarray(rig[name], float)).expand(len(pixels), *rig[name].shape)
        for name in ('K', 'R_refined', 't_refined', 'dist')
    )
    found = consensus(
        torch.from_numpy(pixels), *cameras, torch.from_numpy(scores), THRESHOLD, min_inliers=2
    )
    return found.errors.numpy()


def jumps_of(pixels: np.ndarray) -> np.ndarray:
    """Jumps (F, V, K) of joints (F, V, K, 2), camera by camera."""
    frames, views, joints = pixels.shape[:3]
    by_camera = pixels.transpose(1, 0, 2, 3).reshape(-1, joints, 2)
    camera = np.repeat(np.arange(views), frames)
    jumps = temporal_jumps(by_camera, np.tile(np.arange(frames), views), (camera,))
    return jumps.reshape(views, frames, joints).transpose(1, 0, 2)


def figures(jumps: np.ndarray, errors: np.ndarray) -> Dict[str, float]:
    """How jumps and errors (F, V, K) go together.

    Returns:
        dict: Numbers of joints and frames; shares of outliers among all joints and among those
        with the largest jumps; the mean error of all frames and of those with the largest mean
        jumps; the rank correlation of a frame's means.
    """
    from scipy.stats import spearmanr

    known = np.isfinite(jumps) & np.isfinite(errors)
    jump, outlier = jumps[known], errors[known] > THRESHOLD
    largest = jump >= np.quantile(jump, 1 - SHARE)
    count = known.sum((1, 2))
    there = count > 0
    frame_jump, frame_error = (
        np.where(known, each, 0).sum((1, 2))[there] / count[there] for each in (jumps, errors)
    )
    first = np.argsort(-frame_jump)[: max(round(SHARE * len(frame_jump)), 1)]
    return dict(
        joints=int(known.sum()),
        frames=int(there.sum()),
        outliers=float(outlier.mean()),
        outliers_of_jumps=float(outlier[largest].mean()),
        error=float(frame_error.mean()),
        error_of_jumps=float(frame_error[first].mean()),
        rank_correlation=float(spearmanr(frame_jump, frame_error)[0]),
    )


def table(content: dict) -> str:
    """The table of a page, a row a detector."""
    rows = [
        [
            name,
            str(each['joints']),
            f'{100 * each["outliers"]:.1f}',
            f'{100 * each["outliers_of_jumps"]:.1f}',
            f'{each["error"]:.1f}',
            f'{each["error_of_jumps"]:.1f}',
            f'{each["rank_correlation"]:.2f}',
        ]
        for name, each in content['rows'].items()
    ]
    head = ['detector', 'joints', 'outliers, %', 'of the largest jumps', 'error of a frame, px']
    head += ['of the largest jumps', 'rank correlation']
    return '\n\n'.join([markdown(head, rows), f'{content["machine"]}.'])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('data', help='the file')
    parser.add_argument('--out', default=RESULT)
    parser.add_argument('--write', metavar='PAGE', help='put the table into this page')
    args = parser.parse_args()
    rig, rows = read_arrays(args.data), {}
    for name in DETECTORS:
        pixels, scores = (np.asarray(rig[f'{kind}_{name}'], float) for kind in ('kpts', 'score'))
        pixels[~np.isfinite(pixels).all(-1) | ~(scores > 0)] = np.nan
        errors = reprojection_errors(pixels, np.nan_to_num(scores), rig)
        rows[name] = figures(jumps_of(pixels), errors)
    content = dict(rows=rows, command='python -m benchmarks.temporal_jump', machine=machine())
    write_json(args.out, content)
    print(table(content))
    if args.write:
        write_table(args.write, 'temporal_jump', table(content))


if __name__ == '__main__':
    main()
