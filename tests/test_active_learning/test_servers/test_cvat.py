"""What is asked of a CVAT server; a query goes there and its answers come back, once."""

import copy

import numpy as np
import pytest

from mmpose_al.active_learning.answers import load_answers
from mmpose_al.active_learning.formats import AnswerError
from mmpose_al.active_learning.paths import Paths
from mmpose_al.active_learning.pool import load_pool
from mmpose_al.active_learning.query import load_query
from mmpose_al.active_learning.servers import CvatServer, Handing, ServerError, pull, push
from mmpose_al.active_learning.servers import cvat as cvat_module
from mmpose_al.active_learning.servers.exchange import load_link
from mmpose_al.active_learning.state import new_state
from tests.test_active_learning.people import NAMES, ROUND, labelled, opened, snapshot, write_pool
from tests.test_active_learning.test_servers.cvat_server import OLD_TOKEN, TOKEN, cvat_server
from tests.test_active_learning.test_servers.test_exchange import ask_again, close_round
from tests.test_cli.people import asked_experiment


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(cvat_module, 'WAIT', (0.0, 0.0))
    monkeypatch.delenv(cvat_module.ORGANIZATION, raising=False)


@pytest.fixture
def cvat():
    """A server: what it holds, and its address."""
    with cvat_server() as running:
        yield running


def quiet(line):
    raise AssertionError(line)


def sent(work, url, token=TOKEN, project=None, **how):
    how = Handing(**dict(dict(say=quiet), **how))
    return push(work, CvatServer(url, token, timeout=5), project, how)


def taken(work, url, **options):
    return pull(work, CvatServer(url, TOKEN, timeout=5), **options)


def only(entries):
    (entry,) = entries.values()
    return entry


def test_a_query_is_pushed_once(cvat, experiment):
    held, url = cvat
    work, pixels = experiment
    done = sent(work, url)
    project = only(held.projects)
    assert done == (ROUND, project['id'], True, f'{url}/projects/{project["id"]}', (1, 0, 8, 0))
    query, task = load_query(work, ROUND), only(held.tasks)
    link = load_link(work)
    assert link.tool == 'cvat' and project['name'] == (
        f'mmpose_al: work (mmpose_al experiment {link.key})'
    )
    (label,) = project['labels']
    assert [sub['name'] for sub in label['sublabels']] == NAMES
    assert task['name'] == f'round 1, query {query.id}' and len(task['jobs']) == 1
    assert [f['name'] for f in task['frames']] == [i['name'] for i in query.images.values()]
    for name, content in task['files'].items():
        image = next(i for i in query.images.values() if i['name'] == name)
        assert content == open(query.image_path(image), 'rb').read()
    joints = {sub['id']: NAMES.index(sub['name']) for sub in label['sublabels']}
    assert len(task['shapes']) == 8
    for shape in task['shapes']:
        told = {a['id']: a['name'] for a in label['attributes']}
        about = {told[a['spec_id']]: a['value'] for a in shape['attributes']}
        entry = query.annotations[int(about['annotation_id'])]
        assert about['reviewed'] == 'false' and shape['source'] == 'auto'
        image = query.images[entry['image_id']]
        assert task['frames'][shape['frame']]['name'] == image['name']
        for element in shape['elements']:
            x, y, _ = entry['prediction'][joints[element['label_id']]]
            if any((x, y)):
                np.testing.assert_allclose(element['points'], [x + 0.5, y + 0.5], atol=0.001)
            assert element['outside'] is not any((x, y))
    before = snapshot(work)
    again = sent(work, url, OLD_TOKEN)
    unsent = done.sent._replace(added=0, there=1, uploaded=0)
    assert again == done._replace(created=False, sent=unsent)
    assert len(held.tasks) == 1 and len(task['shapes']) == 8 and snapshot(work) == before
    assert not any(TOKEN.encode() in content for content in before.values())


@pytest.mark.parametrize('requests', range(8))
def test_a_push_that_was_killed_is_done_again(cvat, experiment, requests):
    held, url = cvat
    work, _ = experiment
    held.left = requests  # project, task, begin, images, end, skeletons, name
    if requests < 7:
        with pytest.raises(ServerError, match='what is done stays'):
            sent(work, url)
    else:
        sent(work, url)
    held.left = None
    sent(work, url)
    assert len(held.projects) == len(held.tasks) == 1
    task = only(held.tasks)
    assert len(task['frames']) == len(task['shapes']) == 8 and 'made' not in task['name']


