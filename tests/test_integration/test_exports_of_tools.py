"""What annotation tools make of a query, as people have reported it of each of them.

Each case changes an export of CVAT's kind (everything numbered anew, the query's note gone) or
of Label Studio's kind, of which two persons are answered. The report is named beside it.
"""

import copy
import json

import numpy as np
import pytest

from mmpose_al.active_learning.answers import ingest
from mmpose_al.active_learning.formats import AnswerError
from tests.test_active_learning.people import answer, as_a_tool, opened, read, write, write_pool

GIVEN = (41, 43)


@pytest.fixture(scope='module')
def asked(tmp_path_factory):
    """Frame 10 is asked for, with predictions; ids 40 to 43."""
    folder = tmp_path_factory.mktemp('people')
    path, pixels, views = write_pool(folder / 'data', 2)
    annotator = opened(folder / 'work', path)
    annotator.ask(1, [10], [1.0], views)
    given = {i: pixels[i] for i in GIVEN}
    coco = as_a_tool(answer(read(annotator.folder, 'cvat'), 'cvat', given))
    tasks = answer(read(annotator.folder, 'label_studio'), 'label_studio', given)
    return annotator, coco, tasks


def points(data):
    """Keypoints of each annotation, (K, 3) each; they may be changed in place."""
    made = [np.reshape(a['keypoints'], (-1, 3)).astype(object) for a in data['annotations']]
    for annotation, keypoints in zip(data['annotations'], made):
        annotation['keypoints'] = keypoints
    return made


def plain(data):
    for annotation in data['annotations']:
        if isinstance(annotation.get('keypoints'), np.ndarray):
            annotation['keypoints'] = annotation['keypoints'].ravel().tolist()
    return data


def without_keypoints(data):  # cvat#8484
    for annotation in data['annotations']:
        del annotation['keypoints']


def empty_keypoints(data):  # cvat#5497, cvat#7757
    data['annotations'][0].update(keypoints=[], num_keypoints=0)


def absent_joints(data):  # cvat-ai/datumaro#114
    del data['annotations'][0]['keypoints'][-3:]


def all_visible_at_the_corner(data):  # cvat#4821, coco-analyze#14
    for keypoints in points(data):
        keypoints[0] = [0.0, 0.0, 2]


def root_category(data):  # rf-detr#1303
    data['categories'].insert(0, dict(id=0, name='people', supercategory='none'))


def names_with_a_hash(data):  # label-studio#729
    for image in data['images']:
        image['file_name'] = f'3-1f0c9a77-{image["file_name"]}'


def names_with_a_suffix(data):  # roboflow/inference#2113: names are changed on upload
    for image in data['images']:
        image['file_name'] = image['file_name'].replace('.png', '_png.rf.8d9fe1.jpg')


def numbered_files(data):  # cvat#6180
    for number, image in enumerate(data['images'], 1):
        image['file_name'] = f'{number:06d}.JPG'


def hashed_files(data):  # label-studio-converter#19
    for image in data['images']:
        image['file_name'] = '22754d115fcc574462a81b9c0d253f0e'


def no_skeletons(data):  # cvat#5831, cvat#1602, ox-vgg/via#5
    data['annotations'] = []


def a_point_is_a_category(data):  # Rectlabel-support#162
    data['categories'] = [dict(id=n, name=f'joint{n}') for n in (1, 2)]
    for annotation in data['annotations']:
        del annotation['keypoints']


def odd_skeleton(data):  # coco-annotator#304
    data['categories'][0]['skeleton'] = [[32, 33], [0, 99]]


def outside_joints(data):  # cvat#9756: joints that are outside lie anywhere
    for keypoints in points(data):
        keypoints[1] = [-80.7, 900.0, 0]


def occluded_outside(data):  # cvat#9756
    points(data)[0][1] = [-80.7, 100.0, 1]


def not_a_number(data):  # fiftyone#3309
    points(data)[0][0] = [float('nan'), float('nan'), 2]


def whole_pixels(data):  # fiftyone#3309, fiftyone#1581: cut off, all visible
    for keypoints in points(data):
        keypoints[:, :2] = np.floor(keypoints[:, :2].astype(float)).astype(int)
        keypoints[:, 2] = 2


def segments(data):  # coco-annotator#209: keypoints beside segments, other fields
    for annotation in data['annotations']:
        annotation.update(segmentation=[[1, 1, 5, 1, 5, 5]], isbbox=False, color='#fff')


