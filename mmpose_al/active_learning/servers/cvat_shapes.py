"""CVAT's annotations as its interface exchanges them: skeletons out, COCO keypoints back.

CVAT measures pixels from the outer corner of the first one, as its archives do.
"""

from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional, Tuple

from ..formats.coco import SHIFT
from ..query import Query

CORNER = SHIFT['corner']
PERSON, REVIEWED = 'annotation_id', 'reviewed'  # attributes of our label


class SkeletonLabel(NamedTuple):
    """The label of a project that has the joints of a query.

    Attributes:
        id (int): On the server.
        joints (dict): Name of a joint -> id of its sublabel.
        attributes (dict): Name of an attribute -> its id.
    """

    id: int
    joints: Dict[str, int]
    attributes: Dict[str, int]


class Frame(NamedTuple):
    """An image of a task.

    Attributes:
        image (dict): Of the query.
        width, height (int): As CVAT has it.
    """

    image: dict
    width: int
    height: int


class Part(NamedTuple):
    """The images of a task that one person labels, a job.

    Attributes:
        first, last (int): Frames.
        by (str, optional): To whom it is given.
        done (bool): Whether that person says that it is finished.
    """

    first: int
    last: int
    by: Optional[str]
    done: bool


def skeleton_labels(entries: Iterable[dict]) -> Iterator[SkeletonLabel]:
    """The skeletons among the labels that a server lists."""
    for entry in entries:
        if entry.get('type') == 'skeleton' and not entry.get('has_parent'):
            yield SkeletonLabel(
                entry['id'],
                {sub['name']: sub['id'] for sub in entry.get('sublabels') or ()},
                {each['name']: each['id'] for each in entry.get('attributes') or ()},
            )


def frames_of(meta: dict, query: Query) -> Dict[int, Frame]:
    """Number of a frame -> image of the query; what is no image of it is left out.

    Args:
        meta (dict): What a server says about the images of a task.
        query (Query): The query.
    """
    names = {image['name']: image for image in query.images.values()}
    gone = set(meta.get('deleted_frames') or ())
    found = {}
    for number, frame in enumerate(meta.get('frames') or ()):
        parts = frame['name'].split('/')
        tails = ('/'.join(parts[start:]) for start in range(len(parts)))
        name = next((tail for tail in tails if tail in names), None)
        if name is not None and number not in gone:
            found[number] = Frame(names[name], frame.get('width'), frame.get('height'))
    return found


def skeletons(query: Query, frames: Dict[int, Frame], label: SkeletonLabel) -> List[dict]:
    """A skeleton for each person whose joints are predicted.

    A joint that is not predicted is outside, and lies in the middle of the others.
    """
    made = []
    for number, frame in frames.items():
        for entry in query.of_image[frame.image['id']]:
            if any(any(point) for point in entry['prediction'] or ()):
                made.append(_skeleton(entry, number, query.joints, label))
    return made


def _skeleton(entry: dict, number: int, joints: List[str], label: SkeletonLabel) -> dict:
    """A skeleton at the prediction of a person."""
    known = [point[:2] for point in entry['prediction'] if any(point)]
    middle = [sum(values) / len(known) for values in zip(*known)]
    common = dict(frame=number, occluded=False, z_order=0, rotation=0.0, group=0, source='auto')
    elements = []
    for name, point in zip(joints, entry['prediction']):
        x, y = point[:2] if any(point) else middle
        elements.append(
            dict(
                common,
                type='points',
                label_id=label.joints[name],
                points=[round(x + CORNER, 3), round(y + CORNER, 3)],
                outside=not any(point),
                attributes=[],
            )
        )
    told = {PERSON: str(entry['id']), REVIEWED: 'false'}
    return dict(
        common,
        type='skeleton',
        label_id=label.id,
        points=[],
        outside=False,
        attributes=[
            dict(spec_id=label.attributes[name], value=value)
            for name, value in told.items()
            if name in label.attributes
        ],
        elements=elements,
    )


def is_untouched(shapes: Iterable[dict], made: Iterable[dict]) -> bool:
    """Whether the shapes of a task are those that it was filled with."""
    return sorted(map(_place, shapes)) == sorted(map(_place, made))


def _place(shape: dict) -> str:
    """What somebody who works on a shape changes of it."""
    elements = [
        (each['label_id'], [round(p, 2) for p in each['points']], each['outside'], each['occluded'])
        for each in shape.get('elements') or ()
    ]
    points = [round(p, 2) for p in shape.get('points') or ()]
    kept = shape['type'], shape['frame'], shape['label_id'], points, sorted(elements)
    told = sorted((each['spec_id'], each['value']) for each in shape.get('attributes') or ())
    return repr((kept, told))


# ---- answers ---------------------------------------------------------------------


