"""CSV with a row a frame: number, time, unit, and of each keypoint what is known of it.

``_x``, ``_y`` and ``_z`` are the point, ``_error`` the mean reprojection error of the views
that agree, in pixels, ``_ncams`` their number, ``_score`` their mean confidence, and
``_status`` what became of the keypoint. Names are Anipose's where it has one.
"""

import csv
from typing import List

import numpy as np

from ...fileio import atomic
from ..poses_3d import UNIT, Poses3D

ENDING, HELP = '.3d.csv', 'a table with errors, numbers of views and status'
COLUMNS = ('x', 'y', 'z', 'error', 'ncams', 'score', 'status')


def write(path: str, poses: Poses3D) -> None:
    """Write the table; cells are empty where there is no point."""
    joints, status = poses.views.skeleton.joints, poses.status()
    cells = cells_of(poses)
    with atomic(path) as file:
        writer = csv.writer(file, lineterminator='\n')
        names = [f'{joint}_{column}' for joint in joints for column in COLUMNS]
        writer.writerow(['fnum', 'time', 'unit', *names])
        for frame in range(len(poses.points)):
            time = '' if poses.views.times is None else f'{poses.views.times[frame]:.6f}'
            row = [str(frame), time, UNIT]
            for joint in range(len(joints)):
                row += [*cells[frame][joint], status[frame, joint]]
            writer.writerow(row)


def cells_of(poses: Poses3D) -> List[List[List[str]]]:
    """x, y, z, error, number of views and score of each keypoint of each frame, as text."""
    error, score, views = poses.error, poses.score, poses.num_views
    return [
        [
            [
                *(number(v, 3) for v in poses.points[frame, joint]),
                number(error[frame, joint], 3),
                str(views[frame, joint]),
                number(score[frame, joint], 5),
            ]
            for joint in range(poses.points.shape[1])
        ]
        for frame in range(len(poses.points))
    ]


def number(value: float, digits: int) -> str:
    """A number as text; empty where it is none."""
    return f'{value:.{digits}f}' if np.isfinite(value) else ''
