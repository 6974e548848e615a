"""Skeletons go out and COCO keypoints come back; numbers are worked by hand."""

import pytest

from mmpose_al.active_learning.query import Query
from mmpose_al.active_learning.servers.cvat_shapes import (
    Frame,
    Part,
    SkeletonLabel,
    coco_annotations,
    coco_document,
    frames_of,
    is_untouched,
    skeleton_labels,
    skeletons,
)

JOINTS = ['nose', 'hand']
LABEL = SkeletonLabel(5, dict(nose=51, hand=52), dict(annotation_id=8, reviewed=9))
IMAGE = dict(id=3, name='a.png', width=40, height=30)


def query(prediction=((10.0, 20.0, 0.9), (0.0, 0.0, 0.0)), name='a.png'):
    content = dict(
        id='0' * 12,
        round=1,
        category=dict(keypoints=JOINTS),
        units=[],
        images=[dict(IMAGE, name=name)],
        annotations=[dict(id=7, image_id=3, prediction=prediction)],
    )
    return Query(content, 'folder')


def element(label, x, y, outside=False, occluded=False, **more):
    return dict(
        type='points', label_id=label, points=[x, y], outside=outside, occluded=occluded, **more
    )


def shape(*elements, frame=0, attributes=(), label=5):
    told = [dict(spec_id=number, value=value) for number, value in attributes]
    return dict(
        type='skeleton', frame=frame, label_id=label, attributes=told, elements=list(elements)
    )


def annotations(labelled, parts=(), frames=None):
    frames = frames or {0: Frame(IMAGE, 40, 30)}
    return [each for _, each in coco_annotations(labelled, frames, parts, LABEL)]


def test_labels_that_are_skeletons():
    listed = [
        dict(id=1, name='box', type='rectangle', attributes=[]),
        dict(
            id=5,
            type='skeleton',
            attributes=[dict(id=8, name='annotation_id'), dict(id=9, name='reviewed')],
            sublabels=[dict(id=51, name='nose'), dict(id=52, name='hand')],
        ),
        dict(id=51, type='points', name='nose', has_parent=True),
    ]
    assert list(skeleton_labels(listed)) == [LABEL]


@pytest.mark.parametrize('name, known', [('a.png', 'a.png'), ('x/y/a.png', 'y/a.png')])
def test_frames_are_known_by_the_end_of_their_names(name, known):
    size = dict(width=40, height=30)
    frames = [dict(size, name='b.png'), dict(size, name=name), dict(size, name='c/a.jpg')]
    found = frames_of(dict(frames=frames), query(name=known))
    assert found == {1: Frame(dict(IMAGE, name=known), 40, 30)}
    assert frames_of(dict(frames=frames, deleted_frames=[1]), query(name=known)) == {}


def test_a_skeleton_is_at_the_prediction_and_half_a_pixel_from_the_corner():
    (made,) = skeletons(query(), {4: Frame(IMAGE, 40, 30)}, LABEL)
    assert made['frame'] == 4 and made['label_id'] == 5 and made['points'] == []
    assert made['attributes'] == [dict(spec_id=8, value='7'), dict(spec_id=9, value='false')]
    told = [(e['label_id'], e['points'], e['outside']) for e in made['elements']]
    # The hand is not predicted: outside, and where the nose is.
    assert told == [(51, [10.5, 20.5], False), (52, [10.5, 20.5], True)]
    assert skeletons(query(prediction=None), {4: Frame(IMAGE, 40, 30)}, LABEL) == []
    plain = LABEL._replace(attributes={})
    assert skeletons(query(), {4: Frame(IMAGE, 40, 30)}, plain)[0]['attributes'] == []


def test_who_has_touched_a_skeleton():
    made = skeletons(query(), {0: Frame(IMAGE, 40, 30)}, LABEL)
    given = [dict(each, id=9, elements=each['elements'][::-1]) for each in made]
    assert is_untouched(given, made)
    assert not is_untouched([], made) and not is_untouched(given * 2, made)
    for change in (dict(outside=True), dict(occluded=True), dict(points=[10.5, 20.52])):
        first, second = made[0]['elements']
        assert not is_untouched([dict(made[0], elements=[dict(first, **change), second])], made)


