"""A query goes to a server and its answers come back: once, whatever happens meanwhile."""

import json
import os
import os.path as osp

import numpy as np
import pytest

from mmpose_al.active_learning.answers import load_answers
from mmpose_al.active_learning.answers.withdrawal import withdraw
from mmpose_al.active_learning.experiment import open_query
from mmpose_al.active_learning.formats import AnswerError
from mmpose_al.active_learning.paths import Paths
from mmpose_al.active_learning.pool import load_pool
from mmpose_al.active_learning.query import load_query
from mmpose_al.active_learning.servers import Handing, LabelStudioServer, ServerError, pull, push
from mmpose_al.active_learning.servers.exchange import load_link
from mmpose_al.active_learning.servers.label_studio import joints_of
from mmpose_al.active_learning.state import WritableState, load_state, new_state
from mmpose_al.fileio import locked, to_json, write_checked, write_json
from tests.test_active_learning.people import (
    HEIGHT,
    NAMES,
    ROUND,
    WIDTH,
    labelled,
    opened,
    snapshot,
    write_pool,
)
from tests.test_active_learning.rig import make_views
from tests.test_active_learning.test_servers.studio import EMAIL, PERSONAL, TOKEN
from tests.test_cli.people import asked_experiment

PERSONS = (80, 81, 82, 83, 0, 1, 2, 3)


def quiet(line):
    raise AssertionError(line)


def sent(work, url, token=TOKEN, project=None, **how):
    how = Handing(say=quiet, **how)
    return push(work, LabelStudioServer(url, token, timeout=5), project, how)


def taken(work, url, **options):
    return pull(work, LabelStudioServer(url, TOKEN, timeout=5), **options)


def joints(points):
    """The regions of a person whose joints somebody has set."""
    common = dict(type='keypointlabels', from_name='joint', to_name='image', image_rotation=0)
    common.update(original_width=WIDTH, original_height=HEIGHT)
    return [
        dict(
            common,
            id=name,
            value=dict(
                x=(x + 0.5) / WIDTH * 100,
                y=(y + 0.5) / HEIGHT * 100,
                width=0.5,
                keypointlabels=[name],
            ),
        )
        for name, (x, y) in zip(NAMES, points.tolist())
        if 0 <= x <= WIDTH - 1 and 0 <= y <= HEIGHT - 1
    ]


def close_round(work):
    """The experiment goes on from its answers."""
    read = load_state(work)
    state = WritableState(work, read.content)
    state.finish(ROUND, 'annotate', dict(labels=2, views=5, joints=25))


def ask_again(work, pixels, units=(0,)):
    """The query of the next round is out."""
    query = load_query(work, ROUND)
    annotator = opened(work, query.content['pool']['file'])
    annotator.ask(ROUND + 1, list(units), [1.0] * len(units))


def test_a_query_is_pushed_once(studio, experiment):
    held, url = studio
    work, _ = experiment
    done = sent(work, url)
    assert done == (ROUND, 3, True, f'{url}/projects/3/data', (8, 0, 8, 0))
    query = load_query(work, ROUND)
    (project,) = held.projects.values()
    assert project['title'] == 'mmpose_al: work' and joints_of(project['label_config']) == NAMES
    assert [task['data']['annotation_id'] for task in held.tasks.values()] == list(
        query.annotations
    )
    for task in held.tasks.values():
        image = query.images[query.annotations[task['data']['annotation_id']]['image_id']]
        assert task['data']['image'].startswith('/data/upload/3/')
        assert task['data']['image'].endswith('-' + image['name'])
        assert task['data']['query'] == query.id and task['predictions'][0]['result']
    assert project['model_version'] == 'mmpose_al'  # of which predictions are shown
    before = snapshot(work)
    assert sent(work, url, PERSONAL) == (ROUND, 3, False, f'{url}/projects/3/data', (0, 8, 0, 0))
    assert len(held.tasks) == len(held.files) == 8 and snapshot(work) == before
    for name, content in before.items():
        assert TOKEN.encode() not in content, name


@pytest.mark.parametrize('requests', range(12))
def test_a_push_that_was_killed_is_done_again(studio, experiment, requests):
    held, url = studio
    work, _ = experiment
    held.left = requests  # for the project, eight images, the tasks, and what it shows
    if requests < 11:
        with pytest.raises(ServerError, match='what is done stays'):
            sent(work, url)
    else:
        sent(work, url)
    held.left = None
    sent(work, url)
    assert len(held.projects) == 1 and len(held.files) == 8
    assert sorted(t['data']['annotation_id'] for t in held.tasks.values()) == sorted(PERSONS)


def test_a_project_that_could_not_be_noted_is_found(studio, experiment):
    held, url = studio
    work, _ = experiment
    sent(work, url)
    path = Paths(work).server_project
    link = json.load(open(path))  # killed between the project and the note of it:
    write_json(path, dict(link, project=None), checked=True)
    assert sent(work, url).project == 3 and len(held.projects) == 1
    assert load_link(work).project == 3


