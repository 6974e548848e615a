"""One recording through the model: batches made ahead, kept as they come, resumed.

Each batch of frames is a line of OUT/parts/<recording>.jsonl. A batch has the same frames in
every run, so a run that was killed and goes on ends with the same numbers as one that was
not: batches of other frames round otherwise.
"""

import os.path as osp
import time
from typing import IO, Callable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..converters.common import Progress, file_state
from ..converters.detect_boxes import json_line, open_part, parse_line
from ..fileio import digest, make_folder
from .ahead import ahead
from .boxes import Box
from .estimator import Estimator
from .inputs import Frame, Recording, read_frames
from .predictions import Predictions, collected

PART_FORMAT = dict(format='mmpose_al-predictions', version=1)
BUSY = 'another `mmpose-al predict` is at it; let it end, or give another --out'
PAUSE = 5.0  # seconds between two lines of progress
DIGITS, SCORE_DIGITS = 3, 5  # behind the point


class Batch(NamedTuple):
    """Frames on their way: what is known of each, its boxes, and the network's inputs."""

    number: int
    entries: List[dict]
    boxes: List[List[Box]]
    samples: List[dict]


class Job(NamedTuple):
    """How recordings are predicted.

    Attributes:
        estimator (Estimator): The model.
        scorer (str): Its name in files.
        model (str): What tells it from others, such as a digest of its weights.
        boxes (Callable): (recording, frame) -> boxes.
        folder (str): Takes the parts.
        batch_size (int): Frames of a batch, and persons that go through the network at once.
        report (Callable): Takes lines of progress.
    """

    estimator: Estimator
    scorer: str
    model: str
    boxes: Callable[[Recording, Frame], List[Box]]
    folder: str
    batch_size: int = 16
    report: Callable[[str], None] = print


def predict_recording(recording: Recording, job: Job) -> Predictions:
    """What the model says about a recording; what an earlier run did is not done again."""
    make_folder(job.folder)
    path = osp.join(job.folder, f'{recording.name}.jsonl')
    header = _header(recording, job)
    anew = not _is_of(path, header)
    if anew:
        job.report(f'{recording.name}: was predicted otherwise or of other frames; begins anew')
    batches, ended = ([], False) if anew else _kept(path)
    if not ended:
        with open_part(path, header, BUSY, anew) as part:
            _predict(recording, job, len(batches), part)
        batches, _ = _kept(path)
    entries = [entry for batch in batches for entry in batch]
    _report_faults(recording, entries, job.report)
    return collected(
        recording.name,
        recording.path,
        recording.files is None,
        recording.fps,
        job.estimator.skeleton,
        job.scorer,
        entries,
    )


def _header(recording: Recording, job: Job) -> dict:
    files = [recording.path] if recording.files is None else recording.files
    return dict(
        PART_FORMAT,
        recording=recording.name,
        frames=digest([file_state(path) for path in files]),
        model=job.model,
        boxes=job.boxes.described,  # type: ignore[attr-defined]
        batch_size=job.batch_size,
        joints=job.estimator.skeleton.joints,
    )


def _is_of(path: str, header: dict) -> bool:
    """Whether a part is not there yet, or of the same recording and model."""
    try:
        with open(path, 'rb') as file:
            first = file.readline()
    except FileNotFoundError:
        return True
    return not first.endswith(b'\n') or parse_line(first) == header


def _kept(path: str) -> Tuple[List[List[dict]], bool]:
    """Whole batches of a part, and whether the recording's last frame is among them."""
    batches: List[List[dict]] = []
    if not osp.isfile(path):
        return batches, False
    with open(path, 'rb') as file:
        lines = file.read().split(b'\n')[1:-1]
    for line in lines:
        content = parse_line(line) or {}
        if 'end' in content:
            return batches, True
        if content.get('batch') != len(batches):
            break
        batches.append(content['frames'])
    return batches, False


