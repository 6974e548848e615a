"""A small pool for the file annotator, and people who answer in each format."""

import json
import os
import os.path as osp
import zipfile

import cv2
import numpy as np
import pytest

from mmpose_al.active_learning.annotators import FileAnnotator
from mmpose_al.active_learning.answers import ingest
from mmpose_al.active_learning.formats import AnswerError
from mmpose_al.active_learning.formats.coco import FILE as COCO
from mmpose_al.active_learning.formats.cvat import ENTRY
from mmpose_al.active_learning.formats.cvat import FILE as CVAT
from mmpose_al.active_learning.formats.label_studio import TASKS_FILE
from mmpose_al.active_learning.pool import load_pool
from mmpose_al.active_learning.query import load_query
from mmpose_al.datasets.format import load_multiview
from tests.test_active_learning.rig import JOINTS, NUM_VIEWS, make_views, ring

FORMATS = ('coco', 'cvat', 'label_studio')
NAMES = ['nose', 'left_hand', 'right_hand', 'left_foot', 'right_foot']
WIDTH, HEIGHT = 640, 480
ROUND = 1


def write_pool(folder, num_frames=3, persons=1):
    """Four views of ``num_frames`` frames; ids are those of ``make_views``.

    Returns the pool's path, the true pixels (annotation id -> (K, 2)) and predictions.
    """
    os.makedirs(str(folder / 'images'))
    points = np.random.RandomState(3).normal(0, 250, (num_frames, JOINTS, 3))
    truth, _ = make_views(num_frames, 0.0, points=points)
    views, _ = make_views(num_frames, 4.0, points=points)
    # The hand of one view is far off: the worst view of the first frame.
    views.keypoints[2, 1] = truth.keypoints[2, 1] + [-60, 40]
    views.scores[2, 1] = 0.2
    K, R, t = ring()
    images, annotations = [], []
    for row, number in enumerate(truth.id.tolist()):
        name = f'cam{row % NUM_VIEWS}_{row // NUM_VIEWS}.png'
        cv2.imwrite(str(folder / 'images' / name), np.full((HEIGHT, WIDTH), row, 'u1'))
        images.append(
            dict(
                id=number,
                file_name=name,
                width=WIDTH,
                height=HEIGHT,
                frame_id=int(truth.frame_id[row]),
                camera_id=int(truth.camera_id[row]),
            )
        )
        for person in range(persons):
            annotations.append(
                dict(
                    id=number + 1000 * person,
                    image_id=number,
                    category_id=1,
                    person_id=person,
                    iscrowd=0,
                    area=1.0,
                    num_keypoints=JOINTS,
                    bbox=[20.0 + 300 * person, 20.0, 300.0, 440.0],
                    keypoints=[7.0, 7.0, 2.0] * JOINTS,
                )
            )
    data = dict(
        info=dict(format='mmpose_al-multiview', version=1, world_unit='mm'),
        categories=[dict(id=1, name='person', keypoints=NAMES, skeleton=[[1, 2], [1, 3]])],
        cameras=[
            dict(
                id=v,
                name=f'cam{v}',
                width=WIDTH,
                height=HEIGHT,
                K=K[v].tolist(),
                dist=[],
                R=R[v].tolist(),
                t=t[v].tolist(),
            )
            for v in range(NUM_VIEWS)
        ],
        frames=[dict(id=10 * f, sequence='s', index=f) for f in range(num_frames)],
        images=images,
        annotations=annotations,
        poses_3d=[dict(frame_id=0, person_id=0, keypoints_3d=[[1.0, 2.0, 3.0, 1.0]] * JOINTS)],
    )
    path = folder / 'pool.json'
    path.write_text(json.dumps(data))
    pixels = {int(i): truth.keypoints[n].round(3) for n, i in enumerate(truth.id)}
    return str(path), pixels, views


def opened(folder, pool_file, **options):
    annotator = FileAnnotator(**options)
    annotator.open(str(folder), load_pool(pool_file, 'frames', on_bad='skip'))
    return annotator


def inside(points):
    return ((points >= 0) & (points <= [WIDTH - 1, HEIGHT - 1])).all(1)


def read(folder, fmt, round=ROUND):
    """What the query holds in a format."""
    query = load_query(str(folder), round).folder
    if fmt == 'cvat':
        with zipfile.ZipFile(osp.join(query, CVAT)) as archive:
            return json.loads(archive.read(ENTRY))
    with open(osp.join(query, COCO if fmt == 'coco' else TASKS_FILE)) as file:
        return json.load(file)


def write(data, path, fmt):
    """An export with this content."""
    if fmt == 'cvat':
        with zipfile.ZipFile(str(path), 'w') as archive:
            archive.writestr(ENTRY, json.dumps(data))
    else:
        path.write_text(json.dumps(data))
    return str(path)


def as_a_tool(data):
    """CVAT's export: everything numbered anew, the query's note gone."""
    images = {image['id']: n for n, image in enumerate(data['images'], 50)}
    return dict(
        info=dict(contributor='', date_created='', description='', url='', version='', year=''),
        licenses=[dict(name='', id=0, url='')],
        categories=[dict(data['categories'][0], id=1, supercategory='')],
        images=[
            dict(
                id=images[i['id']],
                width=i['width'],
                height=i['height'],
                file_name=i['file_name'],
                license=0,
            )
            for i in data['images']
        ],
        annotations=[
            dict(
                id=n,
                image_id=images[a['image_id']],
                category_id=1,
                iscrowd=0,
                segmentation=[],
                area=a['area'],
                bbox=a['bbox'],
                keypoints=a['keypoints'],
                num_keypoints=a['num_keypoints'],
                attributes={k: str(v).lower() for k, v in a['attributes'].items()},
            )
            for n, a in enumerate(data['annotations'], 1)
        ],
    )


