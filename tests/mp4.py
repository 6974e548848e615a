"""Small MP4 files with time stamps and a rotation of our own, which OpenCV cannot write."""

import struct
from typing import Sequence

import cv2
import numpy as np
import pytest

HOLDERS = (b'moov', b'trak', b'mdia', b'minf', b'stbl')
# The upper left of the matrix that turns a frame clockwise to show it.
MATRIX = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}


def write_mp4(path, frames: Sequence[np.ndarray], fps: float = 25, rotation: int = 0) -> None:
    """A video of BGR frames, which a player shows turned clockwise by ``rotation``."""
    size = frames[0].shape[1::-1]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'mp4v'), fps, size)
    if not writer.isOpened():
        pytest.skip('this OpenCV writes no MP4 videos')
    for frame in frames:
        writer.write(frame)
    writer.release()
    raw = bytearray(path.read_bytes())
    matrix = raw.index(b'tkhd') + 4 + 40
    a, b, c, d = (value << 16 for value in MATRIX[rotation])
    raw[matrix : matrix + 36] = struct.pack('>9i', a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(raw)


def set_times(path, times: Sequence[float]) -> None:
    """Give each frame its time in seconds; the last lasts as long as the one before."""
    raw = bytearray(path.read_bytes())
    header = raw.index(b'mdhd') + 4
    (scale,) = struct.unpack('>I', raw[header + 12 : header + 16])
    ticks = np.round(np.array(times) * scale).astype(int)
    steps = np.append(np.diff(ticks), np.diff(ticks)[-1])
    start = raw.index(b'stts') - 4
    (old,) = struct.unpack('>I', raw[start : start + 4])
    table = struct.pack('>I4sII', 16 + 8 * len(steps), b'stts', 0, len(steps))
    table += b''.join(struct.pack('>II', 1, step) for step in steps.tolist())
    for name in HOLDERS:  # moov stands behind the data, so no offset moves
        place = raw.index(name) - 4
        (size,) = struct.unpack('>I', raw[place : place + 4])
        raw[place : place + 4] = struct.pack('>I', size + len(table) - old)
    raw[start : start + old] = table
    raw[header + 16 : header + 20] = struct.pack('>I', int(steps.sum()))
    if b'elst' in raw:  # the whole track is shown
        raw[raw.index(b'edts') : raw.index(b'edts') + 4] = b'free'
    path.write_bytes(raw)
