"""Whether frame n of every view is the same moment, and when that is."""

import os.path as osp
import re
from collections import Counter
from typing import Callable, List, Optional, Sequence, Tuple

import numpy as np

from ..datasets.format import FormatError
from ..datasets.videos import time_stamps
from ..fileio import read_json, write_json
from .common import digest, file_state
from .sources import Source, frame_numbers

STAMPS = '.times.json'
# Seconds; containers round to milliseconds or less.
ROUNDING = 1e-6


def common_count(sources: Sequence[Source], allow_unequal: bool = False) -> int:
    """The number of frames of all views; an error names two that differ."""
    counts = [source.count for source in sources]
    low, high = counts.index(min(counts)), counts.index(max(counts))
    if counts[low] != counts[high] and not allow_unequal:
        raise FormatError(
            f'{sources[low].path}: (view {sources[low].name!r}) has {counts[low]} '
            f'frames, {sources[high].path} (view {sources[high].name!r}) has '
            f'{counts[high]}. The views must be synchronised from their first frame: '
            'cut the videos, or pass --allow-unequal to leave out what is beyond the '
            'shortest.'
        )
    return min(counts)


def frame_times(
    sources: Sequence[Source],
    count: int,
    folders: Sequence[Optional[str]],
    fps: Optional[float] = None,
    report: Callable[[str], None] = print,
) -> Optional[List[float]]:
    """Seconds of each frame from the first; None if neither the videos nor ``fps`` tell.

    Args:
        sources (list[Source]): The views.
        count (int): Frames that all have.
        folders (list[str | None]): Of each view; keeps the time stamps of a video, so that
            they are read once. None: nothing is kept.
        fps (float, optional): Frames a second, whatever the videos tell. Their time stamps
            are not looked at then.
        report (callable): Takes lines of progress.

    Raises:
        FormatError: Frames of one number are more than half a frame apart in two views, or
            their file names are numbered otherwise.
    """
    check_numbers(sources, count)
    if fps:
        return [round(number / fps, 6) for number in range(count)]
    timed = [
        (source, times[:count])
        for source, folder in zip(sources, folders)
        if source.files is None
        for times in [_times(source, count, folder, report)]
        if times is not None
    ]
    if not timed:
        return None
    check_times([source for source, _ in timed], np.stack([times for _, times in timed]))
    source, times = timed[0]
    if source.fps:
        nominal = np.arange(count) / source.fps
        if np.abs(times - nominal).max(initial=0) <= 0.5 / source.fps:
            times = nominal
    return [round(float(time), 6) for time in times]


def check_times(sources: Sequence[Source], times: np.ndarray) -> None:
    """Raise FormatError where a frame is more than half a frame off in two views.

    Args:
        sources (list[Source]): V views.
        times (ndarray): Seconds from the first frame, (V, N).
    """
    if times.shape[1] < 2:
        return
    frame = np.median(np.diff(times, axis=1), axis=1).min()
    gaps = np.ptp(times, axis=0)
    beyond = np.flatnonzero(gaps > frame / 2 + ROUNDING)
    if not len(beyond):
        return
    first, worst = int(beyond[0]), int(gaps.argmax())
    low, high = int(times[:, first].argmin()), int(times[:, first].argmax())
    late, early = (_described(sources[i]) for i in (high, low))
    raise FormatError(
        f'{late} has frame {first} at {times[high, first]:.3f} s, {early} at '
        f'{times[low, first]:.3f} s: more than half a frame ({frame / 2:.3f} s) apart. '
        f'{len(beyond)} of {times.shape[1]} frames are; the largest difference is '
        f'{gaps[worst]:.3f} s, in frame {worst}. Frame n of every view must be the same moment: '
        'cut the videos to one start and write them at one constant rate (ffmpeg -i IN -vf '
        'fps=RATE OUT), or pass --fps if only the times that the files tell are wrong.'
    )


def _described(source: Source) -> str:
    rate = f', {source.fps:g} frames a second' if source.fps else ''
    return f'{source.path}: (view {source.name!r}{rate})'


def _times(
    source: Source, count: int, folder: Optional[str], report: Callable[[str], None]
) -> Optional[np.ndarray]:
    """Seconds of a video's frames: its time stamps, else what its rate says."""
    times = np.array(_stamps(source, folder, report))
    if len(times) < count:
        raise FormatError(
            f'{source.path}: (view {source.name!r}) frame {len(times)} cannot be '
            f'read, though the file tells of {source.count}. Re-encode the '
            'video (or cut all views before it).'
        )
    if np.isfinite(times).all() and (np.diff(times) > 0).all():
        return times
    if not source.fps:
        report(f'{source.name}: the video tells neither time stamps nor a rate')
        return None
    report(f'{source.name}: the time stamps do not rise; taken is {source.fps:g} frames a second')
    return np.arange(count) / source.fps


