"""Every kind of damage in an experiment's folder: found, repaired, and gone on from."""

import json
import os
import os.path as osp
import re
import shutil

import pytest

from mmpose_al import fileio
from mmpose_al.active_learning.answers import ingest, load_answers
from mmpose_al.active_learning.answers.kept import latest
from mmpose_al.active_learning.answers.withdrawal import withdraw
from mmpose_al.active_learning.doctor import examine, repair
from mmpose_al.active_learning.experiment import Experiment, Missing
from mmpose_al.active_learning.label_app import Session, plain
from mmpose_al.active_learning.label_app.journal import Journal
from mmpose_al.active_learning.paths import Paths
from mmpose_al.active_learning.pool import write_pseudo, write_split
from mmpose_al.active_learning.query import load_query
from mmpose_al.active_learning.state import StateError, load_state
from mmpose_al.cli.main import main
from mmpose_al.journal import line_of
from tests.test_active_learning.experiments import answers, run_untrained, waiting
from tests.test_active_learning.people import snapshot, write_pool
from tests.test_active_learning.states import writable
from tests.test_active_learning.test_label_app.test_handover import place, say


@pytest.fixture
def begun(tmp_path):
    """An experiment whose query of round 1 is answered twice, and not yet trained on."""
    begun = waiting(tmp_path, limits=dict(rounds=2))
    path = answers(begun.work, 1, begun.pixels, tmp_path)
    assert ingest(begun.work, path).written
    moved = {i: points + 1 for i, points in begun.pixels.items()}
    (tmp_path / 'later').mkdir()
    assert ingest(begun.work, answers(begun.work, 1, moved, tmp_path / 'later')).written
    return begun


def flip(path, place=-40):
    with open(path, 'r+b') as file:
        raw = bytearray(file.read())
        raw[place] ^= 1
        file.seek(0)
        file.write(raw)


def faults(work):
    return {finding.path: finding.fault for finding in examine(work).damaged}


def test_a_whole_experiment(begun):
    before = snapshot(begun.work)
    found = examine(begun.work)
    assert not found.damaged and 'an active-learning experiment: ' in found.about
    names = [finding.path for finding in found.findings]
    for name in ('active_learning.json', 'answers/round_01.json', 'labels.json'):
        assert name in names
    assert any(name.endswith('scores.npz') for name in names)
    assert repair(begun.work) == [] and snapshot(begun.work) == before


def test_a_damaged_line_of_the_state_goes_back_to_the_lines_before(begun):
    path = Paths(begun.work).state
    state = load_state(begun.work)
    lines = open(path, 'rb').read().splitlines(keepends=True)
    assert len(lines) > 2
    flip(path, -30)
    (finding,) = examine(begun.work).damaged
    assert finding.path == 'active_learning.json'
    assert f'line {len(lines)}' in finding.fault and f'line {len(lines) - 1}' in finding.means
    (done,) = repair(begun.work)
    assert 'is set aside as active_learning.json.damaged' in done
    again = load_state(begun.work)
    assert again.labeled() == state.labeled()
    last = list(state.rounds[-1]['stages'])[-1]
    assert list(again.rounds[-1]['stages']) == [n for n in state.rounds[-1]['stages'] if n != last]
    assert faults(begun.work) == {}


@pytest.mark.parametrize('harm', ['first line', 'empty', 'gone', 'edited'])
def test_a_state_without_a_whole_line_goes_back_to_the_one_before_the_start(begun, harm):
    path = Paths(begun.work).state
    if harm == 'first line':
        flip(path, 200)
    elif harm == 'gone':
        os.remove(path)
    else:
        with open(path, 'w') as file:
            file.write('{"format": "mmpose_al-active-learning"}' if harm == 'edited' else '')
    (finding,) = examine(begun.work).damaged
    assert 'goes back to active_learning.previous.json' in finding.means
    repair(begun.work)
    assert faults(begun.work) == {} and load_state(begun.work) is not None


def test_what_cannot_be_replaced_is_said(begun):
    paths = Paths(begun.work)
    os.remove(paths.previous_state)
    with open(paths.state, 'w') as file:
        file.write('{}')
    (finding,) = examine(begun.work).damaged
    assert finding.repair is None and 'put a copy of the file back' in finding.means
    assert repair(begun.work) == []