def test_answers_are_pulled(cvat, experiment):
    held, url = cvat
    work, pixels = experiment
    with pytest.raises(ServerError, match=r'(?s)nothing was pushed to http.* push .*first'):
        taken(work, url)
    sent(work, url)
    with pytest.raises(AnswerError, match=r'8 persons came back exactly as they were filled in'):
        taken(work, url)
    held.move(80, pixels[80], by='anna')
    held.move(81, pixels[81], hidden=[1])
    before = snapshot(work)
    assert taken(work, url, dry_run=True).written is False and snapshot(work) == before
    done = taken(work, url)
    assert done.annotations == [80, 81] and done.format == 'cvat' and done.written
    assert sorted(done.unchanged) == [0, 1, 2, 3, 82, 83]
    assert not taken(work, url).written
    labels, _ = labelled(Paths(work).labels)
    assert sorted(labels) == [80, 81]
    for number, points in labels.items():
        seen = points[:, 2] > 0
        assert seen.any()
        np.testing.assert_allclose(points[seen, :2], pixels[number][seen], atol=0.002)
    assert labels[81][1, 2] == 1 and set(labels[80][:, 2]) <= {0, 2}
    (event,) = load_answers(work, ROUND)['events']
    assert event['file'] == 'round_01_pulled_cvat.json'
    assert [entry['by'] for entry in event['annotations']] == ['anna', 'anna']  # one job


@pytest.mark.parametrize('by', [None, 'anna'])
def test_a_person_who_is_drawn_twice_is_refused(cvat, experiment, by):
    held, url = cvat
    work, pixels = experiment
    sent(work, url)
    held.move(80, pixels[80], by=by)
    task, shape = held.where(80)
    task['shapes'].append(copy.deepcopy(dict(shape, id=1)))
    held.move(80, pixels[80] + 1, by=by)
    with pytest.raises(AnswerError, match='answers annotation 80 of the query, as annotations'):
        taken(work, url)


def test_a_skeleton_and_its_copy_are_one_answer(cvat, experiment):
    held, url = cvat
    work, pixels = experiment
    sent(work, url)
    held.move(80, pixels[80], by='anna')
    task, shape = held.where(80)
    task['shapes'].append(dict(shape, id=1))
    assert taken(work, url).annotations == [80]


def test_a_job_that_is_completed_was_looked_at(cvat, experiment):
    held, url = cvat
    work, _ = experiment
    sent(work, url, job_size=4)
    jobs = only(held.tasks)['jobs']
    assert [(j['start_frame'], j['stop_frame']) for j in jobs] == [(0, 3), (4, 7)]
    held.work(80, 'completed', by='bob')
    done = taken(work, url)
    first = [int(a['value']) for s in only(held.tasks)['shapes'][:4] for a in s['attributes'][:1]]
    assert done.annotations == sorted(first) and done.unchanged == sorted(
        set(load_query(work, ROUND).annotations) - set(first)
    )
    (event,) = load_answers(work, ROUND)['events']
    assert {entry['by'] for entry in event['annotations']} == {'bob'}


def test_rounds_share_a_project_and_what_nobody_has_begun_is_removed(cvat, experiment):
    held, url = cvat
    work, pixels = experiment
    sent(work, url)
    held.move(80, pixels[80])
    taken(work, url)
    close_round(work)
    ask_again(work, pixels)
    done = sent(work, url)
    assert (done.sent.added, done.sent.removed, len(held.tasks)) == (
        1,
        0,
        2,
    )  # somebody has begun it
    held.move(81, pixels[81])  # comes late
    newest = list(held.tasks.values())[-1]
    assert newest['shapes'] == []  # this query has no predictions
    assert taken(work, url).late == {ROUND: [81]}
    assert sorted(labelled(Paths(work).labels)[0]) == [80, 81]


@pytest.mark.parametrize('touched', [None, 'state', 'moved', 'deleted', 'attribute'])
def test_a_task_that_nobody_has_begun_is_removed(cvat, experiment, touched):
    held, url = cvat
    work, pixels = experiment
    sent(work, url)
    held.move(80, pixels[80])
    taken(work, url)
    task = only(held.tasks)
    sent(work, url, project='new')  # another project, whose task nobody has begun
    other = list(held.tasks.values())[-1]
    assert other is not task
    if touched == 'state':
        held.work(81, 'in progress')
    elif touched == 'moved':
        held.move(81, pixels[81], 'new')
    elif touched == 'deleted':
        del other['shapes'][3]
    elif touched == 'attribute':
        other['shapes'][3]['attributes'][1]['value'] = 'true'
    close_round(work)
    ask_again(work, pixels)
    assert sent(work, url).sent.removed == (touched is None)
    assert len(held.tasks) == (2 if touched is None else 3) and task['id'] in held.tasks


def test_images_that_the_server_has(cvat, experiment):
    held, url = cvat
    work, _ = experiment
    assert sent(work, url, prefix='lab/').sent.uploaded == 0
    query = load_query(work, ROUND)
    task = only(held.tasks)
    names = [f'lab/query/round_01/images/{image["name"]}' for image in query.images.values()]
    assert [frame['name'] for frame in task['frames']] == names and len(task['shapes']) == 8
    held.work(80, 'completed')
    assert len(taken(work, url).annotations) == 8


