"""Answers of people: read, checked whole, kept for ever, and made into labels.

``answers/round_XX.json`` is what was accepted for a round's query, one event a file
that was ingested; events are only ever added. ``labels.json`` is a function of all
answers and the pool's file, in the multi-view format.
"""

import hashlib
import json
import os
import os.path as osp
import re
from contextlib import contextmanager, nullcontext
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch

from ...datasets.format import FORMAT as MULTIVIEW
from ...datasets.format import VERSION as FORMAT_VERSION
from ...datasets.format import annotation_faults
from ...geometry.cameras import pad_distortion
from ..pool import Pool, load_pool, load_state, write_json
from ..statistics import ViewStatistics, sort_views, triangulate_views
from . import checks
from .checks import Answer, AnswerError, Faults, short
from .coco import coco_query_ids, parse_coco
from .cvat import read_archive
from .label_studio import label_studio_query_ids, parse_label_studio
from .query import Query, load_queries, train_command

ANSWERS_FORMAT, ANSWERS_VERSION = 'mmpose_al-answers', 1
FOLDER, LABELS_FILE, LOCK_FILE = 'answers', 'labels.json', '.lock'
FORMATS = ('coco', 'cvat', 'label_studio')
# Tools round to hundredths of a pixel; closer than this is where the prediction was.
UNCHANGED = 0.02


class Ingested(NamedTuple):
    """What became of a file of answers.

    Attributes:
        round (int): Of the query that it answers.
        format (str): How it was read.
        annotations (list[int]): Persons in images that were accepted.
        units (list[int]): What counts as labelled by them.
        views, joints (int): How many were labelled.
        unchanged (list[int]): Came back as they had been filled in, and were left out.
        kept (list[int]): Came back without any joint, and keep their earlier labels.
        warnings (list[str]): Clicks that do not agree with those of the other views.
        written (bool): Whether anything is new on disk.
    """

    round: int
    format: str
    annotations: List[int]
    units: List[int]
    views: int
    joints: int
    unchanged: List[int]
    kept: List[int]
    warnings: List[str]
    written: bool


def ingest(
    work_dir: str,
    path: str,
    format: Optional[str] = None,
    accept_unchanged: bool = False,
    dry_run: bool = False,
) -> Ingested:
    """Take answers back: all of the file or nothing.

    A person whose joints are all where the prediction had put them is left out, unless
    the file says that somebody looked at it: it was submitted (Label Studio), or its
    attribute ``reviewed`` is true (COCO, CVAT).

    Args:
        work_dir (str): Of the experiment.
        path (str): COCO keypoints JSON, an archive of CVAT, or Label Studio's export.
        format (str, optional): One of ``FORMATS``; None: told from the content.
        accept_unchanged (bool): Unchanged persons count as looked at.
        dry_run (bool): Check only.

    Raises:
        AnswerError: Anything is wrong; nothing was written.
        ValueError: The experiment's own files cannot be read.
    """
    queries = load_queries(work_dir)
    if not queries:
        raise AnswerError(
            f'{work_dir} holds no query. Give the work directory of an '
            'experiment with a FileAnnotator'
        )
    query, answers, how, digest = read_answers(path, queries, format)
    check_open(work_dir, query, path)
    pool = query_pool(query)
    labelled = [a for a in answers if (a.keypoints[:, 2] > 0).any()]
    unchanged = (
        []
        if accept_unchanged
        else [a.annotation for a in labelled if not a.reviewed and _as_filled_in(a, query)]
    )
    accepted = sorted(
        (a for a in labelled if a.annotation not in set(unchanged)), key=lambda a: a.annotation
    )
    if not accepted:
        raise AnswerError(
            f'{path}: labels no joint of query {query.id}'
            + (
                f' ({len(unchanged)} persons came back exactly as they were filled in; '
                'if somebody looked at them, give --accept-unchanged)'
                if unchanged
                else ''
            )
            + '. Label something and export again'
        )
    new = {a.annotation: a.keypoints for a in accepted}
    check_labels(pool, new, path)
    with nullcontext() if dry_run else locked(work_dir):
        check_open(work_dir, query, path)  # a training may have begun meanwhile
        document = load_answers(work_dir, query.round)
        if document is None:
            document = dict(
                format=ANSWERS_FORMAT,
                version=ANSWERS_VERSION,
                query=query.id,
                round=query.round,
                events=[],
            )
        before = merged([document])
        after = {**before, **new}
        warnings = consistency_warnings(pool, after, query.content['threshold'])
        changed = any(i not in before or not np.array_equal(before[i], k) for i, k in new.items())
        if changed and not dry_run:
            document['events'].append(
                dict(
                    file=osp.basename(path),
                    sha256=digest,
                    format=how,
                    warnings=warnings,
                    annotations=[dict(id=i, keypoints=k.ravel().tolist()) for i, k in new.items()],
                )
            )
            write_json(document, answers_file(work_dir, query.round))
            update_labels(work_dir, query.content['pool']['file'])
    empty = {a.annotation for a in answers} - {a.annotation for a in labelled}
    return Ingested(
        query.round,
        how,
        sorted(new),
        answered_units(query, new),
        len(new),
        int(sum((k[:, 2] > 0).sum() for k in new.values())),
        sorted(unchanged),
        sorted(empty & set(before)),
        warnings,
        changed and not dry_run,
    )


