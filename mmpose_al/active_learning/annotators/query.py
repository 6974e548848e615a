"""A query: which units are asked for, what the model thinks of them, and why.

A query is data, ``query.json`` in a folder of its own; the files of the annotation
tools are made from it and may be made again. Its id is a digest of what it asks, is
part of every image's name, and tells an answer from that of another query.
"""

import hashlib
import json
import os
import os.path as osp
import re
import shlex
import shutil
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence

import numpy as np

from ...datasets.multiview import camera_name
from ...datasets.splits import instance_units
from ..pool import Pool, write_json
from ..statistics import ViewStatistics, triangulate_views

QUERY_FORMAT, QUERY_VERSION = 'mmpose_al-query', 1
QUERY_FILE, FOLDER = 'query.json', 'query'
IMAGES = ('copy', 'link', 'none')
NAME = re.compile(r'([0-9a-f]{12})_\d{5,}_(\d+)')
FIRST = 5  # joints of a view that the annotator is pointed at


class Query:
    """A query as it is on disk.

    Args:
        content (dict): What ``query.json`` holds.
        folder (str): Where it lies.

    Attributes:
        images, annotations (dict): Id -> entry.
        of_image (dict): Image id -> entries of its annotations.
    """

    def __init__(self, content: dict, folder: str):
        self.content, self.folder = content, folder
        self.id: str = content['id']
        self.round: int = content['round']
        self.joints: List[str] = content['category']['keypoints']
        self.units: List[int] = [u['id'] for u in content['units']]
        self.images: Dict[int, dict] = {i['id']: i for i in content['images']}
        self.annotations: Dict[int, dict] = {a['id']: a for a in content['annotations']}
        self.of_image: Dict[int, List[dict]] = {i: [] for i in self.images}
        for annotation in content['annotations']:
            self.of_image[annotation['image_id']].append(annotation)

    def image_path(self, image: dict) -> str:
        """Where an image of the pool is."""
        return osp.join(self.content['image_root'] or '', image['file'])


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
    views = ViewStatistics(*(column[rows] for column in views))
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
) -> dict:
    """The content of ``query.json``.

    Units keep their order; the views of a unit come worst first: by the error of their
    predictions against the other views, or by confidence where there are no cameras.

    Raises:
        ValueError: The pool's file does not name the joints, or a unit is not its own.
    """
    category = _category(pool)
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
            entry.update(_opinion(known, annotation['id'], category['keypoints'], image))
            members[unit].append(entry)
    empty = [unit for unit, entries in members.items() if not entries]
    if empty:
        raise ValueError(
            f'{pool.path}: {pool.unit} {empty[:5]} have no person with a '
            'box; nothing can be asked about them'
        )
    entries = [e for unit in members for e in sorted(members[unit], key=_worst_first)]
    content = dict(
        format=QUERY_FORMAT,
        version=QUERY_VERSION,
        round=round,
        unit=pool.unit,
        pool=dict(file=pool.path, sha256=pool.sha256),
        category=category,
        threshold=threshold,
        units=[dict(id=int(u), utility=float(w)) for u, w in zip(units, utilities)],
        annotations=entries,
    )
    content['id'] = hashlib.sha256(
        json.dumps(dict(content, pool=pool.sha256), sort_keys=True).encode()
    ).hexdigest()[:12]
    content.update(image_root=image_root, image_files=images, images=[])
    for entry in entries:
        image = image_of.pop(entry['image_id'], None)
        if image is not None:
            number = len(content['images']) + 1
            name = (
                image['file_name']
                if images == 'none'
                else f'{content["id"]}_{number:05d}_{image["id"]}'
                + osp.splitext(image['file_name'])[1]
            )
            content['images'].append(
                dict(
                    id=image['id'],
                    name=name,
                    file=image['file_name'],
                    width=int(image['width']),
                    height=int(image['height']),
                    frame_id=image.get('frame_id'),
                    camera_id=image.get('camera_id'),
                    view=names.get(image.get('camera_id')),
                )
            )
    return content


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
        skeleton=found[0].get('skeleton') or [],
    )


def _opinion(known: Optional[Predictions], number: int, joints: List[str], image: dict) -> dict:
    """Prediction of a view, and why it is worth the annotator's time."""
    row = None if known is None else known.ids.get(number)
    if row is None:
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


# ---- folders ---------------------------------------------------------------------


def query_folder(work_dir: str, round: int) -> str:
    """Where the query of a round lies."""
    return osp.join(work_dir, FOLDER, f'round_{round:02d}')


def load_query(work_dir: str, round: int) -> Optional[Query]:
    """The query of a round; None where there is none.

    Raises:
        ValueError: ``query.json`` cannot be read.
    """
    folder = query_folder(work_dir, round)
    path = osp.join(folder, QUERY_FILE)
    if not osp.exists(path):
        return None
    try:
        with open(path, encoding='utf-8') as file:
            content = json.load(file)
        if (content['format'], content['version']) != (QUERY_FORMAT, QUERY_VERSION):
            raise ValueError(f'format {content["format"]!r}, version {content["version"]!r}')
        return Query(content, folder)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f'{path} is no query of mmpose_al ({error}); put it back, or '
            'move the folder away and train again to have it '
            'written anew'
        ) from error


