"""C3D, the files of motion capture, by the library ``c3d`` (extra ``labs``).

It is chosen over ``ezc3d`` because it is Python alone: one wheel for all systems and Pythons,
2 MB less, and writing points needs no more. Points are float32 millimetres; a point that is
not known has the residual -1, and the mask of cameras has a bit for each of the first seven
views that agree.
"""

import io
import warnings
from typing import Any

import numpy as np

from ...fileio import write_bytes
from ..poses_3d import UNIT, Poses3D

ENDING, HELP = '.c3d', "motion capture's binary files (extra labs)"
MASKED = 7  # cameras that the format has bits for
MOST = 65535  # frames, a 16-bit number


def write(path: str, poses: Poses3D) -> None:
    """Write the file.

    Raises:
        ImportError: The library is not installed.
        ValueError: There are more frames than the format can count.
    """
    c3d = library()
    if len(poses.points) > MOST:
        raise ValueError(
            f'{path}: C3D counts {MOST} frames at most, here are {len(poses.points)}; write '
            'another format, or parts of the recording'
        )
    rate = poses.views.fps or 1.0
    writer = c3d.Writer(point_rate=rate, point_scale=-1.0, point_units=UNIT)
    writer.set_point_labels(poses.views.skeleton.joints)
    analog = np.zeros((0, 0))
    writer.add_frames([(rows, analog) for rows in point_rows(poses)])
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # that there are no analog data
        writer.write(buffer)
    write_bytes(path, buffer.getvalue())


def library() -> Any:
    """``c3d``.

    Raises:
        ImportError: It is not installed; it names the extra.
    """
    try:
        import c3d
    except ImportError:
        raise ImportError('C3D files need the library c3d: pip install "mmpose_al[labs]"') from None
    return c3d


def point_rows(poses: Poses3D) -> np.ndarray:
    """x, y, z, residual and mask of cameras of each point, float32 (F, K, 5)."""
    known = np.isfinite(poses.points).all(-1)
    rows = np.zeros((*known.shape, 5), np.float32)
    rows[..., :3] = np.where(known[..., None], poses.points, 0)
    rows[..., 3] = np.where(known, 0, -1)
    bits = 2 ** np.arange(min(MASKED, poses.inliers.shape[1]))
    rows[..., 4] = (poses.inliers[:, : len(bits)] * bits[:, None]).sum(1) * known
    return rows