JOINTS = 'joints at (0, 0)'
COCO = [
    (without_keypoints, 'labels no joint .*2 persons have no joint with v > 0'),
    (empty_keypoints, (1, 5, None)),
    (absent_joints, r'annotations\[0\] .*has 12 numbers, 5 joints need 15.*\[0, 0, 0\]'),
    (all_visible_at_the_corner, (2, 8, JOINTS)),
    (root_category, (2, 10, None)),
    (names_with_a_hash, (2, 10, None)),
    (names_with_a_suffix, (2, 10, None)),
    (numbered_files, "another project's export, or the images were renamed"),
    (hashed_files, "another project's export, or the images were renamed"),
    (no_skeletons, 'labels no joint .*no person of the query is in it'),
    (a_point_is_a_category, 'no category names joints. Export COCO keypoints with the skeleton'),
    (odd_skeleton, (2, 10, None)),
    (outside_joints, (2, 8, None)),
    (occluded_outside, "'left_hand' is at .-80.7, 100.0., outside the 640x480 image"),
    (not_a_number, "'nose' is .nan, nan, 2., not three finite numbers"),
    (whole_pixels, (2, 10, None)),
    (segments, (2, 10, None)),
]


@pytest.mark.parametrize('change, expected', COCO, ids=lambda each: getattr(each, '__name__', ''))
def test_coco_keypoints_of_tools(change, expected, asked, tmp_path):
    data = copy.deepcopy(asked[1])
    change(data)
    check(asked, plain(data), expected, tmp_path)


def check(asked, data, expected, tmp_path):
    path = write(data, tmp_path / 'a.json', 'coco')
    if isinstance(expected, str):
        with pytest.raises(AnswerError, match=expected):
            ingest(asked[0].folder, path, dry_run=True)
        return
    views, joints, what = expected
    done = ingest(asked[0].folder, path, dry_run=True)
    assert (done.views, done.joints) == (views, joints)
    told = [each for each in done.passed_over if what and what in each]
    assert len(told) == (what is not None)


def submitted(tasks):
    return [task for task in tasks if task['annotations']]


def prediction_ids(tasks):  # label-studio#5654
    for task in tasks:
        task['predictions'] = [11, 12]


def users(tasks):  # label-studio#7308
    for user, task in zip((dict(id=3, email='a@b', first_name='A'), 4), submitted(tasks)):
        task['annotations'][0]['completed_by'] = user


def two_submissions(tasks):  # label-studio#764: the same again
    first = submitted(tasks)[0]
    first['annotations'] *= 2


def export_fields(tasks):  # what versions 1.8 to 1.20 write beside
    for number, task in enumerate(tasks):
        task.update(file_upload='x.json', drafts=[], meta={}, inner_id=number, comment_count=0)
        for annotation in task['annotations']:
            annotation.update(prediction={}, import_id=None, last_action='submitted', task=1)
            for region in annotation['result']:
                region.update(origin='prediction-changed', score=0.7, meta=dict(text=['?']))


OPEN = 'nobody has submitted'
TASKS = [
    (prediction_ids, (2, 10, OPEN)),
    (users, (2, 10, OPEN)),
    (two_submissions, (2, 10, OPEN)),
    (export_fields, (2, 10, OPEN)),
]


@pytest.mark.parametrize('change, expected', TASKS, ids=lambda each: getattr(each, '__name__', ''))
def test_tasks_of_label_studio(change, expected, asked, tmp_path):
    tasks = copy.deepcopy(asked[2])
    change(tasks)
    check(asked, tasks, expected, tmp_path)


def test_one_annotation_of_target_storage(asked, tmp_path):  # label-studio#764
    task = submitted(asked[2])[0]
    one = dict(task['annotations'][0], task={k: v for k, v in task.items() if k != 'annotations'})
    check(
        asked, one, 'target storage, one annotation a file. Export the project as .JSON.', tmp_path
    )


def test_a_list_of_tasks_in_lines(asked, tmp_path):
    """JSON lines, as scripts write them."""
    path = tmp_path / 'a.jsonl'
    path.write_text('\n'.join(json.dumps(task) for task in asked[2]))
    with pytest.raises(AnswerError, match='is JSON lines.*one list'):
        ingest(asked[0].folder, str(path), dry_run=True)