def test_images_that_are_not_handed_out(cvat, tmp_path):
    held, url = cvat
    path, pixels, views = write_pool(tmp_path / 'data')
    work = str(tmp_path / 'work')
    opened(work, path, images='none').ask(0, [20], [1.0], views)
    new_state(work, load_pool(path, 'frames'), 'digest', 0).write()
    with pytest.raises(ValueError, match='hands out no images.*--prefix'):
        sent(work, url)
    sent(work, url, prefix='rig/')
    assert [f['name'] for f in only(held.tasks)['frames']] == [
        f'rig/cam{v}_2.png' for v in range(4)
    ]
    held.move(80, pixels[80])
    assert taken(work, url).annotations == [80]


def test_projects_of_others(cvat, experiment, tmp_path):
    held, url = cvat
    work, _ = experiment
    cats = held.create_project(None, dict(name='cats'))[1]['id']
    other = held.create_task(None, dict(name='a cat', project_id=cats))[1]['id']
    with pytest.raises(ServerError, match='one of something else: it has 1 tasks.*nose'):
        sent(work, url, project=str(cats))
    assert held.projects[cats]['labels'] == []
    del held.tasks[other]
    assert sent(work, url, project=str(cats)).project == cats  # an empty one may be taken
    assert held.projects[cats]['name'].startswith('cats (mmpose_al experiment ')
    assert sent(work, url).project == cats
    with pytest.raises(ServerError, match='project 9 is not there, or anna may not see it'):
        sent(work, url, project='9')
    (tmp_path / 'other').mkdir()
    second, _ = asked_experiment(tmp_path / 'other')
    for task in held.tasks.values():
        task['name'] = 'renamed'  # or it would be an experiment that asks the same
    with pytest.raises(ServerError, match='is that of another experiment'):
        sent(second, url, project=str(cats))
    held.projects[cats]['labels'][0]['sublabels'].append(dict(id=1, name='tail', type='points'))
    with pytest.raises(ServerError, match='has no skeleton with just the joints'):
        sent(work, url)


def test_a_long_name_keeps_its_mark(cvat):
    held, url = cvat
    assert cvat_module._name('x' * 300, 'mark') == 'x' * 249 + ' (mark)'


def test_images_that_cannot_be_used(cvat, experiment):
    held, url = cvat
    held.broken = 'the image is truncated'
    with pytest.raises(ServerError, match='cannot use the images:.*the image is truncated'):
        sent(experiment[0], url)
    held.broken = None
    held.show = lambda task, sizes: type(held).show(held, task, dict(list(sizes.items())[:6]))
    with pytest.raises(ServerError, match='does not show 2 of the 8 images'):
        sent(experiment[0], url)
    held.upload = lambda number, query, body: (202, dict(name='task'))
    with pytest.raises(ServerError, match='CVAT 2.80.0 does not say when.*2.17 or later'):
        sent(experiment[0], url)


def test_uploads_are_in_parts(cvat, experiment, monkeypatch):
    held, url = cvat
    monkeypatch.setattr(cvat_module, 'FILES', 3)
    said = []
    sent(experiment[0], url, say=said.append)
    assert said == ['3 of 8 images are uploaded', '6 of 8 images are uploaded']
    assert len(only(held.tasks)['frames']) == 8
    assert sum(asked.endswith('/data/') for asked in held.asked) == 5


def test_accounts(cvat, monkeypatch):
    held, url = cvat
    assert CvatServer(url, OLD_TOKEN).account['username'] == 'anna'
    assert 'X-Organization' not in held.headers
    monkeypatch.setenv(cvat_module.ORGANIZATION, 'lab')
    CvatServer(url, TOKEN)
    assert held.headers['X-Organization'] == 'lab'
    with pytest.raises(ServerError, match='refuses this account.*Invalid token') as error:
        CvatServer(url, 'wrong')
    assert error.value.status == 401 and 'wrong' not in str(error.value)
    for token in ('two words', 'tökën', ''):
        with pytest.raises(ServerError, match='copy it again'):
            CvatServer(url, token)


def test_an_address_of_something_else(cvat):
    held, url = cvat
    with pytest.raises(ServerError, match='is no CVAT server'):
        CvatServer(url + '/projects', TOKEN)
    held.about = lambda query, body: (200, dict(name='else'))
    with pytest.raises(ServerError, match='is no CVAT server'):
        CvatServer(url, TOKEN)


def test_lists_have_pages(cvat):
    held, url = cvat
    for number in range(250):
        held.create_project(None, dict(name=f'project {number}'))
    found = [project.text for project in CvatServer(url, TOKEN).projects()]
    assert found == [f'project {number}' for number in range(250)]