def test_joints_that_are_hidden_outside_and_missing():
    drawn = shape(element(52, 3.5, 4.5, occluded=True), attributes=[(8, '7'), (9, 'true')])
    assert annotations(dict(shapes=[drawn])) == [
        dict(
            category_id=1,
            iscrowd=0,
            keypoints=[0, 0, 0, 3.5, 4.5, 1],
            num_keypoints=1,
            attributes=dict(annotation_id='7', reviewed=True),
        )
    ]
    drawn = shape(element(51, 1.0, 2.0), element(52, 3.5, 4.5, outside=True))
    (made,) = annotations(dict(shapes=[drawn]))
    assert made['keypoints'] == [1.0, 2.0, 2, 0, 0, 0]
    assert made['attributes'] == dict(annotation_id='', reviewed=False)


def test_who_has_labelled_it():
    two = {n: Frame(dict(IMAGE, id=n), 40, 30) for n in range(3)}
    drawn = [shape(element(51, 1.0, 2.0), frame=n) for n in range(4)]
    parts = [Part(0, 0, 'anna', False), Part(1, 1, None, True)]
    told = [a['attributes'] for a in annotations(dict(shapes=drawn), parts, two)]
    assert told == [
        dict(annotation_id='', reviewed=False, by='anna'),
        dict(annotation_id='', reviewed=True),
        dict(annotation_id='', reviewed=False),
    ]


def test_other_labels_and_images_are_left_out():
    drawn = [shape(element(51, 1.0, 2.0), label=6), shape(element(51, 1.0, 2.0), frame=9)]
    assert annotations(dict(shapes=drawn)) == []


def test_of_a_track_what_somebody_has_drawn():
    frames = {n: Frame(dict(IMAGE, id=n), 40, 30) for n in range(4)}
    nose = [element(51, n, n, frame=n) for n in (0, 2, 3)]
    hand = [element(52, n, n, frame=n, outside=n == 3) for n in (0, 3)]
    nose[2]['outside'] = True
    track = dict(
        label_id=5,
        attributes=[dict(spec_id=8, value='7')],
        shapes=[dict(frame=n, attributes=[dict(spec_id=9, value='true')]) for n in (0, 2, 3)],
        elements=[dict(label_id=51, shapes=nose), dict(label_id=52, shapes=hand)],
    )
    # In frame 2 the hand lies between two places of its own, two thirds of the way; in frame 3
    # the track has ended.
    first, second = annotations(dict(tracks=[track, dict(track, label_id=6)]), (), frames)
    assert first['keypoints'] == [0, 0, 2, 0, 0, 2] and second['keypoints'] == [2, 2, 2, 2, 2, 2]
    assert first['attributes'] == dict(annotation_id='7', reviewed=True)
    assert annotations(dict(tracks=[dict(track, elements=[])]), (), frames) == []


def test_joints_that_were_moved_make_a_frame_of_a_track_an_answer():
    """CVAT keeps those alone, and no place of the skeleton; the others stay where they are."""
    frames = {n: Frame(dict(IMAGE, id=n), 40, 30) for n in range(4)}
    track = dict(
        label_id=5,
        attributes=[dict(spec_id=8, value='7')],
        shapes=[dict(frame=1, attributes=[dict(spec_id=9, value='true')])],
        elements=[
            dict(label_id=51, shapes=[element(51, 1, 1, frame=1), element(51, 9, 8, frame=2)]),
            dict(label_id=52, shapes=[element(52, 4, 5, frame=1)]),
        ],
    )
    first, second = annotations(dict(tracks=[track]), (), frames)
    assert first['keypoints'] == [1, 1, 2, 4, 5, 2] and second['keypoints'] == [9, 8, 2, 4, 5, 2]
    assert second['attributes'] == dict(annotation_id='7', reviewed=True)
    late = dict(track, elements=[track['elements'][0], dict(label_id=52, shapes=[])])
    assert annotations(dict(tracks=[late]), (), frames)[0]['keypoints'] == [1, 1, 2, 0, 0, 0]


def test_a_document_names_each_image_once():
    first, second = Frame(IMAGE, 40, 30), Frame(dict(IMAGE, name='b.png'), 8, 6)
    made = coco_document(JOINTS, [first, second, first], [(second, dict(n=1)), (first, dict(n=2))])
    assert made['categories'][0]['keypoints'] == JOINTS
    assert made['images'] == [
        dict(id=1, width=40, height=30, file_name='a.png'),
        dict(id=2, width=8, height=6, file_name='b.png'),
    ]
    assert made['annotations'] == [dict(n=1, id=1, image_id=2), dict(n=2, id=2, image_id=1)]