def test_whole_answers_before_a_damaged_line_are_kept(begun):
    path = Paths(begun.work).answers(1)
    whole = load_answers(begun.work, 1)
    flip(path)
    (finding,) = examine(begun.work).damaged
    name = whole['events'][0]['file']
    assert f'keeps the 1 whole files of answers before it ({name})' in finding.means
    done = repair(begun.work)
    assert load_answers(begun.work, 1) == dict(whole, events=whole['events'][:1])
    assert any('1 files of answers are kept' in text for text in done)
    with open(path, 'w') as file:
        file.write('{}')
    (finding,) = examine(begun.work).damaged
    assert finding.repair is None and 'ingest all answers again' in finding.means


def test_answers_that_end_early_are_found(begun):
    """Cut off at the end of a line, where each line is whole."""
    path = Paths(begun.work).answers(1)
    with open(path, 'rb') as file:
        lines = file.read().splitlines(keepends=True)
    whole = load_answers(begun.work, 1)
    with open(path, 'wb') as file:
        file.write(b''.join(lines[:-1]))
    with pytest.raises(ValueError, match='its bytes are not those that were written'):
        load_answers(begun.work, 1)
    (finding,) = examine(begun.work).damaged
    assert 'keeps the 1 whole files of answers' in finding.means
    repair(begun.work)
    assert load_answers(begun.work, 1) == dict(whole, events=whole['events'][:1])
    assert faults(begun.work) == {}


def test_answers_of_another_round_are_not_taken(begun):
    paths = Paths(begun.work)
    shutil.copyfile(paths.answers(0), paths.answers(1))
    os.remove(paths.answers(1) + fileio.CHECKSUM)
    with pytest.raises(ValueError, match='they are of round 0'):
        load_answers(begun.work, 1)
    (finding,) = examine(begun.work).damaged
    assert finding.path == 'answers/round_01.json' and finding.repair is None


@pytest.mark.parametrize('harm', ['gone', 'older'])
def test_answers_that_were_trained_on_and_are_gone_are_missed(begun, tmp_path, harm):
    """Neither are labels written without them, nor does a training begin."""
    path = Paths(begun.work).answers(0)
    labels = snapshot(begun.work)['labels.json']
    with open(path, 'rb') as file:
        lines = file.read().splitlines(keepends=True)
    for each in (path, path + fileio.CHECKSUM):
        os.remove(each)
    if harm == 'older':  # a copy of it before anything was answered
        fileio.write_bytes(path, lines[0])
    ids = load_state(begun.work).labeled()
    (finding,) = examine(begun.work).damaged
    assert finding.path == 'answers' and f'about {len(ids)} units are gone' in finding.fault
    moved = {i: points + 2 for i, points in begun.pixels.items()}
    (tmp_path / 'more').mkdir()
    more = answers(begun.work, 1, moved, tmp_path / 'more')
    for act in (
        lambda: ingest(begun.work, more),
        lambda: withdraw(begun.work, [next(iter(load_query(begun.work, 1).annotations))]),
        lambda: run_untrained(begun.cfg, {}),
    ):
        with pytest.raises(ValueError, match='answers: the answers about 3 units are gone.*back'):
            act()
    assert snapshot(begun.work)['labels.json'] == labels
    if harm == 'gone':  # without a copy: the export is taken again, as labels of the open round
        again = ingest(begun.work, answers(begun.work, 0, begun.pixels, tmp_path / 'more'))
        assert len(again.late[0]) == 12 and faults(begun.work) == {}
        return
    fileio.write_bytes(path, b''.join(lines))
    assert faults(begun.work) == {} and ingest(begun.work, more).written


def test_scores_that_the_next_query_needs_are_missed(begun):
    state = load_state(begun.work)
    state.rounds[0]['stages'].pop('select')
    writable(state).write()
    path = Paths(begun.work).scores(0)
    os.remove(path)
    assert faults(begun.work) == {'round_00/scores.npz': 'is not there'}
    (done,) = repair(begun.work)
    assert done.endswith('round 0 is scored again') and faults(begun.work) == {}
    assert load_state(begun.work).stage(0, 'score') is None


