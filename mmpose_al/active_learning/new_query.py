"""A new query: whom it asks about, why they are worth the annotator's time, its folder."""

import os.path as osp
import re
from typing import Dict, List, NamedTuple, Optional, Sequence

import numpy as np

from ..datasets.format import camera_name, skeleton_edges
from ..datasets.image_paths import image_path
from ..datasets.splits import instance_units
from ..fileio import atomic_folder, digest, remove_leftovers, to_json, write_checked, write_text
from .formats import AnnotationFormat
from .paths import Paths
from .pool import Pool
from .query import (
    QUERY_FORMAT,
    QUERY_VERSION,
    Query,
    describe,
    ingest_command,
    label_command,
    put_images,
    train_command,
    validation_note,
)
from .statistics import ViewStatistics, triangulate_views

IMAGES = ('copy', 'link', 'none')
VALIDATES = dict(validates=True)  # of a unit that is never trained on
FIRST = 5  # joints of a view that the annotator is pointed at


class Predictions(NamedTuple):
    """What the model says about views; rows follow ``ids``.

    Attributes:
        ids (dict): Annotation id -> row.
        keypoints (ndarray): Pixels, (N, K, 2).
        scores (ndarray): Confidence, (N, K).
        errors (ndarray): Distance in pixels from where the other views put the joint,
            at most the image's diagonal, which also stands for a joint that did not
            triangulate; NaN without cameras; (N, K).
        outliers (ndarray): Joints that disagree with the other views, bool (N, K).
    """

    ids: Dict[int, int]
    keypoints: np.ndarray
    scores: np.ndarray
    errors: np.ndarray
    outliers: np.ndarray


def predictions(views: ViewStatistics, units: Sequence[int], threshold: float) -> Predictions:
    """What the model says about the views of some units.

    Args:
        views (ViewStatistics): Of the pool.
        units (Sequence[int]): The units.
        threshold (float): Of the triangulation, pixels.
    """
    rows = np.isin(views.unit, np.asarray(units, np.int64))
    views = views.select(rows)
    errors = np.full(views.scores.shape, np.nan)
    outliers = np.zeros(views.scores.shape, bool)
    if views.calibrated.any():
        groups = triangulate_views(views, threshold)
        there = (groups.rows >= 0) & ((groups.rows >= 0).sum(1) > 1)[:, None]
        row = groups.rows[there]
        diagonal = views.diagonal[row].astype(np.float64)[:, None]
        found = groups.errors[there].astype(np.float64)
        errors[row] = np.minimum(np.where(np.isfinite(found), found, np.inf), diagonal)
        outliers[row] = ~groups.inliers[there]
    return Predictions(
        {int(i): n for n, i in enumerate(views.id)},
        views.keypoints.astype(np.float64),
        views.scores.astype(np.float64),
        errors,
        outliers,
    )


def build_query(
    pool: Pool,
    round: int,
    units: Sequence[int],
    utilities: Sequence[float],
    views: Optional[ViewStatistics] = None,
    threshold: float = 20.0,
    images: str = 'copy',
    image_root: Optional[str] = None,
    image_folders: Sequence[str] = (),
) -> dict:
    """The content of ``query.json``.

    Units keep their order; the views of a unit come worst first: by the error of their
    predictions against the other views, or by confidence where there are no cameras.

    Args:
        pool (Pool): The pool.
        round (int): Number of the round.
        units (Sequence[int]): What to ask about, best first.
        utilities (Sequence[float]): Why.
        views (ViewStatistics, optional): What the model predicts, where it does.
        threshold (float): Of the triangulation, pixels.
        images (str): One of ``IMAGES``.
        image_root (str, optional): What ``file_name`` starts from.
        image_folders (Sequence[str]): Other folders that ``file_name`` may lead to.

    Raises:
        ValueError: The pool's file does not name the joints, or a unit is not its own.
    """
    category = _category(pool)
    entries = _entries(pool, units, category['keypoints'], views, threshold)
    content = dict(
        format=QUERY_FORMAT,
        version=QUERY_VERSION,
        round=round,
        unit=pool.unit,
        pool=dict(file=pool.path, sha256=pool.sha256),
        category=category,
        threshold=threshold,
        units=[
            dict(dict(id=int(u), utility=float(w)), **(VALIDATES if u in pool.held else {}))
            for u, w in zip(units, utilities)
        ],
        annotations=entries,
    )
    content['id'] = identity = digest(dict(content, pool=pool.sha256), 12)
    content.update(image_root=image_root, image_files=images)
    if image_folders:
        content['image_folders'] = list(image_folders)
    content['images'] = _images(pool, entries, identity if images != 'none' else None)
    return content


