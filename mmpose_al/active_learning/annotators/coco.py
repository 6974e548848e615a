"""Queries and answers as COCO keypoints JSON; CVAT's archive holds the same."""

import json
import os.path as osp
from typing import Any, Dict, List, Optional

import numpy as np

from ...datasets.format import is_int
from .checks import Answer, Faults, check_joint, is_number, leads_out, short
from .query import NAME, Query

FILE = 'coco_keypoints.json'
# Where pixel positions are measured from; see docs/annotators.md.
SHIFT = dict(center=0.0, corner=0.5)


def coco_query(
    query: Query, origin: str = 'center', folder: str = 'images', empty: bool = True
) -> dict:
    """A query as COCO keypoints, filled with the predictions.

    Args:
        query (Query): The query.
        origin (str): Whether (0, 0) is the ``'center'`` of the first pixel, as in the
            pool, or its outer ``'corner'``, as in annotation tools.
        folder (str): Before the images' names.
        empty (bool): Whether persons without a prediction are listed.
    """
    shift = SHIFT[origin]
    annotations = []
    for entry in query.annotations.values():
        points = np.asarray(entry['prediction'] or np.zeros((len(query.joints), 3)))
        seen = (points[:, :2] > 0).any(1) | (points[:, 2] > 0)
        if not (empty or seen.any()):
            continue
        keypoints = np.where(
            seen[:, None], np.c_[points[:, :2] + shift, np.full(len(points), 2)], 0.0
        ).round(3)
        x, y, w, h = entry['bbox']
        box = [round(x + shift, 3), round(y + shift, 3), w, h]
        annotation = dict(
            id=entry['id'],
            image_id=entry['image_id'],
            category_id=query.content['category']['id'],
            bbox=box,
            area=w * h,
            iscrowd=0,
            segmentation=[],
            person_id=entry['person_id'],
            num_keypoints=int(seen.sum()),
            keypoints=keypoints.ravel().tolist(),
            attributes=dict(annotation_id=entry['id'], reviewed=False),
        )
        if entry['prediction'] is not None:
            annotation.update(
                score=entry['why']['confidence'],
                why=entry['why'],
                keypoint_scores=points[:, 2].tolist(),
            )
        annotations.append(annotation)
    plain = query.content['image_files'] == 'none'
    return dict(
        info=dict(
            description=f'mmpose_al: query of round {query.round}',
            mmpose_al=dict(query=query.id, round=query.round, pixel_origin=origin),
        ),
        licenses=[],
        categories=[dict(query.content['category'], supercategory='person')],
        images=[
            dict(
                id=image['id'],
                width=image['width'],
                height=image['height'],
                file_name=image['name'] if plain else osp.join(folder, image['name']),
                frame_id=image['frame_id'],
                camera_id=image['camera_id'],
            )
            for image in query.images.values()
        ],
        annotations=annotations,
    )


def write_coco(query: Query, folder: str) -> None:
    """Write ``coco_keypoints.json``."""
    with open(osp.join(folder, FILE), 'w', encoding='utf-8') as file:
        json.dump(coco_query(query), file)
        file.write('\n')


# ---- answers ---------------------------------------------------------------------


def coco_query_ids(data: Any) -> List[str]:
    """Ids of the queries that a file says, or its image names say, it answers."""
    note = _note(data)
    if note is not None:
        return [str(note.get('query'))]
    images = data.get('images') if isinstance(data, dict) else None
    found = set()
    for image in images if isinstance(images, list) else ():
        name = image.get('file_name') if isinstance(image, dict) else None
        match = NAME.search(name) if isinstance(name, str) else None
        if match:
            found.add(match.group(1))
    return sorted(found)


def _note(data: Any) -> Optional[dict]:
    info = data.get('info') if isinstance(data, dict) else None
    note = info.get('mmpose_al') if isinstance(info, dict) else None
    return note if isinstance(note, dict) else None


