"""CSV with a row a frame, in Anipose's columns: <joint>_x, _y, _z, _error, _ncams, _score.

``_error`` is the mean reprojection error of the views that agree, in pixels, ``_ncams`` their
number and ``_score`` their mean confidence. ``_status`` is ours.
"""

import csv

import numpy as np

from ...fileio import atomic
from ..poses_3d import UNIT, Poses3D

ENDING, HELP = '.3d.csv', "a table with Anipose's columns"
COLUMNS = ('x', 'y', 'z', 'error', 'ncams', 'score', 'status')


def write(path: str, poses: Poses3D) -> None:
    """Write the table; cells are empty where there is no point."""
    joints, status = poses.views.skeleton.joints, poses.status()
    error, score, views = poses.error, poses.score, poses.num_views
    with atomic(path) as file:
        writer = csv.writer(file, lineterminator='\n')
        names = [f'{joint}_{column}' for joint in joints for column in COLUMNS]
        writer.writerow(['fnum', 'time', 'unit', *names])
        for frame in range(len(poses.points)):
            time = '' if poses.views.times is None else f'{poses.views.times[frame]:.6f}'
            row = [str(frame), time, UNIT]
            for joint in range(len(joints)):
                row += [number(v, 3) for v in poses.points[frame, joint]]
                row += [number(error[frame, joint], 3), str(views[frame, joint])]
                row += [number(score[frame, joint], 5), status[frame, joint]]
            writer.writerow(row)


def number(value: float, digits: int) -> str:
    """A number as text; empty where it is none."""
    return f'{value:.{digits}f}' if np.isfinite(value) else ''