def check_open(work_dir: str, query: Query, path: str) -> None:
    """Refuse the answers to a query that the experiment has gone on from.

    Raises:
        AnswerError: The query is closed.
    """
    state = load_state(work_dir)
    if state is not None and state.stage(query.round, 'annotate') is not None:
        last = load_queries(work_dir)[-1]
        remedy = (
            f'Answer the query of round {last.round}'
            if state.stage(last.round, 'annotate') is None
            else f'No query is open; go on with\n    {train_command(work_dir)}'
        )
        raise AnswerError(
            f'{path}: answers query {query.id} of round {query.round}, which is '
            'closed: the experiment has trained on its answers, and what had none is '
            f'back in the pool. {remedy}'
        )


@contextmanager
def locked(work_dir: str) -> Iterator[None]:
    """No other process takes answers, or closes their round, at the same time.

    Where files cannot be locked it does nothing.
    """
    os.makedirs(osp.join(work_dir, FOLDER), exist_ok=True)
    with open(osp.join(work_dir, FOLDER, LOCK_FILE), 'a') as file:
        _lock(file, 'LOCK_EX')  # waits
        try:
            yield
        finally:  # closing alone would leave it to a process forked meanwhile
            _lock(file, 'LOCK_UN')


def _lock(file, operation: str) -> None:
    try:
        import fcntl

        fcntl.flock(file, getattr(fcntl, operation))
    except (ImportError, OSError):  # a system or a file system without locks
        pass


# ---- reading ---------------------------------------------------------------------


