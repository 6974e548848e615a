"""COCO keypoints JSON; CVAT's archive holds the same.

With the query's note in ``info``, ids are the query's and pixels are measured as the note
says. Without it, a tool has written the file anew: images are known by their names,
persons by ``attributes.annotation_id``, by being alone in the image, or by their box, and
pixels are measured from the corner of the first one.
"""

import os.path as osp
from typing import Any, Dict, List, Optional

import numpy as np

from ...fileio import is_int, is_number, short, write_json
from ..query import NAME, Query
from ..registry import ANNOTATION_FORMATS
from .base import AnnotationFormat, Answer
from .document import Document
from .faults import Faults, check_joint, leads_out
from .persons import is_nobody, person_by_content

FILE = 'coco_keypoints.json'
# Where pixel positions are measured from; see docs/annotators.md.
SHIFT = dict(center=0.0, corner=0.5)
OTHER_IMAGES = 'images of other queries, or of none, with all that is drawn in them'
NO_JOINT = 'joints at (0, 0), where tools put one that is not there'


@ANNOTATION_FORMATS.register_module(name='coco')
class Coco(AnnotationFormat):
    """COCO keypoints.

    Args:
        pixel_origin (str, optional): Where (0, 0) is: in the ``'center'`` of the first
            pixel, as in the pool, or at its outer ``'corner'``, as in annotation tools. By
            default a query is written with the center, and says so; answers that say
            nothing are measured from the corner.
        interpolated (bool): Whether persons whom a tool has put into an image by itself,
            between two that somebody drew, are answers.

    Raises:
        ValueError: Another origin.
    """

    help = 'COCO keypoints JSON, filled in with the predictions'
    looks = 'COCO keypoints ("images" and "annotations")'
    options = dict(
        pixel_origin='center or corner of the first pixel, for answers that do not say it',
        interpolated='True: persons whom the tool interpolated are labels too',
    )
    query_field = ('info', 'mmpose_al.query')
    others = OTHER_IMAGES

    def __init__(self, pixel_origin: Optional[str] = None, interpolated: bool = False):
        self.pixel_origin, self.interpolated = checked_origin(pixel_origin), interpolated

    def write(self, query: Query, folder: str) -> None:
        """Write ``coco_keypoints.json``."""
        content = coco_query(query, self.pixel_origin or 'center')
        write_json(osp.join(folder, FILE), content, indent=None)

    def recognise(self, document: Document) -> bool:
        """A JSON object with ``images`` and ``annotations``."""
        return is_coco(document.json)

    def query_ids(self, document: Document) -> List[str]:
        """See :func:`coco_query_ids`."""
        return coco_query_ids(document.json)

    def parse(self, document: Document, query: Query, faults: Faults) -> List[Answer]:
        """See :func:`parse_coco`."""
        return parse_coco(
            document.json, query, faults, self.pixel_origin, interpolated=self.interpolated
        )


def checked_origin(pixel_origin: Optional[str]) -> Optional[str]:
    """An origin of pixels that there is, or None.

    Raises:
        ValueError: Another one.
    """
    if pixel_origin not in (None, *SHIFT):
        raise ValueError(f"pixel_origin is 'center' or 'corner'; got {pixel_origin!r}")
    return pixel_origin


# ---- queries ---------------------------------------------------------------------


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
    plain = query.content['image_files'] == 'none'
    annotations = [_annotation(entry, query, shift) for entry in query.annotations.values()]
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
        annotations=[a for a in annotations if empty or a['num_keypoints']],
    )


