"""``labels.json``: a function of all answers and the pool's file, in the multi-view format."""

import secrets
from typing import Any, Dict, Iterator

import numpy as np

from ... import fileio
from ...datasets.format import FORMAT, VERSION, annotation_faults
from ..formats import Faults
from ..paths import Paths
from ..pool import Pool
from .kept import load_all_answers, merged


def check_labels(pool: Pool, keypoints: Dict[int, np.ndarray], path: str) -> None:
    """Refuse labels that training could not read.

    Args:
        pool (Pool): The pool.
        keypoints (dict): Annotation id -> (K, 3).
        path (str): The file that they come from.

    Raises:
        AnswerError: The pool's boxes make them faulty.
    """
    annotations = [
        dict(a, keypoints=keypoints[a['id']].ravel().tolist())
        for a in pool.data['annotations']
        if a['id'] in keypoints
    ]
    faults = Faults(path)
    for fault in annotation_faults(dict(pool.data, annotations=annotations)):
        faults.add(
            f'annotation {annotations[fault.index]["id"]} of the pool',
            fault.field,
            fault.problem,
            'leave this person out of the answers; training cannot use the label',
        )
    faults.check()


def labels_pieces(pool: Pool, keypoints: Dict[int, np.ndarray]) -> Iterator[bytes]:
    """The labels file: the pool's images and persons with the answers, nothing else.

    What the pool's own file holds of keypoints and 3D poses is not in it. It is made in pieces,
    which are never all in memory.
    """
    (num,) = {len(k) for k in keypoints.values()} or {0}
    nothing = secrets.token_hex(16)  # what most persons have becomes text once
    labels = dict(
        info=dict(
            format=FORMAT,
            version=VERSION,
            world_unit='mm',
            description='labels given by annotators',
            pool_sha256=pool.sha256,
        ),
        categories=pool.content.get('categories') or [],
        cameras=pool.content.get('cameras') or [],
        frames=pool.content.get('frames') or [],
        images=pool.content['images'],
        annotations=_labelled(pool, keypoints, nothing),
        poses_3d=[],
    )
    stands_for, zeros = fileio.to_json(nothing).encode(), fileio.to_json([0] * (3 * num)).encode()
    for piece in fileio.json_pieces(labels):
        yield piece.replace(stands_for, zeros)
    yield b'\n'


def _labelled(pool: Pool, keypoints: Dict[int, np.ndarray], nothing: Any) -> Iterator[dict]:
    """The pool's annotations with these keypoints; ``nothing`` instead where there are none."""
    for annotation in pool.data['annotations']:
        points = keypoints.get(annotation['id'])
        if points is None:
            yield dict(annotation, keypoints=nothing, num_keypoints=0)
            continue
        values = [v for x, y, s in points.tolist() for v in ((x, y, int(s)) if s else (0, 0, 0))]
        yield dict(annotation, keypoints=values, num_keypoints=sum(v > 0 for v in values[2::3]))


def write_labels(work_dir: str, pool: Pool, keypoints: Dict[int, np.ndarray]) -> str:
    """Make the labels file hold these labels, with its checksum; gives its path."""
    path = Paths(work_dir).labels
    with fileio.without_collector():
        if not fileio.is_written(path, labels_pieces(pool, keypoints)):
            fileio.write_checked(path, labels_pieces(pool, keypoints))
    return path


def update_labels(work_dir: str, pool: Pool) -> str:
    """Make the labels file what the answers say; gives its path."""
    return write_labels(work_dir, pool, merged(load_all_answers(work_dir)))
