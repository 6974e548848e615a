"""What people may do to a query, and what is kept of it."""

import pytest

from mmpose_al.active_learning.experiment import Missing
from mmpose_al.active_learning.label_app.session import ALIVE, Refused, Session
from mmpose_al.active_learning.state import load_state
from tests.test_active_learning.people import ROUND, snapshot
from tests.test_active_learning.states import writable


class Clock:
    """Seconds that a test moves on."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def both(experiment, clock):
    """A session of Anna and Ben."""
    session = Session(experiment[0], clock=clock)
    session.join('Anna', 'tab-a')
    session.join('Ben', 'tab-b')
    return session


def change(session, unit=20, name='Anna', tab='tab-a', **request):
    request.setdefault('op', 'set')
    if request['op'] == 'set':
        request.setdefault('cells', [[80, 0, 10.0, 20.0, 2]])
        request.setdefault('how', 'click')
    if 'revision' not in request:
        request['revision'] = session.progress[unit].revision
    return session.change(name, tab, dict(request, unit=unit))


def test_who_only_looks_writes_nothing(experiment):
    before = snapshot(experiment[0])
    session = Session(experiment[0])
    session.join('Anna', 'tab-a')
    assert session.setup()['joints'][0] == 'nose' and session.next('Anna', 'tab-a') == 20
    assert session.open('Anna', 'tab-a', 20)['persons'][0]['views'][0]['id'] == 80
    session.overview('Anna', 'tab-a')
    assert snapshot(experiment[0]) == before


def test_the_page_is_told_joints_sides_and_limbs(session):
    setup = session.setup()
    assert setup['sides'] == ['middle', 'left', 'right', 'left', 'right']
    assert setup['pairs'] == [[1, 2], [3, 4]] and setup['limbs'] == [[0, 1], [0, 2]]
    assert setup['units'] == [20, 0] and setup['round'] == ROUND


def test_every_change_is_there_after_a_restart(experiment, session):
    change(session)
    change(session, cells=[[81, 3, 7.25, 8.5, 1]], how='drag', seconds=3)
    change(session, op='skip', annotations=[82], reason=' covered ')
    change(session, op='undo')
    change(session, op='redo')
    change(session, unit=0, cells=[[0, 0, 1, 1, 2]])
    change(session, op='done')
    again = Session(experiment[0])
    for unit in (20, 0):
        old, new = session.progress[unit], again.progress[unit]
        assert vars(old) == vars(new)
    assert again.progress[20].joint(81, 3) == [7.25, 8.5, 1]
    assert again.progress[20].reason(82) == 'covered' and again.progress[20].done
    assert again.open('Anna', 'other', 20) == session.open('Anna', 'tab-a', 20)
    ways = [event.get('how') for event in again.journal.events]
    assert ways[:2] == ['click', 'drag'] and all(e['who'] == 'Anna' for e in again.journal.events)


@pytest.mark.parametrize(
    'request_, words',
    [
        (dict(unit=99), '99 is no unit'),
        (dict(unit=True), 'True is no unit'),
        (dict(op='burn'), "op is 'burn'"),
        (dict(op=None), 'op is None'),
        (dict(how='magic'), 'how is one of'),
        (dict(cells=[]), 'cells is a list'),
        (dict(cells='x'), 'cells is a list'),
        (dict(cells=[[80, 0, 1.0, 2.0, 2]] * 21), 'more joints than'),
        (dict(cells=[[80, 0, 1.0, 2.0]]), r'not \[annotation'),
        (dict(cells=[[0, 0, 1.0, 2.0, 2]]), '0 is no person of unit 20'),
        (dict(cells=[['80', 0, 1.0, 2.0, 2]]), "'80' is no person"),
        (dict(cells=[[80, 5, 1.0, 2.0, 2]]), '5 is no joint'),
        (dict(cells=[[80, -1, 1.0, 2.0, 2]]), '-1 is no joint'),
        (dict(cells=[[80, 0, float('nan'), 2.0, 2]]), 'x and y are numbers'),
        (dict(cells=[[80, 0, 1.0, None, 2]]), 'x and y are numbers'),
        (dict(cells=[[80, 0, 1.0, 2.0, 3]]), 'v is 0, 1 or 2'),
        (dict(cells=[[80, 0, 639.6, 2.0, 2]]), 'outside the 640x480 image'),
        (dict(cells=[[80, 0, 1.0, -0.51, 2]]), 'outside'),
        (dict(op='skip', annotations=[80], reason=''), 'A reason has'),
        (dict(op='skip', annotations=[80], reason='x' * 201), 'A reason has'),
        (dict(op='skip', annotations=[], reason='x'), 'nobody who'),
        (dict(op='skip', annotations=[0], reason='x'), 'no person of unit'),
        (dict(op='undo'), 'nothing to undo'),
        (dict(op='redo'), 'nothing to redo'),
    ],
)
def test_what_is_wrong_is_refused_and_nothing_is_kept(session, experiment, request_, words):
    before = snapshot(experiment[0])
    request_ = dict(request_)
    unit = request_.pop('unit', 20)
    request_.setdefault('revision', 0)
    with pytest.raises(Refused, match=words) as told:
        change(session, unit, **request_)
    assert told.value.kind == 'wrong' and snapshot(experiment[0]) == before


def test_places_at_the_rim_are_kept_to_a_thousandth(session):
    change(session, cells=[[80, 0, -0.5, 479.5, 2], [80, 1, 1.23456, 2, 1]])
    assert session.progress[20].joint(80, 0) == [-0.5, 479.5, 2]
    assert session.progress[20].joint(80, 1) == [1.235, 2, 1]


@pytest.mark.parametrize('name', ['', '  ', None, 7, 'x' * 61, 'a\x1b[2J'])
def test_names_that_are_none(session, name):
    with pytest.raises(Refused, match='A name has'):
        session.join(name, 'tab')


def test_a_second_tab_of_one_person_is_told(both, clock):
    with pytest.raises(Refused, match='Anna works in another tab') as told:
        both.join('Anna', 'second')
    assert told.value.kind == 'tab'
    both.join('Anna', 'second', force=True)
    change(both, tab='second')
    with pytest.raises(Refused, match='went on in another tab') as told:
        change(both)
    assert told.value.kind == 'tab' and both.progress[20].revision == 1
    with pytest.raises(Refused):
        both.overview('Anna', 'tab-a')
    clock.now += ALIVE + 1  # that tab was closed
    both.join('Anna', 'third')
    change(both, tab='third')


def test_nobody_is_given_the_unit_of_another(both, clock):
    assert both.next('Anna', 'tab-a') == 20
    both.open('Anna', 'tab-a', 20)
    assert both.next('Ben', 'tab-b') == 0  # Anna looks at the first one
    shown = both.open('Ben', 'tab-b', 20)
    assert shown['holder'] == 'Anna'
    with pytest.raises(Refused, match='Anna has this unit') as told:
        change(both, name='Ben', tab='tab-b')
    assert told.value.kind == 'other'
    clock.now += ALIVE + 1  # Anna left without a change
    assert both.next('Ben', 'tab-b') == 20
    change(both, name='Ben', tab='tab-b')
    clock.now += ALIVE + 1  # Ben left in the middle: it stays his
    assert both.next('Anna', 'tab-a') == 0
    assert both.open('Anna', 'tab-a', 20)['holder'] == 'Ben'
    change(both, op='take')
    assert both.next('Anna', 'tab-a') == 20
    change(both)
    with pytest.raises(Refused, match='Anna has'):
        change(both, name='Ben', tab='tab-b')
    change(both, op='done')
    change(both, unit=0, op='done')
    assert both.next('Anna', 'tab-a') is None


def test_a_change_of_what_has_changed_since_is_refused(session):
    change(session)
    with pytest.raises(Refused, match='has changed since') as told:
        change(session, revision=0)
    assert told.value.kind == 'stale'
    with pytest.raises(Refused):
        change(session, revision=None)


def test_a_change_whose_answer_was_lost_is_kept_once(session):
    first = change(session, key='k1')
    again = change(session, key='k1', revision=0)
    assert again == first and len(session.journal.events) == 1
    change(session, op='undo', key='k2')
    change(session, op='undo', key='k2', revision=1)
    assert session.progress[20].cells == {} and len(session.journal.events) == 2


def test_progress_and_time_are_told(both):
    change(both, cells=[[80, 0, 1, 1, 2], [80, 1, 0, 0, 0], [81, 0, 2, 2, 1]], seconds=10)
    change(both, op='skip', annotations=[83], reason='covered', seconds=2.5)
    change(both, op='done', seconds=1)
    change(both, unit=0, op='time', name='Ben', tab='tab-b', seconds=4)
    first, second = both.overview('Ben', 'tab-b')['units']
    assert first['done'] and (first['joints'], first['views'], first['skipped']) == (2, 2, 1)
    assert (first['of'], first['of_views'], first['owner']) == (20, 4, 'Anna')
    assert first['seconds'] == 13.5 and second['seconds'] == 4
    people = both.overview('Ben', 'tab-b')['people']
    assert people == dict(Anna=dict(done=1, seconds=13.5), Ben=dict(done=0, seconds=4.0))
    for seconds in (float('inf'), -5, 'x', None):
        change(both, op='time', seconds=seconds)
    assert both.progress[20].seconds['Anna'] == 13.5
    change(both, op='time', seconds=1e9)
    assert both.progress[20].seconds['Anna'] == 13.5 + 3600


def test_a_disk_that_is_full_changes_nothing(session, monkeypatch):
    from mmpose_al import fileio

    def full(*values):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(fileio, 'append_bytes', full)
    with pytest.raises(OSError):
        change(session)
    monkeypatch.undo()
    assert session.progress[20].cells == {} and session.journal.events == []
    change(session)


def test_without_an_open_query_there_is_nothing_to_label(experiment):
    work, _ = experiment
    session = Session(work)
    session.join('Anna', 'tab-a')
    assert session.overview('Anna', 'tab-a')['closed'] is False
    state = writable(load_state(work))
    state.finish(ROUND, 'annotate', dict(labels=1, views=1, joints=1))
    assert session.overview('Anna', 'tab-a')['closed'] is True
    with pytest.raises(Missing, match=r'(?s)no query is open; go on with.* train '):
        Session(work)
    state.end('enough')
    with pytest.raises(Missing, match='the experiment is finished'):
        Session(work)
