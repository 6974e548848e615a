"""Videos as a player shows them: turned as their metadata say, with their time stamps."""

from typing import List

import cv2

from .format import FormatError


def open_video(path: str) -> cv2.VideoCapture:
    """A capture whose frames are turned as the video's rotation metadata say.

    OpenCV's versions differ in whether they do that by themselves; 4.11 does not.

    Raises:
        FormatError: This OpenCV cannot turn the frames so.
    """
    capture = cv2.VideoCapture(path)
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    degrees = rotation(capture)
    if degrees and (degrees % 90 or not capture.get(cv2.CAP_PROP_ORIENTATION_AUTO)):
        capture.release()
        raise FormatError(
            f'{path}: its rotation metadata say {degrees} degrees, which this OpenCV cannot '
            'turn. Write the video upright, without the metadata: ffmpeg -i IN OUT.'
        )
    return capture


def rotation(capture: cv2.VideoCapture) -> int:
    """Degrees, clockwise, by which the stored frames are turned to be shown."""
    return round(capture.get(cv2.CAP_PROP_ORIENTATION_META)) % 360


def time_stamps(path: str) -> List[float]:
    """Seconds from the first frame to each frame that can be decoded."""
    capture, times = open_video(path), []
    try:
        while capture.grab():
            times.append(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
    finally:
        capture.release()
    return [round(time - times[0], 6) for time in times]