def test_whole_changes_of_the_annotator_before_a_damaged_line_are_kept(begun):
    query, path = load_query(begun.work, 1), Paths(begun.work).label_journal(1)
    journal = Journal(path, query)
    for seconds in (1, 2, 3):
        journal.append(dict(op='time', who='Anna', unit=query.units[0], seconds=seconds))
    assert not examine(begun.work).damaged
    flip(path)
    (finding,) = examine(begun.work).damaged
    assert finding.path == 'labelling/round_01.jsonl' and 'line 4' in finding.fault
    assert 'keeps the 2 whole changes' in finding.means
    assert any('2 changes are kept' in text for text in repair(begun.work))
    assert Journal(path, query).events == journal.events[:2]
    flip(path, 5)
    assert any('0 changes are kept' in text for text in repair(begun.work))
    assert Journal(path, query).events == []


@pytest.mark.parametrize('gone', [False, True])
def test_labels_are_made_anew(begun, gone):
    path = Paths(begun.work).labels
    with open(path, 'rb') as file:
        before = file.read()
    os.remove(path) if gone else flip(path)
    assert list(faults(begun.work)) == ['labels.json']
    assert repair(begun.work) == ['labels.json: is made anew from the answers']
    with open(path, 'rb') as file:
        assert file.read() == before


def test_scores_that_are_needed_are_made_again(begun):
    number = len(load_state(begun.work).rounds) - 1
    flip(Paths(begun.work).scores(number), 2000)
    (finding,) = examine(begun.work).damaged
    assert finding.path.endswith('scores.npz')
    (done,) = repair(begun.work)
    assert done.endswith(f'round {number} is scored again')
    assert load_state(begun.work).stage(number, 'score') is None


@pytest.mark.parametrize('place', ['round_00/bootstrap_1/scores.npz', 'round_00/first_scores.npz'])
def test_other_scores_are_set_aside(begun, place):
    path = osp.join(begun.work, place)
    fileio.make_folder(osp.dirname(path))
    shutil.copyfile(Paths(begun.work).scores(0), path)
    assert faults(begun.work) == {}
    flip(path, 2000)
    ((name, fault),) = faults(begun.work).items()
    assert name == place and fault.startswith('is damaged (at ')
    (done,) = repair(begun.work)
    assert done.startswith(f'{place}: is set aside as') and faults(begun.work) == {}


@pytest.mark.parametrize(
    'harm, said',
    [
        (lambda path: os.remove(path), 'cannot be read.*no such file'),
        (lambda path: fileio.append_line(path, ' '), 'has changed since'),
        (lambda path: fileio.write_text(path, '{'), 'cannot be read.*is not JSON'),
    ],
    ids=['gone', 'changed', 'broken'],
)
def test_the_file_of_the_pool_is_looked_at(begun, harm, said):
    path = load_state(begun.work).content['pool']['file']
    assert path in [finding.path for finding in examine(begun.work).findings]
    harm(path)
    (finding,) = examine(begun.work).damaged
    assert finding.path == path and re.search(said, finding.fault)
    assert 'put the file back' in finding.means and repair(begun.work) == []


@pytest.mark.parametrize(
    'edit, said',
    [
        (lambda c: c['labeled'][0]['ids'].append(12345), 'the pool has no unit 12345'),
        (lambda c: c['labeled'].append(dict(c['labeled'][0])), 'is labelled twice'),
        (lambda c: c['rounds'].__setitem__(0, dict(c['rounds'][0], round=1)), 'round 0 is missing'),
        (
            lambda c: c['rounds'][0]['stages']['train'].update(checkpoint='../../x.pth'),
            'leads out of the folder',
        ),
        (
            lambda c: c['rounds'][0]['stages']['select'].update(utilities=[float('nan')]),
            'not a finite number for each unit',
        ),
    ],
    ids=['unknown unit', 'twice', 'missing round', 'climbing path', 'NaN'],
)
@pytest.mark.parametrize('version', [1, 2])
def test_edits_by_hand_are_named_by_entry(begun, edit, said, version):
    """Of a state of an older version, which has no checksums, and with a right checksum."""
    content = load_state(begun.work).content
    edit(content)
    with open(Paths(begun.work).state, 'wb') as file:
        if version == 1:
            file.write(json.dumps(dict(content, version=1)).encode())
        else:
            file.write(line_of(content))
    (finding,) = examine(begun.work).damaged
    assert finding.path == 'active_learning.json' and said in finding.fault
    assert finding.means


