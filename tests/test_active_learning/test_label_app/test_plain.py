"""Labels without an experiment: which images are asked for, and which query goes on."""

import json
import os.path as osp

import pytest

from mmpose_al.active_learning.experiment import Missing
from mmpose_al.active_learning.label_app.journal import Journal
from mmpose_al.active_learning.label_app.plain import (
    POOL,
    ask,
    chosen_units,
    home_of,
    latest_query,
    same_people,
    unfinished,
)
from mmpose_al.active_learning.label_app.session import Session
from mmpose_al.active_learning.label_app.suggestions import NOTHING, PLACED
from mmpose_al.active_learning.label_app.waiting import waiting_units
from mmpose_al.active_learning.paths import Paths
from mmpose_al.active_learning.pool import load_pool
from tests.test_active_learning.people import labelled, write_pool


@pytest.fixture
def pool(tmp_path):
    """Three frames in four views, all labelled by the file: frames 0, 10 and 20."""
    return write_pool(tmp_path / 'data')[0]


@pytest.fixture
def bare(pool):
    """The same without labels."""
    change(pool, lambda content: [a.update(keypoints=[0, 0, 0] * 5, num_keypoints=0)
                                  for a in content['annotations']])  # fmt: skip
    return pool


def change(path, how):
    with open(path) as file:
        content = json.load(file)
    how(content)
    with open(path, 'w') as file:
        json.dump(content, file)
    return content


def test_a_pool_with_other_people_gets_a_folder_of_its_own(bare, tmp_path):
    parent = str(tmp_path / 'labels')
    first = home_of(parent, bare)
    assert first == osp.join(parent, '1') == home_of(parent, bare)
    content = change(bare, lambda c: c['annotations'][0].update(keypoints=[1, 2, 2] * 5))
    assert home_of(parent, bare) == first
    with open(osp.join(first, POOL)) as file:
        assert same_people(json.load(file), content)
    change(bare, lambda c: c['annotations'].pop())
    assert home_of(parent, bare) == osp.join(parent, '2') == home_of(parent, bare)
    change(bare, lambda c: c['images'][0].update(file_name='x.png'))
    assert home_of(parent, bare) == osp.join(parent, '3')


def test_units_without_a_label_or_those_that_are_named(pool):
    found = load_pool(pool, 'frames')
    assert chosen_units(found, {}, (), 0) == [0, 10, 20]
    assert chosen_units(found, {}, (), 2) == [0, 20]
    labelled = next(a['id'] for a in found.data['annotations'] if a['id'] >= 40)
    assert chosen_units(found, {labelled: None}, (), 0) == [0, 20]
    assert chosen_units(found, {labelled: None}, ['cam3_1.png', '*_0.png'], 0) == [0, 10]
    with pytest.raises(Missing, match=r"no image is called 'x\*'; the first is 'cam0_0.png'"):
        chosen_units(found, {}, ['cam0_0.png', 'x*'], 0)
    found.data['images'][0]['file_name'] = 'cam[0]_0.png'
    assert chosen_units(found, {}, ['cam[0]_0.png'], 0) == [0]
    every = {a['id']: None for a in found.data['annotations']}
    with pytest.raises(Missing, match='all frames have a label. Name the images'):
        chosen_units(found, every, (), 0)


def asked(folder, pool, **options):
    return ask(folder, 'frames', osp.join(osp.dirname(pool), 'images'), **options)


def test_what_was_begun_goes_on_until_it_is_done(bare, tmp_path):
    folder = home_of(str(tmp_path / 'labels'), bare)
    assert latest_query(folder) is None
    query = asked(folder, bare, num=2)
    assert query.units == [0, 20] and query.round == 0
    assert all(entry['prediction'] is None for entry in query.annotations.values())
    assert asked(folder, bare).id == query.id
    session = Session(folder, query=query)
    session.join('Anna', 'tab')
    assert not session.overview('Anna', 'tab')['closed']
    cells = [[0, 0, 10.0, 20.0, 2]]
    session.change('Anna', 'tab', dict(op='set', how='click', cells=cells, unit=0, revision=0))
    for unit, revision in ((0, 1), (20, 0)):
        assert unfinished(query, folder) == [u for u in (0, 20) if u >= unit]
        session.change('Anna', 'tab', dict(op='done', unit=unit, revision=revision))
    assert unfinished(query, folder) == []
    session.hand_over('Anna', 'tab')
    again = asked(folder, bare)
    # frame 20 was called done without a label, so it is asked for again
    assert again.round == 1 and again.units == [10, 20]
    assert asked(folder, bare, names=['cam0_0.png']).units == [0]
    assert latest_query(folder).round == 2


def test_a_kill_before_the_labels_were_copied_loses_none(pool, tmp_path, monkeypatch):
    """The query is there; what is copied into its journal is done again, once."""
    folder, append = home_of(str(tmp_path / 'labels'), pool), Journal.append

    class Killed(BaseException):
        pass

    def killed(journal, event):
        if journal.events:
            raise Killed
        return append(journal, event)

    monkeypatch.setattr(Journal, 'append', killed)
    names = ['cam0_0.png', 'cam0_1.png', 'cam0_2.png']
    with pytest.raises(Killed):
        asked(folder, pool, names=names)
    monkeypatch.setattr(Journal, 'append', append)
    query = asked(folder, pool)
    assert query.round == 0 and query.units == [0, 10, 20]
    events = Journal(Paths(folder).label_journal(0), query).events
    assert [event['unit'] for event in events] == [0, 10, 20]
    assert asked(folder, pool).id == query.id
    assert Journal(Paths(folder).label_journal(0), query).events == events


def test_labels_that_are_there_are_corrected_not_given_anew(pool, tmp_path):
    """Of an image that is named; hidden joints stay hidden, and undo stops before them."""

    def hide(content):
        content['annotations'][0]['keypoints'][3:9] = [8.5, 9.25, 1, 0, 0, 0]

    change(pool, hide)
    folder = home_of(str(tmp_path / 'labels'), pool)
    query = asked(folder, pool, names=['cam0_0.png'])
    session = Session(folder, query=query)
    for name in ('Anna', 'Ben'):
        session.join(name, 'tab')
    shown = session.open('Anna', 'tab', 0)
    assert not shown['can_undo'] and shown['holder'] is None and not shown['done']
    first = next(view for view in shown['persons'][0]['views'] if view['id'] == 0)
    assert [joint[:4] for joint in first['joints']][:3] == [
        [7, 7, 2, PLACED], [8.5, 9.25, 1, PLACED], [0, 0, 0, NOTHING],
    ]  # fmt: skip
    assert session.overview('Ben', 'tab')['people'] == {}
    assert waiting_units(folder) == {} and session.hand_over('Anna', 'tab').open == [0]
    cells = [[0, 0, 30.0, 40.0, 2]]
    revision = shown['revision']
    moved = dict(op='set', how='drag', cells=cells, unit=0, revision=revision)
    session.change('Anna', 'tab', moved)
    session.change('Anna', 'tab', dict(op='done', unit=0, revision=revision + 1))
    handed = session.hand_over('Anna', 'tab').taken
    assert handed.annotations == [0, 1, 2, 3] and handed.joints == 19
    points = labelled(osp.join(folder, 'labels.json'))[0][0].tolist()
    assert points == [[30, 40, 2], [8.5, 9.25, 1], [0, 0, 0], [7, 7, 2], [7, 7, 2]]