def _entries(
    pool: Pool,
    units: Sequence[int],
    joints: List[str],
    views: Optional[ViewStatistics],
    threshold: float,
) -> List[dict]:
    """The persons that are asked about, unit by unit, worst first."""
    known = predictions(views, units, threshold) if views is not None else None
    unit_of = instance_units(pool.data, pool.unit)
    names = {c['id']: camera_name(c) for c in pool.data['cameras']}
    image_of = {i['id']: i for i in pool.data['images']}
    members: Dict[int, list] = {int(u): [] for u in units}
    for annotation in pool.data['annotations']:
        unit = unit_of[annotation['id']]
        if unit in members and annotation['id'] in pool.persons:
            image = image_of[annotation['image_id']]
            entry = dict(
                id=annotation['id'],
                unit=unit,
                image_id=image['id'],
                person_id=annotation.get('person_id') or 0,
                view=names.get(image.get('camera_id')),
                bbox=annotation['bbox'],
            )
            entry.update(_opinion(known, annotation['id'], joints, image))
            members[unit].append(entry)
    empty = [unit for unit, entries in members.items() if not entries]
    if empty:
        raise ValueError(
            f'{pool.path}: {pool.unit} {empty[:5]} have no person with a '
            'box; nothing can be asked about them'
        )
    return [entry for unit in members for entry in sorted(members[unit], key=_worst_first)]


def _images(pool: Pool, entries: List[dict], number: Optional[str]) -> List[dict]:
    """The images of some persons, in their order.

    Args:
        pool (Pool): The pool.
        entries (list[dict]): The persons.
        number (str, optional): Id of the query, which is part of the images' names; None:
            they keep the names that they have.
    """
    names = {c['id']: camera_name(c) for c in pool.data['cameras']}
    image_of = {i['id']: i for i in pool.data['images']}
    frame_of = {f['id']: f for f in pool.data['frames']}
    found: Dict[int, dict] = {}
    for entry in entries:
        image = image_of[entry['image_id']]
        if image['id'] in found:
            continue
        name = image['file_name']
        if number is not None:
            name = f'{number}_{len(found) + 1:05d}_{image["id"]}{_extension(name)}'
        frame = frame_of.get(image.get('frame_id')) or {}
        found[image['id']] = dict(
            id=image['id'],
            name=name,
            file=image['file_name'],
            width=int(image['width']),
            height=int(image['height']),
            frame_id=image.get('frame_id'),
            camera_id=image.get('camera_id'),
            view=names.get(image.get('camera_id')),
            sequence=frame.get('sequence'),
            index=frame.get('index'),
            time=frame.get('time'),
        )
    return list(found.values())


def _extension(name: str) -> str:
    """Ending of an image's name; '' for what is none."""
    ending = osp.splitext(name)[1]
    return ending if re.fullmatch(r'\.\w+', ending) else ''


def _category(pool: Pool) -> dict:
    """The category of the pool's persons: id, name, keypoints, skeleton."""
    found = [c for c in pool.data['categories'] if c.get('keypoints')]
    if len(found) != 1:
        raise ValueError(
            f'{pool.path}: {len(found)} categories name their joints; to ask people '
            'for labels, the file has one, with "keypoints": ["nose", ...]'
        )
    return dict(
        id=found[0]['id'],
        name=found[0].get('name', 'person'),
        keypoints=list(found[0]['keypoints']),
        skeleton=skeleton_edges(found[0], pool.path),
    )


