"""Label Studio: broken exports are refused whole, and the task is named."""

import copy
import xml.etree.ElementTree as ElementTree

import pytest

from mmpose_al.active_learning.answers import ingest, load_answers
from mmpose_al.active_learning.formats import AnswerError, Document, LabelStudio
from mmpose_al.active_learning.formats.label_studio import (
    DRAFT,
    KEYS,
    OPEN,
    OTHERS,
    hotkey,
    label_studio_config,
    label_studio_tasks,
)
from mmpose_al.active_learning.query import load_query
from tests.test_active_learning.people import NAMES, ROUND, answer, opened, read, refused, write


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
    no_query=(lambda d: [t['data'].pop('query') for t in d], ['data.query']),
    not_a_task=(lambda d: d.append('task'), ['tasks[16]', "is 'task'"]),
    json_min=(lambda d: task(d).pop('data'), ['field "data"', 'not JSON-MIN']),
    unknown_person=(
        lambda d: task(d)['data'].update(annotation_id=77),
        ['data.annotation_id', '77'],
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
        ['labels no joint', '2 passed over: tasks that were skipped'],
    ),
    not_answered=(
        lambda d: [t.pop('annotations') for t in d],
        ['labels no joint', '16 passed over: tasks that nobody has submitted'],
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
    (entry,) = done.passed_over["answers of the lab's own controls"]
    assert entry.endswith('.result[5]')


OWN_JOINT = dict(
    type='keypointlabels',
    from_name='landmarks',
    value=dict(x=1.0, y=1.0, width=0.5, keypointlabels=['nose']),
)


def test_a_labs_own_key_points_are_no_joints(answering, tmp_path):
    """Whatever they are called; and what is chosen of a joint there says nothing of ours."""
    data = copy.deepcopy(answering[1]['label_studio'])
    before = accepted(answering, data, tmp_path)
    own = [
        dict(OWN_JOINT, id='q'),
        dict(OWN_JOINT, id='w', value=dict(OWN_JOINT['value'], keypointlabels=['water bottle'])),
        dict(type='choices', from_name='bedding', id='r0', value=dict(choices=['hidden'])),
    ]
    result(data).extend(own)
    done = accepted(answering, data, tmp_path)
    assert (done.annotations, done.joints) == (before.annotations, before.joints)
    assert passed(done)["answers of the lab's own controls"] == 3 and done.replaced == {}


def test_an_interface_of_a_lab_may_call_our_joints_otherwise(answering, tmp_path):
    """No control is called as ours, so its key points are the joints."""
    data = copy.deepcopy(answering[1]['label_studio'])
    for task in data:
        for annotation in task['annotations']:
            for region in annotation['result']:
                if region['type'] == 'keypointlabels':
                    region['from_name'] = 'kp'
    assert accepted(answering, data, tmp_path).joints == 10


def test_a_choice_that_belongs_to_no_region_is_refused(answering, tmp_path):
    data = copy.deepcopy(answering[1]['label_studio'])
    for region in result(data):
        region.pop('id', None)
    result(data).append(
        dict(type='choices', from_name='visibility', value=dict(choices=['hidden']))
    )
    path = write(data, tmp_path / 'tasks.json', 'label_studio')
    refused(answering, path, 'whose visibility', 'id of the region')


def test_predictions_made_annotations_do_not_outvote_people(answering, tmp_path):
    """The bulk action leaves no time; it came later than the person's own answer."""
    data = copy.deepcopy(answering[1]['label_studio'])
    before = accepted(answering, data, tmp_path)
    for task in data:
        if task['annotations'] and task['predictions']:
            mine = task['annotations'][0]
            mine.update(lead_time=12.0, completed_by=1, updated_at='2026-03-01T10:00:00Z')
            task['annotations'].append(
                dict(
                    id=9,
                    was_cancelled=False,
                    completed_by=2,
                    updated_at='2026-03-01T18:00:00Z',
                    result=copy.deepcopy(task['predictions'][0]['result']),
                )
            )
    for several in ('latest', 'mean'):
        done = accepted(answering, data, tmp_path, several=several)
        assert (done.annotations, done.joints) == (before.annotations, before.joints)
        assert done.unchanged == []
        (what,) = (why for why in done.passed_over if 'nobody has looked at' in why)
        assert len(done.passed_over[what]) == 2


def test_where_images_are_served_from_may_be_said(answering):
    query = load_query(answering[0].folder, ROUND)
    name = query.images[query.annotations[42]['image_id']]['name']
    for prefix in ('/data/local-files/?d=', 's3://bucket/'):
        tasks = {t['data']['annotation_id']: t for t in label_studio_tasks(query, prefix)}
        assert tasks[42]['data']['image'] == f'{prefix}query/round_01/images/{name}'


def accepted(answering, data, tmp_path, **options):
    path = write(data, tmp_path / 'tasks.json', 'label_studio')
    return ingest(answering[0].folder, path, dry_run=True, **options)


@pytest.fixture
def data(answering):
    return copy.deepcopy(answering[1]['label_studio'])


def passed(done):
    return {what: len(entries) for what, entries in done.passed_over.items()}


def test_tasks_that_are_not_ours_or_not_answered_are_passed_over(data, answering, tmp_path):
    assert passed(accepted(answering, data, tmp_path)) == {OPEN: 14}
    done_task, other = task(data, 0), task(data, 1)
    other['data']['query'] = '0123456789ab'
    data.append(dict(id=3, data=dict(text='of another project'), annotations=[]))
    waiting = [t for t in data if t['data'].get('annotation_id') in (40, 41)]
    waiting[0].pop('annotations')
    waiting[1]['drafts'] = [dict(result=[])]
    done = accepted(answering, data, tmp_path)
    assert done.annotations == [done_task['data']['annotation_id']]
    assert passed(done) == {OTHERS: 2, OPEN: 13, DRAFT: 1}


def moved(data, by, at, shift, **more):
    """Somebody else's answer about the person of the first task, moved to the right."""
    first = task(data)
    again = copy.deepcopy(first['annotations'][0])
    for region in again['result']:
        region['value']['x'] += shift / 640 * 100
    again.update(completed_by=by, updated_at=at, **more)
    first['annotations'].append(again)
    return first['data']['annotation_id']


def test_several_people_are_no_reason_to_refuse(data, answering, tmp_path):
    first = task(data)['annotations'][0]
    first.update(completed_by=1, updated_at='2026-03-02T10:00:00Z', lead_time=12.5)
    number = moved(data, dict(id=2, email='b@lab'), '2026-03-02T11:00:00Z', 40)
    path = write(data, tmp_path / 'tasks.json', 'label_studio')
    with Document(path) as document:
        query = load_query(answering[0].folder, ROUND)
        found = LabelStudio().parse(document, query, document.faults)
    one, two = (a for a in found if a.annotation == number)
    assert (one.by, one.at, one.seconds) == ('1', '2026-03-02T10:00:00Z', 12.5)
    assert (two.by, two.at, two.seconds) == ('b@lab', '2026-03-02T11:00:00Z', 12.5)
    assert two.keypoints[0, 0] - one.keypoints[0, 0] == pytest.approx(40, abs=0.01)
    done = accepted(answering, data, tmp_path)
    (warning,) = (w for w in done.warnings if w.kind == 'annotators')
    assert '1, b@lab differ in 5 of 5 joints' in warning.text and 'by 40 px' in warning.text
    assert accepted(answering, data, tmp_path, several='mean').annotations == done.annotations
    assert accepted(answering, data, tmp_path, annotator='1').annotations == [number]
    with pytest.raises(AnswerError, match="'carl'; those of 1, b@lab, somebody are"):
        accepted(answering, data, tmp_path, annotator='carl')
    first['ground_truth'] = True
    done = accepted(answering, data, tmp_path)
    assert [w for w in done.warnings if w.kind == 'annotators'] == []


def test_a_task_that_was_imported_twice_has_the_latest_answer(data, answering, tmp_path):
    again = copy.deepcopy(task(data))
    task(data)['annotations'][0]['updated_at'] = '2026-03-02T10:00:00Z'
    again['annotations'][0]['updated_at'] = '2026-03-02T09:00:00Z'
    again['annotations'][0]['result'].pop()
    data.append(again)
    assert accepted(answering, data, tmp_path).joints == 10
    again['annotations'][0]['updated_at'] = '2026-03-02T11:00:00Z'
    assert accepted(answering, data, tmp_path).joints == 9


def test_who_when_and_how_long_are_kept(asked, tmp_path):
    annotator, pixels = asked
    data = answer(read(annotator.folder, 'label_studio'), 'label_studio', {80: pixels[80]})
    given = task(data)['annotations'][0]
    given.update(completed_by=7, created_at='2026-03-02T10:00:00Z', lead_time=30.25)
    path = write(data, tmp_path / 'a.json', 'label_studio')
    ingest(annotator.folder, path)
    ((entry,),) = (e['annotations'] for e in load_answers(annotator.folder, ROUND)['events'])
    assert {k: v for k, v in entry.items() if k not in ('id', 'keypoints')} == dict(
        by='7', at='2026-03-02T10:00:00Z', seconds=30.25
    )
    # somebody else comes later: said, with the distance
    for region in given['result']:
        region['value']['x'] += 10 / 640 * 100
    given.update(completed_by=8)
    done = ingest(annotator.folder, write(data, tmp_path / 'b.json', 'label_studio'))
    (warning,) = (w for w in done.warnings if w.kind == 'replaced')
    assert warning.text.endswith(
        'annotation 80: 8 replaces the answer of 7, 10.0 px away in the mean, up to 10.0 px'
    )
    assert done.replaced == {80: pytest.approx(10, abs=0.01)}
    # and corrects the own answer: no warning
    for region in given['result']:
        region['value']['x'] -= 10 / 640 * 100
    done = ingest(annotator.folder, write(data, tmp_path / 'c.json', 'label_studio'))
    assert [w for w in done.warnings if w.kind == 'replaced'] == [] and 80 in done.replaced


def test_a_size_that_is_half_told_is_held_to(data, answering, tmp_path):
    """``original_width`` is missing, ``original_height`` is there."""
    for region in result(data):
        region.pop('original_width')
    assert accepted(answering, data, tmp_path).joints == 10
    result(data)[1]['original_height'] = 960
    refused(answering, write(data, tmp_path / 'a.json', 'label_studio'), 'Nonex960', '640x480')


def test_one_project_for_all_rounds(asked, pool, tmp_path):
    annotator, pixels = asked
    old = answer(read(annotator.folder, 'label_studio'), 'label_studio', {80: pixels[80]})
    annotator.ask(ROUND + 1, [10], [1.0], pool[2])
    tasks = read(annotator.folder, 'label_studio', ROUND + 1)
    new = answer(tasks, 'label_studio', {40: pixels[40]})
    done = ingest(annotator.folder, write(old + new, tmp_path / 'a.json', 'label_studio'))
    assert (done.round, done.annotations) == (ROUND + 1, [40])
    assert passed(done) == {OPEN: 3}  # those of the earlier round are late, not another's


def config_of(query):
    return ElementTree.fromstring(label_studio_config(query))


def test_palette_and_visibility_are_beside_the_image_and_have_keys(answering):
    root = config_of(load_query(answering[0].folder, ROUND))
    assert [each.tag for each in root] == ['Header', 'View']
    left, right = root.find('View')
    assert [each.tag for each in left] == ['KeyPointLabels', 'Choices', 'RectangleLabels']
    assert [each.tag for each in right] == ['Image']
    labels = {each.get('value'): each for each in left.find('KeyPointLabels')}
    keys = [each.get('hotkey') for each in root.iter() if each.get('hotkey')]
    assert len(keys) == len(set(keys)) == len(NAMES) + 2
    assert not set(keys) & set('bchklpruv')  # Label Studio's own tools
    colours = {name: each.get('background') for name, each in labels.items()}
    assert colours['left_hand'] == colours['left_foot'] != colours['right_hand']
    assert len({colours[name] for name in ('nose', 'left_hand', 'right_hand')}) == 3
    many = [hotkey(place) for place in range(3 * len(KEYS))]
    assert len(set(many)) == len(many)


def test_no_box_takes_the_clicks_of_joints(answering, pool, tmp_path):
    """Two persons in each image, of whom one is predicted; then one alone."""
    query = load_query(answering[0].folder, ROUND)
    tasks = {t['data']['annotation_id']: t for t in label_studio_tasks(query)}
    regions = {i: t['predictions'][0]['result'] for i, t in tasks.items() if t['predictions']}
    assert (
        tasks[1000]['predictions'] == []
        and 'number 2 of 2 from the left' in tasks[1000]['data']['note']
    )
    assert 'number 1 of 2 from the left' in tasks[0]['data']['note']
    kinds = [region['type'] for region in regions[0]]
    assert kinds.index('rectanglelabels') == len(kinds) - 1 > 0  # behind the joints
    assert regions[0][-1]['value']['x'] == pytest.approx(20.5 / 640 * 100, abs=1e-4)
    alone = opened(tmp_path / 'work', pool[0])
    alone.ask(ROUND, [20], [1.0], pool[2])
    for made in label_studio_tasks(load_query(alone.folder, ROUND)):
        kinds = {region['type'] for region in made['predictions'][0]['result']}
        assert kinds == {'keypointlabels'} and 'from the left' not in made['data']['note']


def test_predictions_that_a_bulk_action_made_annotations_are_no_labels(asked, tmp_path):
    annotator, pixels = asked
    tasks = answer(read(annotator.folder, 'label_studio'), 'label_studio', {80: pixels[80]})
    for each in tasks:
        if not each['annotations']:
            result = each['predictions'][0]['result']
            each['annotations'] = [dict(id=2, result=result, completed_by=1, lead_time=None)]
    path = write(tasks, tmp_path / 'a.json', 'label_studio')
    done = ingest(annotator.folder, path, dry_run=True)
    assert done.annotations == [80] and len(done.unchanged) == 7
    # one of them was opened, looked at and submitted
    next(t for t in tasks if t['data']['annotation_id'] == 2)['annotations'][0]['lead_time'] = 4.2
    path = write(tasks, tmp_path / 'b.json', 'label_studio')
    assert ingest(annotator.folder, path, dry_run=True).annotations == [2, 80]
    # the same annotation copied to another task
    other = next(t for t in tasks if t['data']['annotation_id'] == 3)
    other['annotations'] = copy.deepcopy(task(tasks, 0)['annotations'])
    tasks = [t for t in tasks if t['data']['annotation_id'] in (80, 3)]
    for each in tasks:
        each['annotations'][0]['result'] = copy.deepcopy(tasks[0]['annotations'][0]['result'])
    done = ingest(annotator.folder, write(tasks, tmp_path / 'c.json', 'label_studio'), dry_run=True)
    assert len(done.annotations) == 1 and any('copies' in what for what in done.passed_over)