def load_queries(work_dir: str) -> List[Query]:
    """All queries of an experiment, by round."""
    folder = osp.join(work_dir, FOLDER)
    rounds = sorted(
        int(name[6:])
        for name in (os.listdir(folder) if osp.isdir(folder) else ())
        if re.fullmatch(r'round_\d{2,}', name)
    )
    return [q for q in (load_query(work_dir, r) for r in rounds) if q is not None]


def write_query(content: dict, work_dir: str, writers: Dict[str, Callable]) -> Query:
    """Write the folder of a query: all of it appears at once.

    Args:
        content (dict): From :func:`build_query`.
        work_dir (str): Of the experiment.
        writers (dict): Name of a format -> function of (query, folder).

    Raises:
        FileNotFoundError: An image is not where the pool's file says.
    """
    folder = query_folder(work_dir, content['round'])
    parent = osp.dirname(folder)
    os.makedirs(parent, exist_ok=True)
    for name in os.listdir(parent):  # left by a run that was killed
        if name.startswith(f'.{osp.basename(folder)}.'):
            shutil.rmtree(osp.join(parent, name))
    temporary = osp.join(parent, f'.{osp.basename(folder)}.{os.getpid()}.tmp')
    os.makedirs(temporary)
    try:
        query = Query(content, temporary)
        put_images(query, temporary)
        for write in writers.values():
            write(query, temporary)
        with open(osp.join(temporary, 'README.md'), 'w', encoding='utf-8') as file:
            file.write(guide(query, work_dir, sorted(writers)))
        write_json(content, osp.join(temporary, QUERY_FILE))
        os.rename(temporary, folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return Query(content, folder)


def put_images(query: Query, folder: str) -> None:
    """Copy or link the images of a query into ``folder/images``."""
    how = query.content['image_files']
    if how == 'none':
        return
    os.makedirs(osp.join(folder, 'images'), exist_ok=True)
    for image in query.images.values():
        source = query.image_path(image)
        if not osp.isfile(source):
            raise FileNotFoundError(
                f'{source}: no such image (image {image["id"]} of the pool). Set '
                'image_root of the FileAnnotator to the folder that file_name starts '
                "from, or images='none'"
            )
        target = osp.join(folder, 'images', image['name'])
        if how == 'link':
            os.symlink(osp.abspath(source), target)
        else:
            shutil.copyfile(source, target)


def find_image_root(pool: Pool) -> str:
    """The folder that the pool's file names start from, if it is an obvious one."""
    home = osp.dirname(osp.abspath(pool.path))
    first = pool.data['images'][0]['file_name']
    for folder in (home, osp.join(home, 'images')):
        if osp.isfile(osp.join(folder, first)):
            return folder
    raise FileNotFoundError(
        f'{first}: no such image in {home} or its folder images. Set image_root of the '
        "FileAnnotator to the folder that file_name starts from, or images='none'"
    )


def describe(query: Query, units: Optional[Sequence[int]] = None) -> str:
    """The query as a table: units in order, views worst first."""
    joints = (
        '| unit | utility | image | view | annotation | error px | confidence '
        '| look first at |\n| --- ' + '| --- ' * 7 + '|\n'
    )
    utility = {u['id']: u['utility'] for u in query.content['units']}
    lines = []
    for entry in query.annotations.values():
        if units is not None and entry['unit'] not in units:
            continue
        why = entry['why'] or {}
        error = why.get('reprojection_error')
        lines.append(
            ' | '.join(
                (
                    f'| {entry["unit"]}',
                    f'{utility[entry["unit"]]:.4g}',
                    query.images[entry['image_id']]['name'],
                    str(entry['view'] or '-'),
                    str(entry['id']),
                    '-' if error is None else f'{error:.1f}',
                    f'{why["confidence"]:.2f}' if why else '-',
                    ', '.join(why.get('look_first', ())) or '-',
                )
            )
            + ' |'
        )
    return joints + '\n'.join(lines) + '\n'


def guide(query: Query, work_dir: str, formats: Sequence[str]) -> str:
    """README.md of a query."""
    return (
        f'# Query {query.id}: round {query.round}\n\n'
        f'{len(query.units)} {query.content["unit"]}, {len(query.annotations)} persons '
        f'in {len(query.images)} images, {len(query.joints)} joints each. Formats: '
        f'{", ".join(formats)}. How to answer: docs/annotators.md. Part of it may be '
        'left out.\n\n'
        'Back, whatever the tool:\n\n'
        f'    {ingest_command(work_dir)}\n    {train_command(work_dir)}\n\n' + describe(query)
    )


def ingest_command(work_dir: str) -> str:
    """What takes the answers back."""
    work_dir = shlex.quote(work_dir)
    return f'python tools/active_learning.py ingest {work_dir} ANSWERS_FILE'


def train_command(work_dir: str) -> str:
    """What goes on with the experiment."""
    config = osp.join(work_dir, 'experiment_config.py')
    return f'python tools/train.py {shlex.quote(config)} --work-dir {shlex.quote(work_dir)}'
