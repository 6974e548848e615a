"""Sheets of all views of a frame: predicted and true joints, and reprojections."""

from typing import List, Optional, Sequence, Tuple

import cv2
import numpy as np

from ..fileio import write_image
from .overlays import PREDICTED_COLOR, TRUE_COLOR, draw_skeleton, fit_height, scaled

REPROJECTED_COLOR = (255, 140, 0)
OUTLIER_COLOR = (255, 0, 255)
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_BAR = 20  # pixels of a line of text


def draw_views(
    images: Sequence[np.ndarray],
    names: Sequence[str],
    skeleton: Sequence[Tuple[int, int]],
    out_file: str,
    true: Optional[np.ndarray] = None,
    predicted: Optional[np.ndarray] = None,
    reprojected: Optional[np.ndarray] = None,
    inliers: Optional[np.ndarray] = None,
    boxes: Optional[np.ndarray] = None,
    columns: Optional[int] = None,
    height: int = 320,
) -> None:
    """Write the V views of one person in one frame as one picture.

    True skeletons are green, predicted ones red, reprojections blue crosses;
    predictions that robust triangulation rejected have magenta squares. Above each
    view stands the prediction's mean distance in pixels to what is true and to the
    reprojection.

    Args:
        images (list): V images (h, w, 3), uint8, BGR.
        names (list): Of the V cameras.
        skeleton (list): Pairs of joint indices.
        out_file (str): The picture to write.
        true, predicted, reprojected (np.ndarray, optional): (V, K, 2) pixels of the
            images, NaN where unknown.
        inliers (np.ndarray, optional): (V, K) bool.
        boxes (np.ndarray, optional): (V, 4), x1, y1, x2, y2: show only this part.
        columns (int, optional): Views side by side; by default as many as rows.
        height (int): Of a view in the picture, in pixels.

    Raises:
        ValueError: Arrays of other than V views, or an unwritable file.
    """
    for name, values in (
        ('names', names),
        ('true', true),
        ('predicted', predicted),
        ('reprojected', reprojected),
        ('inliers', inliers),
        ('boxes', boxes),
    ):
        if values is not None and len(values) != len(images):
            raise ValueError(f'{name} has {len(values)} entries for {len(images)} views')
    cells = []
    for index, image in enumerate(images):
        points = [
            None if p is None else np.asarray(p[index], float)
            for p in (true, predicted, reprojected)
        ]
        title = names[index] + _distances(*points)
        origin = np.zeros(2)
        if boxes is not None:
            image, origin = crop(image, boxes[index])
        cell, scale = fit_height(image, height)
        on_cell = [None if p is None else scaled(p - origin, scale) for p in points]
        _draw(cell, *on_cell, None if inliers is None else inliers[index], skeleton)
        cells.append(_under_title(cell, title))
    columns = columns or int(np.ceil(np.sqrt(len(cells))))
    sheet = grid(cells, columns)
    parts = [
        ('true', TRUE_COLOR, true),
        ('predicted', PREDICTED_COLOR, predicted),
        ('x reprojected', REPROJECTED_COLOR, reprojected),
        ('[ ] outlier', OUTLIER_COLOR, inliers),
    ]
    write_image(out_file, np.concatenate([_legend(sheet.shape[1], parts), sheet]))


def crop(image: np.ndarray, box: Sequence[float]) -> Tuple[np.ndarray, np.ndarray]:
    """The part of an image in a box x1, y1, x2, y2, and the part's origin (x, y).

    What lies outside the image is cut off; at least one pixel is left.
    """
    height, width = image.shape[:2]
    x1, x2 = np.clip([np.floor(box[0]), np.ceil(box[2])], 0, width - 1).astype(int)
    y1, y2 = np.clip([np.floor(box[1]), np.ceil(box[3])], 0, height - 1).astype(int)
    return image[y1 : y2 + 1, x1 : x2 + 1], np.array([x1, y1], float)


def grid(cells: List[np.ndarray], columns: int) -> np.ndarray:
    """Cells of any sizes in rows of ``columns``, on white."""
    height = max(cell.shape[0] for cell in cells)
    width = max(cell.shape[1] for cell in cells)
    rows = -(-len(cells) // columns)
    sheet = np.full((rows * height, columns * width, 3), 255, np.uint8)
    for index, cell in enumerate(cells):
        top, left = index // columns * height, index % columns * width
        sheet[top : top + cell.shape[0], left : left + cell.shape[1]] = cell
    return sheet


def _draw(cell: np.ndarray, true, predicted, reprojected, inliers, skeleton) -> None:
    for points, color in ((true, TRUE_COLOR), (predicted, PREDICTED_COLOR)):
        if points is not None:
            draw_skeleton(cell, points, np.ones(len(points)), skeleton, color)
    if reprojected is not None:
        _mark(cell, reprojected, REPROJECTED_COLOR, cv2.MARKER_TILTED_CROSS, 7)
    if inliers is not None and predicted is not None:
        rejected = predicted[~np.asarray(inliers, bool)]
        _mark(cell, rejected, OUTLIER_COLOR, cv2.MARKER_SQUARE, 11)


def _mark(cell: np.ndarray, points: np.ndarray, color, marker: int, size: int) -> None:
    limit = 10 * max(cell.shape)
    for x, y in points[np.isfinite(points).all(1)].clip(-limit, limit):
        cv2.drawMarker(cell, (round(x), round(y)), color, marker, size, 1, cv2.LINE_AA)


def _distances(true, predicted, reprojected) -> str:
    """Mean distances of the prediction, as text."""
    text = ''
    for name, points in (('true', true), ('reproj.', reprojected)):
        if points is not None and predicted is not None:
            distance = np.linalg.norm(points - predicted, axis=-1)
            distance = distance[np.isfinite(distance)]
            if len(distance):
                text += f'  {name} {distance.mean():.1f} px'
    return text


def _under_title(cell: np.ndarray, title: str) -> np.ndarray:
    """The cell below its title, on white wide enough for both, with a small margin."""
    width = max(cell.shape[1], 8 + cv2.getTextSize(title, _FONT, 0.42, 1)[0][0])
    sheet = np.full((_BAR + cell.shape[0] + 4, width + 4, 3), 255, np.uint8)
    cv2.putText(sheet, title, (4, _BAR - 6), _FONT, 0.42, (0, 0, 0), 1, cv2.LINE_AA)
    sheet[_BAR : _BAR + cell.shape[0], : cell.shape[1]] = cell
    return sheet


def _legend(width: int, parts) -> np.ndarray:
    bar = np.full((_BAR, width, 3), 255, np.uint8)
    left = 4
    for text, color, shown in parts:
        if shown is not None:
            cv2.putText(bar, text, (left, _BAR - 6), _FONT, 0.45, color, 1, cv2.LINE_AA)
            left += cv2.getTextSize(text, _FONT, 0.45, 1)[0][0] + 14
    return bar