def coco_annotations(
    labelled: dict, frames: Dict[int, Frame], parts: Iterable[Part], label: SkeletonLabel
) -> Iterator[Tuple[Frame, dict]]:
    """The skeletons of a task: image, and annotation of COCO keypoints without ids.

    Joints are in the order of ``label.joints``. A track gives those frames in which somebody
    has drawn it: where a joint of it has a place of its own. The others lie there where CVAT
    shows them, between those before and after.

    Args:
        labelled (dict): Shapes and tracks, as the server gives them.
        frames (dict): Number of a frame -> image; those of others are left out.
        parts (Iterable[Part]): Who labels what of it.
        label (SkeletonLabel): Those of others are left out.
    """
    parts = list(parts)
    names = {number: name for name, number in label.attributes.items()}
    for frame, attributes, elements in _drawn(labelled, label):
        if frame not in frames:
            continue
        mine = next((p for p in parts if p.first <= frame <= p.last), Part(0, 0, None, False))
        told = {names.get(each['spec_id']): each['value'] for each in attributes}
        about: Dict[str, Any] = dict(
            annotation_id=told.get(PERSON, ''),
            reviewed=mine.done or str(told.get(REVIEWED)).lower() == 'true',
        )
        if mine.by:
            about['by'] = mine.by
        keypoints = [
            value for number in label.joints.values() for value in _joint(elements.get(number))
        ]
        yield (
            frames[frame],
            dict(
                category_id=1,
                iscrowd=0,
                keypoints=keypoints,
                num_keypoints=sum(v > 0 for v in keypoints[2::3]),
                attributes=about,
            ),
        )


def _drawn(
    labelled: dict, label: SkeletonLabel
) -> Iterator[Tuple[int, List[dict], Dict[int, dict]]]:
    """Frame, attributes, and the joints by the id of their sublabel, of each skeleton."""
    for shape in labelled.get('shapes') or ():
        if shape['label_id'] == label.id:
            joints = {each['label_id']: each for each in shape.get('elements') or ()}
            yield shape['frame'], shape.get('attributes') or [], joints
    for track in labelled.get('tracks') or ():
        if track['label_id'] != label.id:
            continue
        own = sorted(track['shapes'], key=lambda shape: shape['frame'])
        places = {
            each['label_id']: sorted(each['shapes'], key=lambda shape: shape['frame'])
            for each in track.get('elements') or ()
        }
        for frame in sorted({shape['frame'] for shapes in places.values() for shape in shapes}):
            joints = {number: place_in(shapes, frame) for number, shapes in places.items()}
            if any(joint is not None and not joint['outside'] for joint in joints.values()):
                said = [shape for shape in own if shape['frame'] <= frame]
                about = (said[-1].get('attributes') or ()) if said else ()
                yield (
                    frame,
                    [*(track.get('attributes') or ()), *about],
                    {number: joint for number, joint in joints.items() if joint is not None},
                )


def place_in(shapes: List[dict], frame: int) -> Optional[dict]:
    """A point of a track as CVAT shows it in a frame; None before its first place.

    Between two places it moves evenly, unless it leaves the image at the first.

    Args:
        shapes (list[dict]): Its places, by frame.
        frame (int): The frame.
    """
    before = [shape for shape in shapes if shape['frame'] <= frame]
    after = [shape for shape in shapes if shape['frame'] > frame]
    if not before:
        return None
    first = before[-1]
    if first['frame'] == frame or not after or first['outside']:
        return first
    share = (frame - first['frame']) / (after[0]['frame'] - first['frame'])
    pairs = zip(first.get('points') or (), after[0].get('points') or ())
    return dict(first, points=[(1 - share) * a + share * b for a, b in pairs])


def _joint(element: Optional[dict]) -> List[float]:
    """x, y and v of a joint; zeros where it is outside."""
    if element is None or element['outside'] or len(element.get('points') or ()) != 2:
        return [0.0, 0.0, 0]
    return [*element['points'], 1 if element['occluded'] else 2]


def coco_document(
    joints: List[str], frames: Iterable[Frame], annotations: Iterable[Tuple[Frame, dict]]
) -> Dict[str, Any]:
    """What people have labelled, as COCO keypoints that CVAT has numbered.

    Args:
        joints (list[str]): Names, in the order of the keypoints.
        frames (Iterable[Frame]): The images; one may be in several tasks.
        annotations (Iterable[tuple]): From :func:`coco_annotations`.
    """
    images = {frame.image['name']: frame for frame in frames}
    ids = {name: number for number, name in enumerate(images, 1)}
    return dict(
        info=dict(description='labelled in CVAT'),
        categories=[dict(id=1, name='person', keypoints=joints, skeleton=[])],
        images=[
            dict(id=ids[name], width=frame.width, height=frame.height, file_name=name)
            for name, frame in images.items()
        ],
        annotations=[
            dict(each, id=number, image_id=ids[frame.image['name']])
            for number, (frame, each) in enumerate(annotations, 1)
        ],
    )