def read_answers(
    path: str, queries: Sequence[Query], format: Optional[str] = None
) -> Tuple[Query, List[Answer], str, str]:
    """Read and check a file of answers.

    Returns:
        tuple: The query it answers, the answers, the format, SHA-256 of the bytes.

    Raises:
        AnswerError: Anything is wrong with it.
    """
    faults = Faults(path)
    if format not in (None, *FORMATS):
        raise ValueError(f'format is one of {FORMATS}; got {format!r}')
    try:
        size = os.path.getsize(path)
        with open(path, 'rb') as file:
            archive = file.read(4) in (b'PK\3\4', b'PK\5\6')
            file.seek(0)
            if not archive and size > checks.MAX_BYTES:
                faults.fail(
                    'file',
                    'size',
                    f'is more than {checks.MAX_BYTES} bytes',
                    'export the annotations without images, or in parts',
                )
            digest = hashlib.sha256()
            blocks = []
            for block in iter(lambda: file.read(2**20), b''):
                digest.update(block)
                blocks += [] if archive else [block]
    except OSError as error:
        raise AnswerError(
            f'{path}: cannot be read ({error.strerror}). Give the file '
            'that the annotation tool exported'
        ) from None
    if archive and format in ('coco', 'label_studio'):
        faults.fail(
            'file',
            'content',
            f'is a zip archive, not {format} JSON',
            'leave --format out, or give the JSON file',
        )
    data = _parse(read_archive(path, faults) if archive else b''.join(blocks), faults)
    if isinstance(data, list):
        found = 'label_studio'
    elif isinstance(data, dict) and 'images' in data and 'annotations' in data:
        found = 'cvat' if archive or format == 'cvat' else 'coco'
    else:
        faults.fail(
            'file',
            'content',
            'is neither COCO keypoints ("images" and '
            '"annotations") nor a list of Label Studio tasks',
            'export as COCO Keypoints 1.0, or as Label Studio JSON',
        )
    if format not in (None, found):
        faults.fail(
            'file',
            'content',
            f'is {found}, not {format}',
            'leave --format out, or give the other file',
        )
    ids = (label_studio_query_ids if found == 'label_studio' else coco_query_ids)(data)
    query = _which(ids, queries, data, found, faults)
    parse = parse_label_studio if found == 'label_studio' else parse_coco
    answers = parse(data, query, faults)
    faults.check()
    return query, answers, found, digest.hexdigest()


def _parse(raw: bytes, faults: Faults) -> Any:
    def pairs(items: list) -> dict:
        result = dict(items)
        if len(result) < len(items):
            names = [k for k, _ in items]
            twice = next(k for k in names if names.count(k) > 1)
            faults.fail(
                'object',
                twice,
                f'is there twice in one object: {short(dict(items))}',
                'keep one of them',
            )
        return result

    try:
        return json.loads(raw.decode('utf-8-sig'), object_pairs_hook=pairs)
    except AnswerError:
        raise
    except (ValueError, RecursionError) as error:  # also UnicodeDecodeError
        faults.fail(
            'file',
            'content',
            f'is not JSON ({error})',
            'it may be truncated; export or copy it again',
        )


def _which(
    ids: List[str], queries: Sequence[Query], data: Any, found: str, faults: Faults
) -> Query:
    """The query that a file answers."""
    known = {query.id: query for query in queries}
    entry, field = (
        ('tasks', 'data.query') if found == 'label_studio' else ('info', 'mmpose_al.query')
    )
    here = [i for i in ids if i in known]
    if len(here) > 1:
        faults.fail(
            entry,
            field,
            f'names several queries: {", ".join(here)}',
            'ingest the answers of one round at a time',
        )
    if here:
        return known[here[0]]
    if ids:
        faults.fail(
            entry,
            field,
            f'{short(ids[0])} is no query of this experiment, whose last one is {queries[-1].id}',
            "this is another project's export; ingest it there",
        )
    # No trace of a query: images keep their own names with images='none'.
    last = queries[-1]
    if found == 'label_studio' or last.content['image_files'] != 'none':
        faults.fail(
            entry,
            field,
            f'is missing, and no image has the name of one of query {last.id}',
            "this is another project's export, or the images were renamed",
        )
    return last


def _as_filled_in(answer: Answer, query: Query) -> bool:
    """Whether all joints are where the prediction had put them."""
    prediction = query.annotations[answer.annotation]['prediction']
    if prediction is None:
        return False
    filled = np.asarray(prediction)
    there = filled.any(1)
    return bool(
        np.array_equal(np.where(there, 2, 0), answer.keypoints[:, 2])
        and np.abs(filled[there, :2] - answer.keypoints[there, :2]).max(initial=0) <= UNCHANGED
    )