def _predict(recording: Recording, job: Job, done: int, part: IO[bytes]) -> None:
    """Append the batches from number ``done`` on to a part."""
    total = -(-recording.count // job.batch_size)
    progress = Progress(total, lambda line: job.report(f'{recording.name} {line}'))
    for _ in range(done):
        progress.step('', cached=True, silent=True)
    start = said = time.monotonic()
    frames = 0
    with ahead(_batches(recording, job, done)) as batches:
        for batch in batches:
            part.write(json_line(dict(batch=batch.number, frames=_finished(batch, job))))
            part.flush()
            frames += len(batch.entries)
            now = time.monotonic()
            silent = now - said < PAUSE
            said = said if silent else now
            progress.step(f'{frames / (now - start):.1f} frames a second', silent=silent)
    part.write(json_line(dict(end=done * job.batch_size + frames)))
    rate = frames / max(time.monotonic() - start, 1e-9)
    job.report(f'{recording.name}: {frames} frames predicted, {rate:.1f} a second')


def _batches(recording: Recording, job: Job, first: int) -> Iterator[Batch]:
    """Batches from number ``first`` on, decoded and cropped."""
    frames: List[Frame] = []
    number = first
    for frame in read_frames(recording, first * job.batch_size):
        frames.append(frame)
        if len(frames) == job.batch_size:
            yield _batch(recording, job, number, frames)
            number, frames = number + 1, []
    if frames:
        yield _batch(recording, job, number, frames)


def _batch(recording: Recording, job: Job, number: int, frames: Sequence[Frame]) -> Batch:
    batch = Batch(number, [], [], [])
    for frame in frames:
        entry = dict(frame=frame.number, name=recording.frame_name(frame.number), size=None)
        boxes: List[Box] = []
        if frame.image is None:
            entry['error'] = frame.error
        else:
            entry['size'] = list(frame.image.shape[1::-1])
            boxes = job.boxes(recording, frame)
            if frame.dark:
                entry['dark'] = frame.dark
            batch.samples.extend(job.estimator.prepare(frame.image, boxes))
        batch.entries.append(entry)
        batch.boxes.append(boxes)
    return batch


def _finished(batch: Batch, job: Job) -> List[dict]:
    """The entries of a batch's frames with what the network says."""
    found: List[tuple] = []
    for start in range(0, len(batch.samples), job.batch_size):
        chosen = batch.samples[start : start + job.batch_size]
        found += zip(*job.estimator(chosen))
    results = iter(found)
    return [
        dict(entry, persons=[_person(box, *next(results)) for box in boxes])
        for entry, boxes in zip(batch.entries, batch.boxes)
    ]


def _person(box: Box, keypoints: np.ndarray, scores: np.ndarray) -> dict:
    return dict(
        person=box.person,
        bbox=np.round(np.asarray(box.xywh, float), DIGITS).tolist(),
        score=round(float(box.score), SCORE_DIGITS),
        keypoints=np.round(keypoints, DIGITS).tolist(),
        scores=np.round(scores, SCORE_DIGITS).tolist(),
    )


def _report_faults(
    recording: Recording, entries: Sequence[dict], report: Callable[[str], None]
) -> None:
    """Say which frames could not be read.

    Raises:
        OSError: Not a single one could.
    """
    dark = [entry['dark'] for entry in entries if entry.get('dark')]
    if dark:
        many = f' (images like this: {len(dark)})' if len(dark) > 1 else ''
        report(f'{recording.name}: {dark[0]}{many}')
    errors: List[Optional[str]] = [e.get('error') for e in entries if e.get('error')]
    if errors and len(errors) == len(entries):
        raise OSError(f'none of the {len(entries)} images can be read; the first: {errors[0]}')
    if errors:
        report(
            f'{recording.name}: {len(errors)} of {len(entries)} images cannot be read and have '
            f'no keypoints; the first: {errors[0]}'
        )
    missing = recording.count - len(entries)
    if missing > 0:
        report(
            f'{recording.name}: the video ends after {len(entries)} frames, though its file '
            f'tells of {recording.count}: the last {missing} have no keypoints'
        )