def _stamps(source: Source, folder: Optional[str], report: Callable[[str], None]) -> List[float]:
    """A video's time stamps; they are kept, as reading them decodes the video."""
    if folder is None:
        return time_stamps(source.path)
    path, state = osp.join(folder, STAMPS), digest(file_state(source.path))
    try:
        kept = read_json(path)
        if kept['digest'] == state:
            return kept['times']
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        pass
    report(f'{source.name}: reads the time stamps of {source.count} frames')
    times = time_stamps(source.path)
    write_json(path, dict(digest=state, times=times), indent=None)
    return times


def check_numbers(sources: Sequence[Source], count: int) -> None:
    """Raise FormatError where image folders leave out different numbers, or hold other images.

    Frames of a view are its images in order, so one that is missing in one view makes all
    later ones another moment than those of the others. Names without a number that counts
    are passed over. A folder may begin at any number, if it has none of those of the others.
    """
    for source in sources:
        _check_names(source)
    counted = [(source, numbers) for source in sources for numbers in [_numbers(source, count)]]
    counted = [(source, numbers) for source, numbers in counted if numbers is not None]
    _check_beginnings([(source, numbers) for source, numbers in counted if source.files])
    counted = [(source, numbers - numbers[0]) for source, numbers in counted]
    for source, numbers in counted[1:]:
        first, expected = counted[0]
        wrong = np.flatnonzero(numbers != expected)
        if len(wrong):
            index = int(wrong[0])
            raise FormatError(
                f'{source.path}: (view {source.name!r}) image {index} in order is '
                f'{_name(source, index)}, {first.path} (view {first.name!r}) has '
                f'{_name(first, index)} there: one of them lacks a frame. Frame n of every view '
                'must be the same moment: put the missing image in, or take it out of all views.'
            )


def _check_beginnings(counted: Sequence[Tuple[Source, np.ndarray]]) -> None:
    """Raise FormatError where the first images have other numbers that all folders have.

    Numbers of cameras that count on their own have none in common.
    """
    for source, numbers in counted[1:]:
        first, expected = counted[0]
        if numbers[0] != expected[0] and max(numbers[0], expected[0]) <= min(
            numbers[-1], expected[-1]
        ):
            raise FormatError(
                f'{source.path}: (view {source.name!r}) begins with {_name(source, 0)}, '
                f'{first.path} (view {first.name!r}) with {_name(first, 0)}, and the numbers '
                'overlap. Frame n of every view must be the same moment: take the images out that '
                'a view lacks, or, if the first ones are one moment, give them one number.'
            )


def _check_names(source: Source) -> None:
    """Raise FormatError for the one image that is not named as all others: a cover, a copy."""
    if source.files is None or len(source.files) < 4:
        return
    forms = [tuple(re.split(r'\d+', osp.splitext(file)[0])) for file in source.files]
    (usual, number), *others = Counter(forms).most_common()
    if others and len(forms) - number <= max(1, len(forms) // 100):
        odd = source.files[next(i for i, form in enumerate(forms) if form != usual)]
        like = source.files[forms.index(usual)]
        raise FormatError(
            f'{osp.join(source.path, odd)}: (view {source.name!r}) is not named as the other '
            f'images, such as {like}. Take it out if it is no frame, or give it the name of one.'
        )


def _name(source: Source, index: int) -> str:
    return source.files[index] if source.files is not None else f'frame {index}'


def _numbers(source: Source, count: int) -> Optional[np.ndarray]:
    """Numbers of a view's frames; None if its file names do not count."""
    if source.files is None:
        return np.arange(count)
    return counting_numbers(source.files[:count])


def counting_numbers(names: Sequence[str]) -> Optional[np.ndarray]:
    """Numbers by which file names count frames one after another, int64 (N, ); None without.

    They mostly rise by one and the same step, and otherwise by several such steps. Times do not.
    """
    numbers = np.array(frame_numbers(names) or (), np.int64)
    steps = np.diff(numbers)
    if not len(steps) or steps.min() <= 0 or steps.max() >= 10**6:
        return None
    usual = np.bincount(steps).argmax()
    counts = (steps == usual).mean() >= 0.5 and not (steps % usual).any()
    return numbers if counts else None