def _opinion(known: Optional[Predictions], number: int, joints: List[str], image: dict) -> dict:
    """Prediction of a view, and why it is worth the annotator's time."""
    row = None if known is None else known.ids.get(number)
    if known is None or row is None:
        return dict(prediction=None, why=None)
    xy, scores = known.keypoints[row].round(3), known.scores[row].round(4)
    inside = (
        np.isfinite(xy).all(1)
        & (xy >= 0).all(1)
        & (xy <= [image['width'] - 1, image['height'] - 1]).all(1)
    )
    prediction = np.where(inside[:, None], np.c_[xy, scores], 0.0)
    errors = known.errors[row]
    order = np.lexsort((scores, -np.nan_to_num(errors)))
    calibrated = bool(np.isfinite(errors).all())
    return dict(
        prediction=prediction.tolist(),
        why=dict(
            confidence=round(float(scores.mean()), 4),
            reprojection_error=round(float(errors.mean()), 2) if calibrated else None,
            outliers=[joints[i] for i in np.flatnonzero(known.outliers[row])],
            look_first=[joints[i] for i in order[:FIRST]],
            joint_errors=errors.round(2).tolist() if calibrated else None,
        ),
    )


def _worst_first(entry: dict) -> tuple:
    why = entry['why'] or {}
    return (-(why.get('reprojection_error') or 0), why.get('confidence', 0), entry['id'])


# ---- its folder ------------------------------------------------------------------


def write_query(
    content: dict, work_dir: str, formats: Sequence[AnnotationFormat], readme: Optional[str] = None
) -> Query:
    """Write the folder of a query: all of it appears at once.

    Args:
        content (dict): From :func:`build_query`.
        work_dir (str): Of the experiment.
        formats (Sequence[AnnotationFormat]): What to write besides.
        readme (str, optional): What people are told; by default how a round goes on.

    Raises:
        FileNotFoundError: An image is not where the pool's file says.
        OSError, ValueError: It is no image, outside its folder, or of another size.
    """
    paths = Paths(work_dir)
    content = dict(content, folder=osp.abspath(work_dir))  # it may be moved, with the pool
    folder, name = paths.query(content['round']), osp.basename(paths.query_file(content['round']))
    remove_leftovers(osp.dirname(folder))
    with atomic_folder(folder) as made:
        query = Query(content, made)
        put_images(query, made)
        for each in formats:
            each.write(query, made)
        names = sorted(each.name for each in formats)
        text = guide(query, work_dir, names) if readme is None else readme
        write_text(osp.join(made, 'README.md'), text)
        write_checked(osp.join(made, name), (to_json(content, indent=1) + '\n').encode())
    return Query(content, folder)


def find_image_root(pool: Pool) -> str:
    """The folder that the pool's file names start from, if it is an obvious one."""
    home = osp.dirname(osp.abspath(pool.path))
    first = pool.data['images'][0]['file_name']
    for folder in (home, osp.join(home, 'images')):
        if osp.isfile(image_path(folder, first)):
            return folder
    raise FileNotFoundError(
        f'{first}: no such image in {home} or its folder images. Set image_root of the '
        "FileAnnotator to the folder that file_name starts from, or images='none'"
    )


def guide(query: Query, work_dir: str, formats: Sequence[str]) -> str:
    """README.md of a query."""
    return (
        f'# Query {query.id}: round {query.round}\n\n'
        f'{len(query.units)} {query.content["unit"]}, {len(query.annotations)} persons '
        f'in {len(query.images)} images, {len(query.joints)} joints each. Formats: '
        f'{", ".join(formats)}. How to answer: docs/annotators.md. Part of it may be '
        f'left out.{validation_note(query)}\n\n'
        f'In a browser:\n\n    {label_command(work_dir)}\n\n'
        'Back from another tool:\n\n'
        f'    {ingest_command(work_dir)}\n    {train_command(work_dir)}\n\n'
        'If the folder has been moved since, `mmpose-al status` there says these commands.\n\n'
        + describe(query)
    )
