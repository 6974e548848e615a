"""Labels in the browser that nobody has handed over are not forgotten."""

import json

import numpy as np
import pytest

from mmpose_al.active_learning.annotators import AnswersPending
from mmpose_al.active_learning.answers import ingest
from mmpose_al.active_learning.label_app.session import Session
from mmpose_al.active_learning.label_app.waiting import waiting_lines, waiting_units
from mmpose_al.active_learning.paths import Paths
from mmpose_al.active_learning.pool import load_pool
from mmpose_al.active_learning.query import load_query
from mmpose_al.active_learning.state import load_state
from mmpose_al.cli.main import main
from tests.test_active_learning.people import (
    ROUND,
    answer,
    labelled,
    make_views,
    opened,
    read,
    write,
)
from tests.test_active_learning.states import writable
from tests.test_active_learning.test_label_app.test_handover import place, say


def test_what_was_not_handed_over_is_said(session, experiment, capsys):
    work, pixels = experiment
    assert waiting_units(work) == {}
    place(session, pixels, 80)
    place(session, pixels, 1)
    say(session, 20, None, 'done', done=True)
    assert waiting_units(work) == {ROUND: [20, 0]}
    assert main(['status', work]) == 3
    said = 'frames with labels in the browser that were not handed over: 2'
    assert said in capsys.readouterr().out
    annotator = opened(work, load_query(work, ROUND).content['pool']['file'])
    with pytest.raises(AnswersPending, match='labels in the browser that were not handed over: 2'):
        annotator.answers(ROUND)
    session.hand_over('Anna', 'tab-a')
    assert waiting_units(work) == {ROUND: [0]}
    session.hand_over('Anna', 'tab-a', begun=True)
    assert waiting_units(work) == {} and waiting_lines(work, 'frames', ROUND) == []
    place(session, {80: pixels[80] + 1}, 80)  # corrected since
    assert waiting_units(work) == {ROUND: [20]}


def test_who_only_looks_is_not_stopped_by_a_damaged_journal(session, experiment, capsys):
    work, pixels = experiment
    place(session, pixels, 80)
    with open(Paths(work).label_journal(ROUND), 'r+b') as file:
        file.seek(-30, 2)
        file.write(b'#')
    assert main(['status', work]) == 3
    said = capsys.readouterr().out
    assert 'waits for labels' in said and 'cannot be told' in said and 'doctor' in said
    assert main(['status', work, '--json']) == 3
    assert json.loads(capsys.readouterr().out)['not_handed_over'] is None


def test_those_of_a_closed_round_still_become_labels(session, experiment, tmp_path, capsys):
    work, pixels = experiment
    for number in (80, 81):
        place(session, pixels, number)
    say(session, 20, None, 'done', done=True)
    data = answer(read(work, 'coco'), 'coco', {0: pixels[0]})
    ingest(work, write(data, tmp_path / 'other.json', 'coco'))
    state = writable(load_state(work))
    state.add_labels(ROUND, [0], 'FileAnnotator')
    state.finish(ROUND, 'annotate', dict(labels=2, views=5, joints=25))
    assert main(['status', work]) == 0
    said = capsys.readouterr().out
    assert (
        f'round {ROUND}, which is closed: frames with labels' in said
        and 'once a query is open' in said
    )
    pool = load_query(work, ROUND).content['pool']['file']
    views, _ = make_views(3, 4.0)
    opened(work, pool).ask(ROUND + 1, [10], [1.0], views)
    assert main(['status', work]) == 3
    assert f'label {work} --round {ROUND}' in capsys.readouterr().out
    late = Session(work, query=load_query(work, ROUND))
    late.join('Anna', 'tab-b')
    assert late.overview('Anna', 'tab-b')['closed']
    taken = late.hand_over('Anna', 'tab-b').taken
    assert taken.round == ROUND + 1 and taken.late == {ROUND: [80, 81]}
    labels = labelled(Paths(work).labels)[0]
    assert sorted(labels) == [0, 80, 81]
    np.testing.assert_allclose(labels[80][:, :2], pixels[80], atol=1e-3)
    assert waiting_units(work) == {}
    assert load_pool(pool, 'frames').sha256 == late.query.content['pool']['sha256']
