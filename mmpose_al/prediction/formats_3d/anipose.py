"""CSV with exactly Anipose's columns, for its own tools and for ``movement``.

A frame's ``M`` and ``center``, by which Anipose turns and shifts points, are the identity and 0:
points are in the calibration's world, in millimetres.
"""

import csv

from ...fileio import atomic
from ..poses_3d import Poses3D
from .table import cells_of

ENDING, HELP = '.anipose.csv', "a table with Anipose's columns"
COLUMNS = ('x', 'y', 'z', 'error', 'ncams', 'score')
TURN = {f'M_{row}{column}': str(float(row == column)) for row in range(3) for column in range(3)}
SHIFT = {f'center_{axis}': '0.0' for axis in range(3)}


def write(path: str, poses: Poses3D) -> None:
    """Write the table; cells are empty where there is no point."""
    names = [f'{joint}_{column}' for joint in poses.views.skeleton.joints for column in COLUMNS]
    with atomic(path) as file:
        writer = csv.writer(file, lineterminator='\n')
        writer.writerow([*names, *TURN, *SHIFT, 'fnum'])
        for frame, cells in enumerate(cells_of(poses)):
            row = [cell for joint in cells for cell in joint]
            writer.writerow([*row, *TURN.values(), *SHIFT.values(), str(frame)])