def test_a_query_that_cannot_be_read_and_what_was_left_half(begun):
    paths = Paths(begun.work)
    left = f'labels.json.{fileio._HOST}-{2**22 + 1}-abcdef-0.tmp'
    with open(osp.join(begun.work, left), 'w') as file:
        file.write('half')
    with open(paths.query_file(1), 'w') as file:
        file.write('{}')
    found = faults(begun.work)
    assert set(found) == {left, 'query/round_01/query.json'}
    assert repair(begun.work) == [
        'query/round_01/query.json: is set aside as round_01.damaged',
        f'{left}: is removed',
    ]
    assert not osp.exists(osp.join(begun.work, left)) and faults(begun.work) == {}


@pytest.mark.parametrize('number', [0, 1])
def test_a_query_that_is_set_aside_is_written_anew_or_not_needed(begun, tmp_path, number):
    paths = Paths(begun.work)
    before = load_query(begun.work, 1).content
    flip(paths.query_file(number))
    with pytest.raises(ValueError, match='its bytes are not those'):
        ingest(begun.work, answers(begun.work, 1 - number, begun.pixels, tmp_path))
    (finding,) = examine(begun.work).damaged
    assert ('writes the same query anew' if number else 'only late answers') in finding.means
    repair(begun.work)
    run_untrained(begun.cfg, {})
    assert load_query(begun.work, 1).content == before
    state = load_state(begun.work)
    assert state.content['finished'] is not None and len(state.labeled()) == 5
    assert faults(begun.work) == {}


@pytest.mark.parametrize('name', ['labels.json', 'labels.json.sha256', 'round_01/pseudo.json'])
def test_a_folder_or_a_broken_link_in_the_place_of_a_file_stops_nothing(begun, name):
    path, link = osp.join(begun.work, name), osp.join(begun.work, 'answers', 'round_00.json.sha256')
    for each in (path, link):
        os.remove(each)
    os.mkdir(path)
    os.symlink(osp.basename(link), link)
    found = faults(begun.work)
    assert set(found) == {name.replace('.sha256', ''), 'answers/round_00.json'}
    assert all('cannot be read' in fault or 'symbolic' in fault for fault in found.values())
    repair(begun.work)
    assert faults(begun.work) == {}


@pytest.mark.parametrize('before', [True, False])
def test_a_state_that_is_gone_is_missed_and_nothing_begins_again(begun, before, capsys):
    """With the state of the start before, and without it."""
    paths = Paths(begun.work)
    os.remove(paths.state)
    if not before:
        os.remove(paths.previous_state)
    whole = snapshot(begun.work)
    for words in (['status'], ['replay'], ['query']):
        assert main([words[0], begun.work]) == 1
        assert 'active_learning.json' in capsys.readouterr().err
    with pytest.raises(StateError, match='is not there, and what the experiment has done is'):
        run_untrained(begun.cfg, {})
    kept = {name: content for name, content in snapshot(begun.work).items() if 'lock' not in name}
    assert kept == {name: content for name, content in whole.items() if 'lock' not in name}
    assert main(['doctor', begun.work]) == 1
    told = capsys.readouterr().out
    assert 'active_learning.json: is not there' in told
    assert ('goes back to active_learning.previous.json' in told) == before


def test_scores_that_a_query_is_made_of_are_missed(begun):
    """People have answered; the next start reads what the network predicted."""
    os.remove(Paths(begun.work).scores(0))
    assert faults(begun.work) == {'round_00/scores.npz': 'is not there'}
    repair(begun.work)
    run_untrained(begun.cfg, {})
    assert load_state(begun.work).content['finished'] is not None


def test_what_a_training_reads_is_looked_at(begun):
    """Split files and pseudo-labels of a round and of a later training of it."""
    paths = Paths(begun.work)
    pool = Experiment(begun.work).pool
    files = [paths.labeled_split(0), paths.taken_split(0), paths.validation_split(0)]
    for path in files:
        write_split(pool, [0, 10], path)
    for path in (paths.pseudo(1), paths.bootstrap_labels(0, 1)):
        write_pseudo(pool, pool.labels([0]), path)
        files.append(path)
    assert faults(begun.work) == {}
    for path in files:
        flip(path)
        name = osp.relpath(path, begun.work)
        assert list(faults(begun.work)) == [name]
        assert repair(begun.work) == [f'{name}: is set aside as {osp.basename(path)}.damaged']
        assert faults(begun.work) == {} and not osp.exists(path + fileio.CHECKSUM)