def query_pool(query: Query) -> Pool:
    """The pool that a query is about.

    Raises:
        AnswerError: Its file has changed since.
    """
    told = query.content['pool']
    try:
        pool = load_pool(told['file'], query.content['unit'], on_bad='skip')
    except FileNotFoundError as error:
        raise AnswerError(
            f'{told["file"]}: the pool of query {query.id} is not there. Put it back'
        ) from error
    if pool.sha256 != told['sha256']:
        raise AnswerError(
            f'{told["file"]}: the pool has changed since query '
            f'{query.id} was asked. Put the old file back'
        )
    return pool


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


# ---- 3D consistency --------------------------------------------------------------


def consistency_warnings(
    pool: Pool, keypoints: Dict[int, np.ndarray], threshold: float
) -> List[str]:
    """Clicks that do not agree with those of the other views.

    Args:
        pool (Pool): The pool, with or without cameras.
        keypoints (dict): Annotation id -> (K, 3), pixels and v.
        threshold (float): Of the robust triangulation, pixels.

    Returns:
        list[str]: One a joint and view, the largest error first, then joints whose
        views do not agree at all.
    """
    views = answered_views(pool, keypoints)
    if views is None:
        return []
    groups = triangulate_views(views, threshold)
    there = groups.rows >= 0
    clicked = np.isfinite(views.keypoints[groups.rows]).all(-1) & there[..., None]
    names = next(c['keypoints'] for c in pool.data['categories'] if c.get('keypoints'))
    cameras = {c['id']: c.get('name', c['id']) for c in pool.data['cameras']}

    def place(group: int, view: int) -> tuple:
        row = groups.rows[group, view]
        return (
            f'{cameras[int(views.camera_id[row])]} (annotation {views.id[row]})',
            f'frame {views.frame_id[row]}, person {views.person_id[row]}',
        )

    found = []
    for g, v, k in np.argwhere(clicked & ~groups.inliers & groups.ok[:, None]):
        view, person = place(g, v)
        error = float(groups.errors[g, v, k])
        found.append(
            (
                -error,
                f'{person}: {names[k]} in {view} is {error:.0f} px from '
                'where the other views put it',
            )
        )
    for g, k in np.argwhere(~groups.ok & (clicked.sum(1) > 1)):
        several = [place(g, v) for v in np.flatnonzero(clicked[g, :, k])]
        found.append(
            (
                1,
                f'{several[0][1]}: the clicks of {names[k]} do not meet: '
                + ', '.join(view for view, _ in several),
            )
        )
    return [text for _, text in sorted(found)]


def answered_views(pool: Pool, keypoints: Dict[int, np.ndarray]) -> Optional[ViewStatistics]:
    """Answers in views with cameras, as if a model had given them."""
    cameras = {c['id']: c for c in pool.data['cameras']}
    images = {i['id']: i for i in pool.data['images']}
    rows = []
    for annotation in pool.data['annotations']:
        image = images[annotation['image_id']]
        if (
            annotation['id'] in keypoints
            and image.get('camera_id') in cameras
            and image.get('frame_id') is not None
        ):
            points = keypoints[annotation['id']]
            camera = cameras[image['camera_id']]
            rows.append(
                dict(
                    id=annotation['id'],
                    image_id=image['id'],
                    unit=image['frame_id'],
                    frame_id=image['frame_id'],
                    camera_id=image['camera_id'],
                    person_id=annotation.get('person_id') or 0,
                    keypoints=np.where(points[:, 2:] > 0, points[:, :2], np.nan),
                    scores=np.ones(len(points)),
                    margin=0.0,
                    entropy=0.0,
                    disagreement=np.nan,
                    features=np.zeros(0),
                    keypoints_3d=np.zeros((0, 3)),
                    diagonal=np.hypot(image['width'], image['height']),
                    K=camera['K'],
                    R=camera['R'],
                    t=camera['t'],
                    dist=pad_distortion(torch.as_tensor(camera['dist'])).numpy(),
                )
            )
    if not rows:
        return None
    return sort_views(
        ViewStatistics(
            *(np.stack([np.asarray(row[name]) for row in rows]) for name in ViewStatistics._fields)
        )
    )