def answer(data, fmt, pixels, visible=2):
    """Every joint dragged to where ``pixels`` says; others are taken away.

    Args:
        data (object): From :func:`read`.
        fmt (str): Its format.
        pixels (dict): Annotation id -> (K, 2) in the pool's pixels, NaN: not labelled.
    """
    if fmt == 'label_studio':
        for task in data:
            points = pixels.get(task['data']['annotation_id'])
            task.update(id=500 + len(task), annotations=[])
            if points is None:
                continue
            result = []
            for k, (x, y) in enumerate(points):
                if np.isfinite(x):
                    region = dict(
                        id=f'r{k}',
                        from_name='joint',
                        to_name='image',
                        original_width=WIDTH,
                        original_height=HEIGHT,
                        image_rotation=0,
                    )
                    value = dict(x=(x + 0.5) / WIDTH * 100, y=(y + 0.5) / HEIGHT * 100)
                    result.append(
                        dict(
                            region,
                            type='keypointlabels',
                            value=dict(value, width=0.5, keypointlabels=[NAMES[k]]),
                        )
                    )
                    if visible == 1:
                        result.append(
                            dict(region, type='choices', value=dict(value, choices=['hidden']))
                        )
            task['annotations'] = [dict(id=1, was_cancelled=False, result=result)]
        return data
    shift = 0.5 if fmt == 'cvat' else 0.0
    kept = []
    for annotation in data['annotations']:
        points = pixels.get(annotation['id'])
        if points is not None:
            annotation['keypoints'] = sum(
                (
                    [x + shift, y + shift, visible] if np.isfinite(x) else [0, 0, 0]
                    for x, y in np.asarray(points, float).tolist()
                ),
                [],
            )
            kept.append(annotation)
    data['annotations'] = kept
    return data


def drawn(folder, fmt, round, labels):
    """An export of people who drew these joints, in a pool of any images.

    Args:
        folder (str): Of the experiment.
        fmt (str): Format.
        round (int): Of the query.
        labels (dict): Annotation id -> (K, 3); the other persons were skipped.
    """
    query, data = load_query(str(folder), round), read(folder, fmt, round)
    given = {i: np.asarray(points, float) for i, points in labels.items()}
    if fmt != 'label_studio':
        shift = [0.5, 0.5, 0] if fmt == 'cvat' else [0, 0, 0]
        data['annotations'] = [
            dict(
                id=i,
                image_id=query.annotations[i]['image_id'],
                category_id=1,
                iscrowd=0,
                bbox=query.annotations[i]['bbox'],
                area=1.0,
                keypoints=np.where(points[:, 2:] > 0, points + shift, 0).ravel().tolist(),
                num_keypoints=int((points[:, 2] > 0).sum()),
                attributes=dict(annotation_id=i),
            )
            for i, points in given.items()
        ]
        return as_a_tool(data) if fmt == 'cvat' else data
    for number, task in enumerate(data):
        points = given.get(task['data']['annotation_id'], np.zeros((0, 3)))
        image = query.images[query.annotations[task['data']['annotation_id']]['image_id']]
        width, height = image['width'], image['height']
        region = dict(
            from_name='joint',
            to_name='image',
            original_width=width,
            original_height=height,
            image_rotation=0,
        )
        task.update(
            id=number,
            annotations=[
                dict(
                    id=number,
                    was_cancelled=not len(points),
                    result=[
                        dict(
                            region,
                            id=str(k),
                            type='keypointlabels',
                            value=dict(
                                x=(x + 0.5) / width * 100,
                                y=(y + 0.5) / height * 100,
                                width=0.5,
                                keypointlabels=[query.joints[k]],
                            ),
                        )
                        for k, (x, y, v) in enumerate(points.tolist())
                        if v
                    ],
                )
            ],
        )
    return data


def snapshot(folder):
    """Every file of a folder, with its bytes."""
    found = {}
    for home, _, names in os.walk(str(folder)):
        for name in names:
            path = osp.join(home, name)
            with open(path, 'rb') as file:
                found[osp.relpath(path, str(folder))] = file.read()
    return found


def labelled(path):
    data = load_multiview(path)
    return {
        a['id']: np.array(a['keypoints']).reshape(-1, 3)
        for a in data['annotations']
        if a['num_keypoints']
    }, data


def refused(answering, path, *words, **options):
    """The file is refused with these words, and the folder is as it was."""
    annotator, _ = answering
    before = snapshot(annotator.folder)
    with pytest.raises(AnswerError) as told:
        ingest(annotator.folder, str(path), **options)
    for word in words:
        assert word in str(told.value)
    assert str(path) in str(told.value)
    assert snapshot(annotator.folder) == before


def archive(path, entries):
    """A zip archive of these (name, content)."""
    with zipfile.ZipFile(str(path), 'w') as file:
        for name, content in entries:
            file.writestr(name, content)
    return path
