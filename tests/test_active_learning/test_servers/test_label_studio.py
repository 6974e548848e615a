"""What is asked of a Label Studio server."""

import pytest

from mmpose_al.active_learning.servers.connection import ServerError
from mmpose_al.active_learning.servers.label_studio import PAGE, LabelStudioServer, joints_of
from tests.test_active_learning.test_servers.studio import EMAIL, OWN, PERSONAL, TOKEN

PNG = b'\x89PNG and so on'


def test_a_token_of_either_kind(studio):
    held, url = studio
    assert LabelStudioServer(url, TOKEN).account['email'] == EMAIL
    assert not any('token' in asked for asked in held.asked)
    server = LabelStudioServer(url, PERSONAL)
    assert server.account['email'] == EMAIL
    held.access = set()  # some minutes later
    assert list(server.projects()) == []
    assert held.asked.count('POST /api/token/refresh') == 2
    with pytest.raises(ServerError, match='refuses this account.*Invalid token') as error:
        LabelStudioServer(url, 'wrong')
    assert error.value.status == 401
    with pytest.raises(ServerError, match='Token is invalid'):
        LabelStudioServer(url, 'a.b.c')
    for token in ('two words', 'tökën', ''):
        with pytest.raises(ServerError, match='copy it again'):
            LabelStudioServer(url, token)


def test_an_address_of_something_else(studio):
    held, url = studio
    with pytest.raises(ServerError, match='is no Label Studio server'):
        LabelStudioServer(url + '/projects', TOKEN)
    held.version = lambda query, body: (200, dict(release='1'))
    with pytest.raises(ServerError, match='is no Label Studio server'):
        LabelStudioServer(url, TOKEN)


def test_projects(studio):
    held, url = studio
    server = LabelStudioServer(url, TOKEN)
    for number in range(2 * PAGE):
        held.create(None, dict(title=f'project {number}', label_config='<View/>'))
    assert len({entry.id for entry in server.projects()}) == 2 * PAGE
    server.change_project(server.project(4), 'ours')
    assert server.project(4) == (4, 'ours', [], 0) and server.project(5).text == ''
    with pytest.raises(ServerError, match=f'project 9999 is not there, or {EMAIL} may not see it'):
        server.project(9999)


def test_images(studio):
    held, url = studio
    server = LabelStudioServer(url, TOKEN)
    assert server.uploads(3) == {}
    server.upload(3, 'ab_00001-7.png', PNG)
    server.upload(3, 'ab_00002 8.PNG', PNG)
    assert server.uploads(3) == {
        'ab_00001-7.png': '/data/upload/3/00000000-ab_00001-7.png',
        'ab_00002 8.PNG': '/data/upload/3/00000001-ab_00002%208.PNG',
    }
    with pytest.raises(ServerError, match='a.tif: Label Studio takes no such image'):
        server.upload(3, 'a.tif', PNG)


def test_tasks(studio):
    held, url = studio
    server = LabelStudioServer(url, TOKEN)
    number = held.create(None, dict(title='mice'))[1]['id']
    assert list(server.tasks(number)) == []
    server.add_tasks(number, [dict(data=dict(annotation_id=n)) for n in range(2 * PAGE)])
    held.answer(3, [])
    held.answer(4, [])
    list(held.tasks.values())[4]['annotations'][0]['was_cancelled'] = True
    list(held.tasks.values())[5]['drafts'].append(dict(id=1, user=OWN))
    tasks = list(server.tasks(number))
    assert [task.data['annotation_id'] for task in tasks] == list(range(2 * PAGE))
    assert [n for n, task in enumerate(tasks) if task.touched] == [3, 4, 5]
    server.remove_task(tasks[0].id)
    assert len(held.tasks) == 2 * PAGE - 1


def test_an_export_names_people_by_their_email(studio):
    held, url = studio
    server = LabelStudioServer(url, TOKEN)
    number = held.create(None, dict(title='mice'))[1]['id']
    server.add_tasks(number, [dict(data=dict(annotation_id=n)) for n in range(3)])
    held.answer(0, [], by=1)
    held.answer(1, [], by=2)
    by = [[a['completed_by'] for a in task['annotations']] for task in server.export(number)]
    assert by == [[dict(id=1, email=EMAIL)], [2], []]
    held.fails['/api/users'] = 403
    assert server.export(number)[0]['annotations'][0]['completed_by'] == dict(id=1, email=EMAIL)
    held.fails['/api/users'] = 'drop'
    with pytest.raises(ServerError, match='no server answers'):
        server.export(number)


def test_joints_of_a_labelling_interface():
    assert joints_of('<View/>') == joints_of('no XML') == joints_of('') == []
    config = '<View><KeyPointLabels name="{}"><Label value="a"/></KeyPointLabels></View>'
    assert joints_of(config.format('joint')) == ['a'] and joints_of(config.format('other')) == []