def test_a_request_that_was_cut_leaves_the_rest_to_the_next_push(studio, experiment):
    held, url = studio
    work, _ = experiment
    sent(work, url)
    for key in list(held.tasks)[5:]:
        del held.tasks[key]
    del held.files[7]
    assert sent(work, url).sent == (3, 5, 1, 0)
    assert len({t['data']['annotation_id'] for t in held.tasks.values()}) == len(held.tasks) == 8


def test_answers_are_pulled(studio, experiment):
    held, url = studio
    work, pixels = experiment
    with pytest.raises(ServerError, match=r'(?s)nothing was pushed to http.* push .*first'):
        taken(work, url)
    sent(work, url)
    with pytest.raises(AnswerError, match=r'project \d+ of http.*labels no joint.* pull again$'):
        taken(work, url)
    for number in (80, 81):
        held.answer(number, joints(pixels[number]))
    before = snapshot(work)
    assert taken(work, url, dry_run=True).written is False and snapshot(work) == before
    done = taken(work, url)
    assert done.annotations == [80, 81] and done.asked == 8 and done.answered == 2 and done.written
    assert not taken(work, url).written
    labels, _ = labelled(Paths(work).labels)
    assert sorted(labels) == [80, 81]
    for number, points in labels.items():
        there = points[:, 2] > 0
        np.testing.assert_allclose(points[there, :2], pixels[number][there], atol=0.002)
    (event,) = load_answers(work, ROUND)['events']
    assert event['file'] == 'round_01_pulled_label_studio.json'
    assert [(e['by'], e['seconds']) for e in event['annotations']] == [(EMAIL, 7.5)] * 2
    with pytest.raises(AnswerError, match="no answer of annotator 'bob'"):
        taken(work, url, annotator='bob')


def test_rounds_share_a_project_and_what_nobody_has_begun_is_removed(studio, experiment):
    held, url = studio
    work, pixels = experiment
    sent(work, url)
    held.answer(80, joints(pixels[80]))
    taken(work, url)
    list(held.tasks.values())[1]['drafts'].append(dict(id=1))
    close_round(work)
    with pytest.raises(ValueError, match='no query is open; go on with'):
        sent(work, url)
    ask_again(work, pixels)
    done = sent(work, url)
    assert done == (ROUND + 1, 3, False, f'{url}/projects/3/data', (4, 0, 4, 6))
    rounds = [task['data']['round'] for task in held.tasks.values()]
    assert rounds == [1, 1, 2, 2, 2, 2] and len(held.projects) == 1
    for task in held.tasks.values():
        if task['data']['round'] == 2:
            task['annotations'].append(
                dict(
                    id=9,
                    completed_by=1,
                    was_cancelled=False,
                    lead_time=3.0,
                    result=joints(pixels[task['data']['annotation_id']]),
                )
            )
    held.answer(81, joints(pixels[81]))  # is gone: nobody had begun it
    held.answer(82, joints(pixels[82]))  # was begun: comes late
    done = taken(work, url)
    assert done.annotations == [0, 1, 2, 3, 82] and done.late == {ROUND: [82]}
    assert sorted(labelled(Paths(work).labels)[0]) == [0, 1, 2, 3, 80, 82]
    assert not taken(work, url).written


def test_predictions_are_shown_from_the_round_on_that_has_some(studio, experiment):
    held, url = studio
    work, pixels = experiment
    query = load_query(work, ROUND)
    content = dict(query.content, annotations=[dict(e) for e in query.annotations.values()])
    for entry in content['annotations']:
        entry.update(prediction=None, why=None)
    write_checked(Paths(work).query_file(ROUND), to_json(content).encode())
    sent(work, url)
    (project,) = held.projects.values()
    assert all(task['predictions'] == [] for task in held.tasks.values())
    project['model_version'] = 'of another network'
    held.answer(80, joints(pixels[80]))
    close_round(work)
    annotator = opened(work, content['pool']['file'])
    annotator.ask(ROUND + 1, [0], [1.0], make_views(3, 0.0)[0])
    sent(work, url)
    assert project['model_version'] == 'mmpose_al'


def test_images_that_the_server_has(studio, experiment):
    held, url = studio
    work, _ = experiment
    assert sent(work, url, prefix='/data/local-files/?d=').sent.uploaded == 0
    query = load_query(work, ROUND)
    for task in held.tasks.values():
        image = query.images[query.annotations[task['data']['annotation_id']]['image_id']]
        assert (
            task['data']['image'] == f'/data/local-files/?d=query/round_01/images/{image["name"]}'
        )


def test_images_that_are_not_handed_out(studio, tmp_path):
    held, url = studio
    path, _, views = write_pool(tmp_path / 'data')
    work = str(tmp_path / 'work')
    opened(work, path, images='none').ask(0, [20], [1.0], views)
    new_state(work, load_pool(path, 'frames'), 'digest', 0).write()
    with pytest.raises(ValueError, match='hands out no images.*--prefix'):
        sent(work, url)
    assert held.projects == {}
    sent(work, url, prefix='https://images.example/')
    shown = {task['data']['image'] for task in held.tasks.values()}
    assert shown == {f'https://images.example/cam{v}_2.png' for v in range(4)}


