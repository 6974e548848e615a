"""CSV with DeepLabCut's header rows: scorer, (individuals,) bodyparts, coords.

A row is a frame: its number in a video, or the name of its image. x and y are pixels,
likelihood is the confidence. Cells are empty where there is no prediction. Frames that show
several bodies have the second header row, as DeepLabCut's multi-animal files.
"""

import csv
from typing import List

from ...fileio import atomic
from ..predictions import Predictions

ENDING, HELP = '.csv', "a table with DeepLabCut's header rows"
COORDS = ('x', 'y', 'likelihood')


def write(path: str, predictions: Predictions) -> None:
    """Write the table."""
    table = predictions.table()
    with atomic(path) as file:
        writer = csv.writer(file, lineterminator='\n')
        writer.writerows(header(predictions))
        for frame, row in zip(predictions.frames, table.reshape(len(table), -1)):
            label = str(frame.number) if predictions.is_video else frame.name
            writer.writerow([label, *('' if v != v else f'{v:.10g}' for v in row)])


def header(predictions: Predictions) -> List[List[str]]:
    """The header rows, the first cell of each its name."""
    joints, persons = predictions.skeleton.joints, predictions.persons
    cells = [
        (f'individual{person + 1}', joint, coord)
        for person in range(persons)
        for joint in joints
        for coord in COORDS
    ]
    rows = [['scorer', *[predictions.scorer] * len(cells)]]
    if persons > 1:
        rows.append(['individuals', *[cell[0] for cell in cells]])
    rows.append(['bodyparts', *[cell[1] for cell in cells]])
    rows.append(['coords', *[cell[2] for cell in cells]])
    return rows
