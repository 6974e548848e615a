"""Label Studio: broken exports are refused whole, and the task is named."""

import copy

import pytest

from mmpose_al.active_learning.answers import ingest
from mmpose_al.active_learning.formats.label_studio import label_studio_tasks
from mmpose_al.active_learning.query import load_query
from tests.test_active_learning.people import NAMES, ROUND, refused, write


def task(data, place=0):
    """A task with an answer."""
    return [t for t in data if t['annotations']][place]


def result(data):
    return task(data)['annotations'][0]['result']


def number(data):
    return f'tasks[{data.index(task(data))}]'


TASKS = dict(
    another_project=(
        lambda d: [t['data'].update(query='0123456789ab') for t in d],
        ['data.query', '0123456789ab', "another project's export"],
    ),
    one_of_another=(
        lambda d: task(d)['data'].update(query='0123456789ab'),
        ['data.query', "'0123456789ab', not"],
    ),
    no_query=(lambda d: [t['data'].pop('query') for t in d], ['data.query']),
    not_a_task=(lambda d: d.append('task'), ['tasks[16]', "is 'task'"]),
    json_min=(lambda d: task(d).pop('data'), ['field "data"', 'not JSON-MIN']),
    no_annotations=(lambda d: d[0].pop('annotations'), ['tasks[0]', 'is missing']),
    unknown_person=(
        lambda d: task(d)['data'].update(annotation_id=77),
        ['data.annotation_id', '77'],
    ),
    person_twice=(
        lambda d: d.append(copy.deepcopy(task(d))),
        ['tasks[16]', 'is also that of tasks['],
    ),
    two_submitted=(
        lambda d: task(d)['annotations'].append(task(d)['annotations'][0]),
        ['annotations', '2 were submitted'],
    ),
    result_not_a_list=(
        lambda d: task(d)['annotations'][0].update(result={}),
        ['field "annotations"', 'list "result"'],
    ),
    other_joint=(
        lambda d: result(d)[0]['value'].update(keypointlabels=['tail']),
        ['.annotations[0].result[0]', "['tail']"],
    ),
    two_names=(
        lambda d: result(d)[0]['value'].update(keypointlabels=NAMES[:2]),
        ['.result[0]', 'not one joint'],
    ),
    joint_twice=(
        lambda d: result(d).append(copy.deepcopy(result(d)[0])),
        ['.result[5]', "'nose' is there twice"],
    ),
    another_shape=(
        lambda d: result(d)[2].update(type='polygonlabels'),
        ['.result[2]', "'polygonlabels'"],
    ),
    outside=(
        lambda d: result(d)[1]['value'].update(x=100.5),
        ['.result[1]', "'left_hand'", 'percent, outside'],
    ),
    nan=(
        lambda d: result(d)[1]['value'].update(y=float('nan')),
        ['.result[1]', "'left_hand'", 'two finite numbers'],
    ),
    text=(lambda d: result(d)[1]['value'].update(y='50'), ['.result[1]', "'50'"]),
    turned=(lambda d: result(d)[1].update(image_rotation=90), ['.result[1]', 'is 90']),
    resized=(
        lambda d: result(d)[1].update(original_width=1280),
        ['.result[1]', '1280x480', '640x480'],
    ),
    visibility=(
        lambda d: result(d).append(dict(id='r0', type='choices', value=dict(choices=['gone']))),
        ['.result[5]', "['gone']", "'hidden'"],
    ),
    skipped=(
        lambda d: [a.update(was_cancelled=True) for t in d for a in t['annotations']],
        ['labels no joint'],
    ),
)


@pytest.mark.parametrize('name', sorted(TASKS))
def test_broken_label_studio(name, answering, tmp_path):
    data = copy.deepcopy(answering[1]['label_studio'])
    change, words = TASKS[name]
    change(data)
    refused(answering, write(data, tmp_path / 'tasks.json', 'label_studio'), *words)


def test_json_min_is_named(answering, tmp_path):
    tasks = [
        dict(t['data'], id=n, annotator=1, lead_time=2.0, joint=[])
        for n, t in enumerate(answering[1]['label_studio'])
    ]
    path = write(tasks, tmp_path / 'min.json', 'label_studio')
    refused(answering, path, 'JSON-MIN', 'Export as "JSON"')


@pytest.mark.parametrize(
    'own',
    [
        dict(type='choices', from_name='quality', value=dict(choices=['blurred'])),
        dict(type='number', from_name='age', value=dict(number=3)),
        dict(type='taxonomy', from_name='place', value=dict(taxonomy=[['a', 'b']])),
    ],
    ids=lambda own: own['type'],
)
def test_controls_that_a_lab_has_added_are_passed_over(own, answering, tmp_path):
    data = copy.deepcopy(answering[1]['label_studio'])
    result(data).append(dict(own, id='q', to_name='image'))
    path = write(data, tmp_path / 'tasks.json', 'label_studio')
    done = ingest(answering[0].folder, path, dry_run=True)
    assert done.annotations == [0, 2] and done.joints == 10
    ((what, entries),) = done.passed_over.items()
    assert what == "answers of the lab's own controls" and entries[0].endswith('.result[5]')


def test_where_images_are_served_from_may_be_said(answering):
    query = load_query(answering[0].folder, ROUND)
    name = query.images[query.annotations[42]['image_id']]['name']
    for prefix in ('/data/local-files/?d=', 's3://bucket/'):
        tasks = {t['data']['annotation_id']: t for t in label_studio_tasks(query, prefix)}
        assert tasks[42]['data']['image'] == f'{prefix}query/round_01/images/{name}'