def test_a_config_is_looked_at(begun):
    path = Paths(begun.work).config
    flip(path, 100)
    (finding,) = examine(begun.work).damaged
    assert finding.path == 'experiment_config.py' and finding.repair is None
    assert 'remove experiment_config.py.sha256' in finding.means
    with pytest.raises(Missing, match=r'experiment_config\.py cannot be read: its bytes are not'):
        Experiment(begun.work).setting('active_learning.threshold')
    flip(path, 100)
    os.remove(path + fileio.CHECKSUM)  # of an older version
    assert faults(begun.work) == {}
    os.remove(path)
    assert faults(begun.work) == {'experiment_config.py': 'is not there'}
    fileio.write_text(path, "custom_imports = dict(imports='no_such_module')\n")
    assert 'no_such_module' in faults(begun.work)['experiment_config.py']


def test_the_note_of_a_server_is_looked_at(begun):
    path = Paths(begun.work).server_project
    fileio.write_json(path, dict(url='http://127.0.0.1:1', key='0' * 12, project=3), checked=True)
    assert faults(begun.work) == {}
    flip(path, 30)
    (finding,) = examine(begun.work).damaged
    assert finding.path == 'labelling/server_project.json' and '--project' in finding.means
    assert len(repair(begun.work)) == 1 and faults(begun.work) == {}


def test_nothing_is_repaired_while_somebody_works(begun):
    paths = Paths(begun.work)
    held = fileio.locked(paths.training_lock)
    with held, pytest.raises(BlockingIOError, match='a training runs in this folder; wait'):
        repair(begun.work)
    query = load_query(begun.work, 1)
    journal = Journal(paths.label_journal(1), query)
    journal.append(dict(op='time', who='Anna', unit=query.units[0], seconds=1))
    flip(journal.path)
    held = fileio.locked(paths.label_lock)
    with held, pytest.raises(BlockingIOError, match='`mmpose-al label` shows this; wait'):
        repair(begun.work)


@pytest.fixture
def labels(tmp_path):
    """Labels of a project without an experiment: two frames are handed over, one is begun."""
    path, pixels, _ = write_pool(tmp_path / 'data')
    home = plain.home_of(str(tmp_path / 'labels'), path)
    query = plain.ask(home, 'frames', str(tmp_path / 'data' / 'images'), names=['*'])
    session = Session(home, query=query)
    session.join('Anna', 'tab-a')
    for unit in (0, 10):
        place(session, pixels, 4 * unit)
        say(session, unit, None, 'done', done=True)
        session.hand_over('Anna', 'tab-a')
    place(session, pixels, 80)
    return home, query


def test_labels_of_a_project_are_looked_at(labels, tmp_path):
    home, query = labels
    found = examine(home)
    assert found.about == 'labels of a project' and not found.damaged
    with pytest.raises(ValueError, match=f'give {re.escape(home)}$'):
        examine(str(tmp_path))
    flip(Paths(home).label_journal(0))
    with pytest.raises(fileio.FileError, match='doctor .*shows the way back'):
        Journal(Paths(home).label_journal(0), query)
    held = fileio.locked(Paths(osp.dirname(home)).label_lock)  # of all labels of the project
    with held, pytest.raises(BlockingIOError, match='`mmpose-al label` shows this; wait'):
        repair(home)
    flip(Paths(home).answers(0))
    os.remove(Paths(home).labels)
    assert len(repair(home)) == 3 and faults(home) == {}
    assert sorted(latest([load_answers(home, 0)])) == [0, 1, 2, 3]  # before the damaged line


def test_a_damaged_query_of_a_project_is_set_aside(labels, tmp_path):
    home, query = labels
    flip(Paths(home).query_file(0))
    with pytest.raises(ValueError, match='doctor .*says what to do without it'):
        plain.ask(home, 'frames', str(tmp_path / 'data' / 'images'))
    (done,) = repair(home)
    assert 'round_00.damaged' in done and 'round_00.jsonl is set aside' in done
    assert faults(home) == {} and len(latest([load_answers(home, 0)])) == 8
    again = plain.ask(home, 'frames', str(tmp_path / 'data' / 'images'), names=['cam0_2.png'])
    assert again.units == [20] and len(Session(home, query=again).journal.events) == 1