# ---- what is kept ----------------------------------------------------------------


def answers_file(work_dir: str, round: int) -> str:
    """Where the answers of a round are."""
    return osp.join(work_dir, FOLDER, f'round_{round:02d}.json')


def load_answers(work_dir: str, round: int) -> Optional[dict]:
    """What was accepted for a round; None without.

    Raises:
        ValueError: The file cannot be read.
    """
    path = answers_file(work_dir, round)
    if not osp.exists(path):
        return None
    try:
        with open(path, encoding='utf-8') as file:
            document = json.load(file)
        if (document['format'], document['version']) != (ANSWERS_FORMAT, ANSWERS_VERSION):
            raise ValueError('another format or version')
        merged([document])
        return document
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f'{path} holds no answers of mmpose_al ({error}); put the file back'
        ) from error


def load_all_answers(work_dir: str) -> List[dict]:
    """What was accepted, by round."""
    folder = osp.join(work_dir, FOLDER)
    names = sorted(os.listdir(folder)) if osp.isdir(folder) else []
    rounds = sorted(int(name[6:-5]) for name in names if re.fullmatch(r'round_\d{2,}\.json', name))
    return [load_answers(work_dir, number) for number in rounds]


def merged(documents: Sequence[dict]) -> Dict[int, np.ndarray]:
    """Annotation id -> keypoints (K, 3); what came later counts."""
    return {
        entry['id']: np.asarray(entry['keypoints'], np.float64).reshape(-1, 3)
        for document in documents
        for event in document['events']
        for entry in event['annotations']
    }


def answered_units(query: Query, annotations) -> List[int]:
    """Units of a query with an answered person, in the query's order."""
    units = {query.annotations[i]['unit'] for i in annotations}
    return [unit for unit in query.units if unit in units]


def labels_bytes(pool: Pool, keypoints: Dict[int, np.ndarray]) -> bytes:
    """The labels file: the pool's images and persons with the answers, nothing else.

    What the pool's own file holds of keypoints and 3D poses is not in it.
    """
    with open(pool.path, 'rb') as file:
        raw = json.loads(file.read())
    (num,) = {len(k) for k in keypoints.values()} or {0}
    annotations = []
    for annotation in pool.data['annotations']:
        points = keypoints.get(annotation['id'])
        values = [0] * (3 * num)
        if points is not None:
            values = [
                v for x, y, s in points.tolist() for v in ((x, y, int(s)) if s else (0, 0, 0))
            ]
        annotations.append(
            dict(annotation, keypoints=values, num_keypoints=sum(v > 0 for v in values[2::3]))
        )
    labels = dict(
        info=dict(
            format=MULTIVIEW,
            version=FORMAT_VERSION,
            world_unit='mm',
            description='labels given by annotators',
            pool_sha256=pool.sha256,
        ),
        categories=raw.get('categories') or [],
        cameras=raw.get('cameras') or [],
        frames=raw.get('frames') or [],
        images=raw['images'],
        annotations=annotations,
        poses_3d=[],
    )
    return (json.dumps(labels) + '\n').encode()


def update_labels(work_dir: str, pool_file: str) -> str:
    """Make the labels file what the answers say; gives its path."""
    path = osp.join(work_dir, LABELS_FILE)
    pool = load_pool(pool_file, 'instances', on_bad='skip')
    content = labels_bytes(pool, merged(load_all_answers(work_dir)))
    if osp.exists(path):
        with open(path, 'rb') as file:
            if file.read() == content:
                return path
    temporary = f'{path}.{os.getpid()}.tmp'
    with open(temporary, 'wb') as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    return path