def _annotation(entry: dict, query: Query, shift: float) -> dict:
    """A person, filled in with the prediction."""
    points = np.asarray(entry['prediction'] or np.zeros((len(query.joints), 3)))
    seen = (points[:, :2] > 0).any(1) | (points[:, 2] > 0)
    keypoints = np.where(
        seen[:, None], np.c_[points[:, :2] + shift, np.full(len(points), 2)], 0.0
    ).round(3)
    x, y, w, h = entry['bbox']
    annotation = dict(
        id=entry['id'],
        image_id=entry['image_id'],
        category_id=query.content['category']['id'],
        bbox=[round(x + shift, 3), round(y + shift, 3), w, h],
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
    return annotation


# ---- answers ---------------------------------------------------------------------


def is_coco(data: Any) -> bool:
    """Whether it is an object with ``images`` and ``annotations``."""
    return isinstance(data, dict) and 'images' in data and 'annotations' in data


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


def parse_coco(
    data: Any,
    query: Query,
    faults: Faults,
    origin: Optional[str] = None,
    place: str = '',
    interpolated: bool = False,
) -> List[Answer]:
    """Check a COCO keypoints file against the query that it answers.

    Args:
        data (object): The parsed JSON.
        query (Query): The query.
        faults (Faults): Where faults go.
        origin (str, optional): Where pixels are measured from in a file without the
            query's note; by default from the corner.
        place (str): Before the entries that messages name, where a file has several
            such parts.
        interpolated (bool): Whether persons with the attribute ``keyframe`` false, whom
            the tool has put there by itself, are answers.

    Returns:
        list[Answer]: One a person that the file has, labelled or not.
    """
    if not isinstance(data, dict):
        faults.fail(place + 'file', 'content', f'is {short(data)}', 'export COCO keypoints')
    for section in ('images', 'annotations', 'categories'):
        if section not in data:
            faults.fail(place + 'file', section, 'is missing', 'export COCO keypoints')
        if not isinstance(data[section], list) or any(
            not isinstance(entry, dict) for entry in data[section]
        ):
            problem = 'is not a list of objects'
            faults.fail(place + 'file', section, problem, 'write it as [{...}, ...]')
    file = _CocoFile(data, query, faults, origin, place)
    answers = []
    for index, annotation in enumerate(data['annotations']):
        if not interpolated and _attributes(annotation).get('keyframe') is False:
            entry = file.entry('annotations', index, annotation)
            faults.pass_over(entry, 'persons whom the tool interpolated (keyframe is false)')
            continue
        answers.append(file.answer(index, annotation))
    return [answer for answer in answers if answer is not None]


def _attributes(annotation: dict) -> dict:
    attributes = annotation.get('attributes')
    return attributes if isinstance(attributes, dict) else {}


class _CocoFile:
    """The parts of a COCO file that its annotations refer to.

    What is wrong goes to ``faults``; methods give None then, or where there is nothing.
    """

    def __init__(self, data: dict, query: Query, faults: Faults, origin: Optional[str], place: str):
        note = _note(data)
        self.query, self.faults, self.place = query, faults, place
        self.numbered_anew = note is None
        if note is not None:
            origin = note.get('pixel_origin')
        elif origin is None:
            origin = 'corner'
        if not isinstance(origin, str) or origin not in SHIFT:
            faults.fail(
                place + 'info',
                'mmpose_al.pixel_origin',
                f'is {short(origin)}',
                "write 'center' or 'corner', as in the query",
            )
        self.shift = -SHIFT[origin]
        self.orders = self._categories(data['categories'])
        self.images = self._images(data['images'])
        self.ids: Dict[int, int] = {}

    def entry(self, section: str, index: int, entry: dict) -> str:
        """Where an entry is, for messages."""
        return f'{self.place}{section}[{index}] (id {short(entry.get("id"))})'

    # ---- categories and images ---------------------------------------------------

    def _categories(self, categories: list) -> Dict[int, Optional[List[int]]]:
        """Id -> place in the file of each joint of the query; None without joints."""
        found: Dict[int, Optional[List[int]]] = {}
        for index, category in enumerate(categories):
            names, number = category.get('keypoints'), category.get('id')
            order = None
            if names:
                order = self._order(names, self.entry('categories', index, category))
            if is_int(number):
                found[number] = order
        if all(order is None for order in found.values()):
            self.faults.fail(
                self.place + 'categories',
                'keypoints',
                'no category names joints',
                'export COCO keypoints with the skeleton of the query',
            )
        return found

    def _order(self, names: Any, entry: str) -> List[int]:
        """Where the joints of the query are in a category's list."""
        joints, fail = self.query.joints, self.faults.fail
        if not isinstance(names, list):
            remedy = 'write the list of the joints, as in the query'
            fail(entry, 'keypoints', f'is {short(names)}', remedy)
        if len(names) != len(joints):
            problem = f'names {len(names)} joints, the query has {len(joints)}'
            fail(entry, 'keypoints', problem, 'label with the skeleton of the query')
        if names == joints:
            return list(range(len(joints)))
        for place, (name, expected) in enumerate(zip(names, joints)):
            if name not in joints or names.count(name) > 1:
                fail(
                    entry,
                    'keypoints',
                    f'joint {place} is {short(name)}, in the query it is {expected!r}',
                    'keep the names of the joints of the query',
                )
        return [names.index(name) for name in joints]

    def _images(self, images: list) -> Dict[int, Optional[dict]]:
        """Id in the file -> image of the query; None for others, and for one with a fault."""
        names = {image['name']: image for image in self.query.images.values()}
        found: Dict[int, Optional[dict]] = {}
        used: Dict[int, int] = {}
        for index, image in enumerate(images):
            entry, number = self.entry('images', index, image), image.get('id')
            if not is_int(number):
                self.faults.add(entry, 'id', f'is {short(number)}', 'write an integer')
            elif number in found:
                self.faults.add(
                    entry, 'id', f'{number} is also that of another image', 'give each its own id'
                )
            else:
                found[number] = known = self._image(image, entry, names, used)
                if known is not None:
                    used[known['id']] = index
        return found

    def _image(self, image: dict, entry: str, names: dict, used: dict) -> Optional[dict]:
        """The image of the query that an image of the file is; None for a fault, and for others."""
        name, add = image.get('file_name'), self.faults.add
        remedy = 'write the name that the image has in the query'
        if not isinstance(name, str):
            return add(entry, 'file_name', f'is {short(name)}', remedy)
        known = names.get(name)
        if known is None and leads_out(name):
            problem = f'{short(name)} leads out of the folder of the images'
            return add(entry, 'file_name', problem, remedy)
        match = NAME.search(name)
        if known is None and match and match.group(1) == self.query.id:
            known = self.query.images.get(int(match.group(2)))
        if known is None and self.numbered_anew:
            self.faults.pass_over(entry, OTHER_IMAGES)
            return None
        if known is None:
            problem = f'{short(name)} is no image of query {self.query.id}'
            return add(
                entry, 'file_name', problem, 'give the answers of this query, with its names'
            )
        if not self.numbered_anew and known['id'] != image['id']:
            problem = f'{short(name)} has id {known["id"]} in the query'
            return add(entry, 'id', problem, 'keep the ids of the query')
        if known['id'] in used:
            problem = f'{short(name)} is also images[{used[known["id"]]}]'
            return add(entry, 'file_name', problem, 'keep one of them')
        size = [image.get(key, known[key]) for key in ('width', 'height')]
        if size != [known['width'], known['height']]:
            problem = (
                f'is {short(size[0])}x{short(size[1])}, in the query '
                f'{known["width"]}x{known["height"]}'
            )
            return add(
                entry, 'width, height', problem, 'label the images as they are, without resizing'
            )
        return known

    # ---- persons -----------------------------------------------------------------

    def answer(self, index: int, annotation: dict) -> Optional[Answer]:
        """What an annotation says about a person of the query."""
        entry = self.entry('annotations', index, annotation)
        image = self._image_of(index, annotation, entry)
        if image is None:
            return None
        category = annotation.get('category_id')
        if not is_int(category) or category not in self.orders:
            return self.faults.add(
                entry,
                'category_id',
                f'{short(category)} is not the category '
                f'{self.query.content["category"]["name"]!r} with its joints',
                'label with the skeleton of the query',
            )
        order = self.orders[category]
        if order is None:
            self.faults.pass_over(entry, 'annotations of another label, which has no joints')
            return None
        keypoints = self._keypoints(annotation.get('keypoints'), entry, image, order)
        if keypoints is None:
            return None
        person = self._person(annotation, keypoints, entry, image)
        if person is None:
            return None
        told = _attributes(annotation)
        by, at = told.get('by'), told.get('at')
        seconds: Any = told.get('seconds')
        return Answer(
            entry,
            person,
            keypoints,
            reviewed=str(told.get('reviewed')).lower() in ('true', '1'),
            by=by if isinstance(by, str) and by else None,
            at=at if isinstance(at, str) and at else None,
            seconds=float(seconds) if is_number(seconds) and seconds >= 0 else None,
        )

    def _image_of(self, index: int, annotation: dict, entry: str) -> Optional[dict]:
        """The query's image that an annotation is in."""
        number: Any = annotation.get('id')
        image = annotation.get('image_id')
        if not is_int(number):
            return self.faults.add(entry, 'id', f'is {short(number)}', 'write an integer')
        if not self.numbered_anew and number in self.ids:
            problem = f'is also that of annotations[{self.ids[number]}]'
            return self.faults.add(entry, 'id', problem, 'keep one of them')
        self.ids[number] = index
        if not is_int(image) or image not in self.images:
            problem = f'{short(image)} is not the id of an image of this file'
            return self.faults.add(
                entry, 'image_id', problem, 'correct it, or remove the annotation'
            )
        return self.images[image]  # None: told already, or passed over with its image

    def _keypoints(
        self, values: Any, entry: str, image: dict, order: List[int]
    ) -> Optional[np.ndarray]:
        """The joints of a person in the query's order, (K, 3)."""
        num = len(order)
        if values is None or values == []:
            return np.zeros((num, 3))
        if not isinstance(values, list):
            return self.faults.add(
                entry,
                'keypoints',
                f'is {short(values)}, not a list',
                'write [x, y, v] for each joint, in a row',
            )
        if len(values) != 3 * num:
            return self.faults.add(
                entry,
                'keypoints',
                f'has {len(values)} numbers, {num} joints need {3 * num}',
                'write [0, 0, 0] for a joint that is not labelled',
            )
        size = (image['width'], image['height'])
        rows = []
        for name, place in zip(self.query.joints, order):
            joint = values[3 * place : 3 * place + 3]
            if joint[:2] == [0, 0] and joint[2] in (1, 2):
                self.faults.pass_over(entry, NO_JOINT)
                joint = [0, 0, 0]
            rows.append(check_joint(self.faults, entry, 'keypoints', name, joint, size, self.shift))
        return None if None in rows else np.array(rows)

    def _person(
        self, annotation: dict, keypoints: np.ndarray, entry: str, image: dict
    ) -> Optional[int]:
        """Id of the person of the query that an annotation is."""
        if not self.numbered_anew:
            return self._person_by_id(annotation, entry, image)
        told = _attributes(annotation).get('annotation_id')
        if is_nobody(told, keypoints, image, self.query):
            return None
        return person_by_content(told, keypoints, entry, image, self.query, self.faults)

    def _person_by_id(self, annotation: dict, entry: str, image: dict) -> Optional[int]:
        """The person of an annotation that has kept its id."""
        known = self.query.annotations.get(annotation['id'])
        if known is None:
            return self.faults.add(
                entry,
                'id',
                f'is no annotation of query {self.query.id}',
                'keep the ids of the query; persons cannot be added',
            )
        if known['image_id'] != image['id']:
            problem = f'in the query annotation {known["id"]} is in image {known["image_id"]}'
            return self.faults.add(entry, 'image_id', problem, 'keep the ids of the query')
        return known['id']