def parse_coco(data: Any, query: Query, faults: Faults) -> List[Answer]:
    """Check a COCO keypoints file against the query that it answers.

    With the query's note in ``info``, ids are the query's and pixels are measured as
    the note says. Without it, a tool has written the file anew: images are known by
    their names, persons by ``attributes.annotation_id``, by being alone in the image,
    or by their box, and pixels are measured from the corner.

    Args:
        data (object): The parsed JSON.
        query (Query): The query.
        faults (Faults): Where faults go.

    Returns:
        list[Answer]: One a person that the file has, labelled or not.
    """
    note = _note(data)
    for section in ('images', 'annotations', 'categories'):
        if section not in data:
            faults.fail('file', section, 'is missing', 'export COCO keypoints')
        if not isinstance(data[section], list) or any(
            not isinstance(entry, dict) for entry in data[section]
        ):
            faults.fail('file', section, 'is not a list of objects', 'write it as [{...}, ...]')
    origin = 'corner' if note is None else note.get('pixel_origin')
    if not isinstance(origin, str) or origin not in SHIFT:
        faults.fail(
            'info',
            'mmpose_al.pixel_origin',
            f'is {short(origin)}',
            "write 'center' or 'corner', as in the query",
        )
    categories = _categories(data['categories'], query, faults)
    images = _images(data['images'], query, faults, note is not None)
    answers, seen, ids = [], {}, {}
    for index, annotation in enumerate(data['annotations']):
        entry = _entry('annotations', index, annotation)
        number = annotation.get('id')
        if not is_int(number):
            faults.add(entry, 'id', f'is {short(number)}', 'write an integer')
            continue
        if note is not None and number in ids:
            faults.add(
                entry, 'id', f'is also that of annotations[{ids[number]}]', 'keep one of them'
            )
            continue
        ids[number] = index
        image = annotation.get('image_id')
        if not is_int(image) or image not in images:
            faults.add(
                entry,
                'image_id',
                f'{short(image)} is not the id of an image of this file',
                'correct it, or remove the annotation',
            )
            continue
        image = images[image]
        if image is None:  # told already
            continue
        category = annotation.get('category_id')
        if not is_int(category) or category not in categories:
            faults.add(
                entry,
                'category_id',
                f'{short(category)} is not the category '
                f'{query.content["category"]["name"]!r} with its joints',
                'label with the skeleton of the query',
            )
            continue
        keypoints = _keypoints(
            annotation.get('keypoints'), entry, query, image, -SHIFT[origin], faults
        )
        if keypoints is None:
            continue
        if note is None and _is_nobody(annotation, keypoints, image, query):
            continue
        person = (
            _by_id(annotation, entry, image, query, faults)
            if note is not None
            else _by_content(annotation, keypoints, entry, image, query, faults)
        )
        if person is None:
            continue
        if person in seen:
            faults.add(
                entry,
                'id',
                f'answers annotation {person} of the query, as annotations[{seen[person]}] does',
                'keep one of them',
            )
            continue
        seen[person] = index
        attributes = annotation.get('attributes')
        reviewed = isinstance(attributes, dict) and str(attributes.get('reviewed')).lower() in (
            'true',
            '1',
        )
        answers.append(Answer(entry, person, keypoints, reviewed))
    return answers


def _entry(section: str, index: int, entry: dict) -> str:
    return f'{section}[{index}] (id {short(entry.get("id"))})'


def _categories(categories: list, query: Query, faults: Faults) -> set:
    """Ids of the categories that are the query's."""
    found = set()
    for index, category in enumerate(categories):
        names = category.get('keypoints')
        if not names:
            continue
        entry = _entry('categories', index, category)
        if not isinstance(names, list):
            faults.fail(
                entry,
                'keypoints',
                f'is {short(names)}',
                'write the list of the joints, as in the query',
            )
        if len(names) != len(query.joints):
            faults.fail(
                entry,
                'keypoints',
                f'names {len(names)} joints, the query has {len(query.joints)}',
                'label with the skeleton of the query',
            )
        for place, (name, expected) in enumerate(zip(names, query.joints)):
            if name != expected:
                faults.fail(
                    entry,
                    'keypoints',
                    f'joint {place} is {short(name)}, in the query it is {expected!r}',
                    'keep the names and the order of the joints of the query',
                )
        if is_int(category.get('id')):
            found.add(category['id'])
    if not found:
        faults.fail(
            'categories',
            'keypoints',
            'no category names joints',
            'export COCO keypoints with the skeleton of the query',
        )
    return found


def _images(
    images: list, query: Query, faults: Faults, same_ids: bool
) -> Dict[int, Optional[dict]]:
    """Id in the file -> image of the query; None for one with a fault."""
    names = {image['name']: image for image in query.images.values()}
    found: Dict[int, Optional[dict]] = {}
    used: Dict[int, int] = {}
    for index, image in enumerate(images):
        entry = _entry('images', index, image)
        number, name = image.get('id'), image.get('file_name')
        if not is_int(number):
            faults.add(entry, 'id', f'is {short(number)}', 'write an integer')
            continue
        if number in found:
            faults.add(entry, 'id', 'is also that of another image', 'keep one of them')
            continue
        found[number] = None
        if not isinstance(name, str):
            faults.add(
                entry,
                'file_name',
                f'is {short(name)}',
                'write the name that the image has in the query',
            )
            continue
        match = NAME.search(name)
        known = names.get(name)
        if known is None and leads_out(name):
            faults.add(
                entry,
                'file_name',
                f'{short(name)} leads out of the folder of the images',
                'write the name that the image has in the query',
            )
            continue
        if known is None and match and match.group(1) == query.id:
            known = query.images.get(int(match.group(2)))
        if known is None:
            faults.add(
                entry,
                'file_name',
                f'{short(name)} is no image of query {query.id}',
                'give the answers of this query, with its names',
            )
            continue
        if same_ids and known['id'] != number:
            faults.add(
                entry,
                'id',
                f'{short(name)} has id {known["id"]} in the query',
                'keep the ids of the query',
            )
            continue
        if known['id'] in used:
            faults.add(
                entry,
                'file_name',
                f'{short(name)} is also images[{used[known["id"]]}]',
                'keep one of them',
            )
            continue
        used[known['id']] = index
        size = [image.get(key, known[key]) for key in ('width', 'height')]
        if size != [known['width'], known['height']]:
            faults.add(
                entry,
                'width',
                f'x height is {short(size[0])}x{short(size[1])}'
                f', in the query {known["width"]}x{known["height"]}',
                'label the images as they are, without resizing',
            )
            continue
        found[number] = known
    return found