def test_projects_of_others(studio, experiment, tmp_path):
    held, url = studio
    work, _ = experiment
    created = dict(title='cats', label_config='<View/>', description='Cats!')
    cats = held.create(None, created)[1]['id']
    held.projects[cats]['task_number'] = 7
    before = dict(held.projects[cats])
    with pytest.raises(ServerError, match='one of something else: it has 7 tasks.*nose'):
        sent(work, url, project=str(cats))
    assert held.projects[cats] == before and held.tasks == {} and held.files == []
    held.projects[cats]['task_number'] = 0  # an empty one may be taken
    assert sent(work, url, project=str(cats)).project == cats
    assert held.projects[cats]['description'].startswith('Cats!\nmmpose_al experiment ')
    assert joints_of(held.projects[cats]['label_config']) == NAMES
    assert sent(work, url).project == cats

    (tmp_path / 'other').mkdir()
    other, _ = asked_experiment(tmp_path / 'other')
    held.tasks.clear()  # or it would be an experiment that asks the same
    with pytest.raises(ServerError, match='is that of another experiment'):
        sent(other, url, project=str(cats))
    assert sent(other, url, project='new').created
    assert sent(other, url, project='new').created and len(held.projects) == 3


def test_a_project_is_found_again_by_its_tasks(studio, experiment):
    held, url = studio
    work, _ = experiment
    assert load_link(work) is None
    sent(work, url)
    key = load_link(work).key
    os.remove(Paths(work).server_project)
    assert sent(work, url, project='3').sent.there == 8 and load_link(work).key == key


@pytest.mark.parametrize('project', ['x', '', '-1', '3.0'])
def test_a_project_is_a_number(studio, experiment, project):
    with pytest.raises(ServerError, match='--project is .*give the number'):
        sent(experiment[0], studio[1], project=project)


def test_another_server_has_a_project_of_its_own(studio, experiment):
    held, url = studio
    work, _ = experiment
    sent(work, url)
    localhost = url.replace('127.0.0.1', 'localhost')
    with pytest.raises(ServerError, match=f'nothing was pushed to {localhost}, but to {url}'):
        taken(work, localhost)
    assert sent(work, localhost).created and len(held.projects) == 2


def test_one_push_at_a_time(studio, experiment):
    work, _ = experiment
    with locked(Paths(work).push_lock), pytest.raises(ServerError, match='another push'):
        sent(work, studio[1])


def test_one_pull_at_a_time(studio, experiment):
    """Else it could put older answers in the place of newer ones that another has taken."""
    held, url = studio
    sent(experiment[0], url)
    asked = len(held.asked)
    with locked(Paths(experiment[0]).push_lock):
        with pytest.raises(ServerError, match='another push or pull of this experiment'):
            taken(experiment[0], url)
        assert not [each for each in held.asked[asked:] if 'projects' in each]
        with pytest.raises(AnswerError, match='pull again'):
            taken(experiment[0], url, dry_run=True)  # it writes nothing


def test_a_note_that_is_not_what_was_written(studio, experiment):
    work, _ = experiment
    sent(work, studio[1])
    path = Paths(work).server_project
    with open(path) as file:
        text = file.read()
    with open(path, 'w') as file:
        file.write(text.replace('"project": ', '"project": 1'))
    with pytest.raises(ValueError, match='its bytes are not those.*--project NUMBER'):
        load_link(work)


def test_a_note_that_is_broken(studio, experiment):
    work, _ = experiment
    sent(work, studio[1])
    path = Paths(work).server_project
    for content in (dict(url=studio[1]), dict(url='x', key='0' * 12, project=3), [1]):
        write_json(path, content, checked=True)
        with pytest.raises(ValueError, match=f'{osp.basename(path)} does not say which project'):
            sent(work, studio[1])


def test_uploads_that_are_not_shown(studio, experiment):
    held, url = studio
    held.uploads = lambda number, query, body: (200, [])
    with pytest.raises(ServerError, match='does not show 8 of the uploaded images.*--prefix'):
        sent(experiment[0], url)


def test_an_experiment_without_a_query(experiment):
    work, _ = experiment
    assert open_query(work).round == ROUND
    WritableState(work, load_state(work).content).end('enough')
    with pytest.raises(ValueError, match='no query is open; the experiment is finished'):
        open_query(work)


def test_a_second_pull_brings_back_nothing_that_was_withdrawn(studio, experiment):
    held, url = studio
    work, pixels = experiment
    sent(work, url)
    for number in (80, 81):
        held.answer(number, joints(pixels[number]))
    assert taken(work, url).annotations == [80, 81]
    withdraw(work, [80])
    done = taken(work, url)
    assert done.annotations == [81] and not done.written
    assert any('withdrawn or replaced' in what for what in done.passed_over)
    assert sorted(labelled(Paths(work).labels)[0]) == [81]