def _keypoints(
    values: Any, entry: str, query: Query, image: dict, shift: float, faults: Faults
) -> Optional[np.ndarray]:
    """The joints of a person, (K, 3); None for a fault."""
    num = len(query.joints)
    if values is None or values == []:
        return np.zeros((num, 3))
    if not isinstance(values, list):
        faults.add(
            entry,
            'keypoints',
            f'is {short(values)}, not a list',
            'write [x, y, v] for each joint, in a row',
        )
        return None
    if len(values) != 3 * num:
        faults.add(
            entry,
            'keypoints',
            f'has {len(values)} numbers, {num} joints need {3 * num}',
            'write [0, 0, 0] for a joint that is not labelled',
        )
        return None
    size = (image['width'], image['height'])
    rows = [
        check_joint(faults, entry, 'keypoints', name, values[3 * i : 3 * i + 3], size, shift)
        for i, name in enumerate(query.joints)
    ]
    return None if None in rows else np.array(rows)


def _by_id(
    annotation: dict, entry: str, image: dict, query: Query, faults: Faults
) -> Optional[int]:
    """The person of an annotation that has kept its id."""
    known = query.annotations.get(annotation['id'])
    if known is None:
        faults.add(
            entry,
            'id',
            f'is no annotation of query {query.id}',
            'keep the ids of the query; persons cannot be added',
        )
    elif known['image_id'] != image['id']:
        faults.add(
            entry,
            'image_id',
            f'in the query annotation {known["id"]} is in image {known["image_id"]}',
            'keep the ids of the query',
        )
    else:
        return known['id']
    return None


def _is_nobody(annotation: dict, keypoints: np.ndarray, image: dict, query: Query) -> bool:
    """Whether it is a skeleton without joints that might be any of several persons."""
    return (
        not keypoints[:, 2].any()
        and _told(annotation) in (None, '')
        and len(query.of_image[image['id']]) > 1
    )


def _told(annotation: dict) -> Any:
    """The person that somebody said it is."""
    attributes = annotation.get('attributes')
    return attributes.get('annotation_id') if isinstance(attributes, dict) else None


def _by_content(
    annotation: dict, keypoints: np.ndarray, entry: str, image: dict, query: Query, faults: Faults
) -> Optional[int]:
    """The person of an annotation that a tool has numbered anew."""
    persons = query.of_image[image['id']]
    told = _told(annotation)
    if told not in (None, ''):
        number = (
            int(told)
            if (is_number(told) and told == int(told))
            or (isinstance(told, str) and told.isdigit() and len(told) < 19)
            else None
        )
        if number not in [p['id'] for p in persons]:
            faults.add(
                entry,
                'attributes.annotation_id',
                f'{short(told)} is no annotation of image {image["name"]!r} of the query',
                'correct it, or remove the attribute',
            )
            return None
        return number
    if len(persons) == 1:
        return persons[0]['id']
    share = [_inside(keypoints, person['bbox']) for person in persons]
    best = int(np.argmax(share))
    if share[best] == 0 or sorted(share)[-2] == share[best]:
        faults.add(
            entry,
            'attributes.annotation_id',
            f'is missing, and which of the '
            f'{len(persons)} persons of image {image["name"]!r} it is cannot be '
            'told from the joints',
            f'write one of {[p["id"] for p in persons]}',
        )
        return None
    return persons[best]['id']


def _inside(keypoints: np.ndarray, box: List[float]) -> float:
    """Which share of the labelled joints is in a box."""
    points = keypoints[keypoints[:, 2] > 0, :2]
    if not len(points):
        return 0.0
    low = np.array(box[:2])
    return float(((points >= low) & (points <= low + box[2:])).all(1).mean())
