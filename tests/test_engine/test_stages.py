"""The stages of a round, each alone: what they make of what is on disk."""

import copy
import json
import logging
import os
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from mmengine.config import Config

from mmpose_al.active_learning.annotators import AnswersPending
from mmpose_al.active_learning.answers import load_answers
from mmpose_al.active_learning.experiment import pool_statistics
from mmpose_al.active_learning.registry import QUERY_STRATEGIES
from mmpose_al.active_learning.self_training import MultiViewBootstrapping
from mmpose_al.active_learning.state import StateError
from mmpose_al.active_learning.statistics import ViewStatistics
from mmpose_al.confidence import ConfidenceMap, to_content
from mmpose_al.datasets.splits import load_split
from mmpose_al.engine import stages
from mmpose_al.engine.active_learning import ActiveLearningExperiment
from mmpose_al.engine.start_network import StartNetwork
from mmpose_al.fileio import write_checked, write_json
from tests.test_active_learning.experiments import describe, revealed
from tests.test_active_learning.people import NAMES, snapshot
from tests.test_active_learning.rig import make_views


@pytest.fixture(scope='module')
def begun(tmp_path_factory):
    return revealed(tmp_path_factory.mktemp('stages'), limits=dict(rounds=2))


@pytest.fixture
def context(begun):
    """Of an experiment whose first round is whole and whose second is trained."""
    return ActiveLearningExperiment(begun.cfg).context


def new_context(folder, **section):
    return ActiveLearningExperiment(describe(folder, **section)[0]).context


def test_stages_are_in_the_order_of_a_round():
    from mmpose_al.active_learning.stage_names import stage_names

    assert tuple(stages.STAGES) == stage_names()
    for name in stage_names(12):
        assert callable(stages.stage_function(name))


def test_annotate_asks_at_random_first_then_what_was_selected(tmp_path):
    context = new_context(tmp_path)
    noted = stages.annotate(context, 0)
    assert context.state.labeled() == context.pool.initial(3, 5)
    assert noted == dict(asked=3, answered=3, labels=3, views=12, joints=60)
    with pytest.raises(StateError, match='select of round 0 is not done'):
        stages.annotate(context, 1)
    views, _ = make_views(12)
    os.makedirs(context.paths.round(0))
    stages.save_views(views, context.paths.scores(0))
    free = [i for i in context.pool.units.tolist() if i not in context.state.labeled()]
    context.state.note(0, 'select', dict(ids=free[:2], utilities=[2.0, 1.0]))
    noted = stages.annotate(context, 1)
    assert (noted['asked'], noted['labels'], noted['joints']) == (2, 5, 100)
    assert [event['ids'] for event in context.state.content['labeled'][1:]] == [free[:2]]
    assert not os.path.exists(context.paths.state)  # the loop writes it


def test_units_that_came_late_are_labelled_once(tmp_path, monkeypatch):
    context = new_context(tmp_path)
    stages.annotate(context, 0)
    known = context.state.labeled()
    views, _ = make_views(12)
    os.makedirs(context.paths.round(0))
    stages.save_views(views, context.paths.scores(0))
    free = [i for i in context.pool.units.tolist() if i not in known]
    context.state.note(0, 'select', dict(ids=free[:2], utilities=[2.0, 1.0]))
    given = [free[0], known[1], free[5]]  # one of the query, a corrected one, a new one
    monkeypatch.setattr(context.annotator, 'answers', lambda number: given)
    noted = stages.annotate(context, 1)
    assert (noted['asked'], noted['answered'], noted['labels']) == (2, 1, 5)
    assert context.state.content['labeled'][1]['ids'] == sorted([free[0], free[5]])


def test_units_whose_labels_were_taken_back_are_in_the_pool_again(tmp_path, monkeypatch):
    context = new_context(tmp_path)
    stages.annotate(context, 0)
    known = context.state.labeled()
    views, _ = make_views(12)
    os.makedirs(context.paths.round(0))
    stages.save_views(views, context.paths.scores(0))
    free = [i for i in context.pool.units.tolist() if i not in known]
    context.state.note(0, 'select', dict(ids=free[:2], utilities=[2.0, 1.0]))
    monkeypatch.setattr(context.annotator, 'withdrawn', lambda units: list(units)[:1])
    assert stages.annotate(context, 1)['labels'] == 4
    assert context.state.labeled() == sorted(known[1:] + free[:2])
    assert context.training_labels(0) == known and known[0] not in context.training_labels(1)
    assert known[0] not in context.taken(1) and known[1] in context.taken(1)


def test_labels_of_the_pool_start_without_a_query(tmp_path):
    context = new_context(tmp_path, initial='labeled')
    noted = stages.annotate(context, 0)
    assert context.state.labeled() == context.pool.units.tolist()
    assert noted['labels'] == noted['answered'] == 12


def test_people_are_not_asked_for_labels_that_are_there(tmp_path):
    annotator = dict(type='FileAnnotator', formats=['coco'])
    context = new_context(tmp_path, initial=dict(labeled=5), annotator=annotator)
    known = context.pool.initial_labeled(5, 5)
    for _ in range(2):  # killed and started again
        noted = stages.annotate(context, 0)
        assert context.state.labeled() == known
    assert noted['labels'] == 5 and noted['views'] == 20
    assert not os.path.exists(context.paths.query(0))
    with open(context.annotator.labels_file) as file:
        labels = json.load(file)
    with open(context.pool.path) as file:
        truth = {a['id']: a for a in json.load(file)['annotations']}
    given = {a['id']: a['keypoints'] for a in labels['annotations'] if a['num_keypoints']}
    assert given == {i: truth[i]['keypoints'] for i in given} and len(given) == 20
    (event,) = load_answers(context.paths.folder, 0)['events']
    assert event['format'] == 'pool' and event['sha256'] == context.pool.sha256


# The data set that is scored knows the five joints of the test's pool.
FIVE = dict(
    metainfo=dict(
        dataset_name='five',
        paper_info={},
        keypoint_info={
            i: dict(name=name, id=i, color=[0, 0, 0], type='', swap='')
            for i, name in enumerate(NAMES)
        },
        skeleton_info={},
        joint_weights=[1.0] * len(NAMES),
        sigmas=[0.1] * len(NAMES),
    )
)


def test_first_labels_that_a_strategy_chooses(tmp_path):
    """By what the images look like: the test's are of one grey each, brighter by frame."""
    strategy = dict(type='Diverse', method='k-centre')
    context = new_context(tmp_path, initial_strategy=strategy, pool=FIVE)
    noted = stages.annotate(context, 0)
    assert noted == dict(asked=3, answered=3, labels=3, views=12, joints=60)
    labeled = context.state.labeled()
    assert {0, 110} <= set(labeled) and 40 <= min(set(labeled) - {0, 110}) <= 70
    pool = context.first_statistics()
    assert not pool.labeled.any() and 'keypoints' not in pool.views
    assert (pool.seed, pool.round, pool.threshold) == (5, 0, 30.0)
    assert sorted(context.initial_strategy.select(pool, 3).ids) == sorted(labeled)


def test_the_pass_before_the_first_round_is_made_once(tmp_path, monkeypatch):
    context = new_context(tmp_path, initial_strategy=dict(type='Diverse'), pool=FIVE)
    expected = stages.first_units(context)
    monkeypatch.setattr(stages, 'score_pool', lambda *args, **kwargs: 1 / 0)
    assert stages.first_units(context) == expected  # from the file
    os.remove(context.paths.first_scores())
    with pytest.raises(ZeroDivisionError):
        stages.first_units(context)


def test_the_first_frames_first(tmp_path):
    context = new_context(tmp_path, initial_strategy=dict(type='FirstFrames', min_spacing=10))
    units, utilities = stages.first_units(context)
    assert units == [0, 20, 40] and utilities == [11, 9, 7]
    assert not os.path.exists(context.paths.first_scores())  # it looks at no image


def test_what_images_are_compared_by_is_said(monkeypatch):
    said = []
    monkeypatch.setattr(stages, 'say', said.append)
    strategy = QUERY_STRATEGIES.build(dict(type='Diverse'))
    stages.say_start(
        strategy, StartNetwork(None, None, 'the backbone X starts from random weights')
    )
    stages.say_start(strategy, StartNetwork(None, 'network', 'weights: a.pth'))
    assert 'Diverse compares colours and edges' in said[0] and 'because the backbone X' in said[0]
    assert 'backbone.init_cfg=dict(' in said[0]
    assert said[1] == 'Diverse compares features of the backbone (weights: a.pth)'


def test_annotate_notes_labels_once(tmp_path):
    """Killed between the note of the labels and that of the stage."""
    context = new_context(tmp_path)
    stages.annotate(context, 0)
    before = context.state.labeled()
    assert stages.annotate(context, 0)['labels'] == 3 and context.state.labeled() == before


def test_annotate_stops_where_nobody_has_answered(tmp_path, monkeypatch):
    context = new_context(tmp_path)

    def pending(number):
        raise AnswersPending('somebody has to label')

    monkeypatch.setattr(context.annotator, 'answers', pending)
    with pytest.raises(SystemExit) as stopped:
        stages.annotate(context, 0)
    assert stopped.value.code == stages.EXIT_PENDING == 3
    monkeypatch.setattr(context.annotator, 'answers', lambda number: 1 / 0)
    with pytest.raises(ZeroDivisionError):  # a defect keeps its traceback
        stages.annotate(context, 0)


def test_labels_that_are_counted(context):
    assert stages.labeled_cost(context.pool, [0, 10]) == dict(views=8, joints=40)
    assert stages.labeled_cost(context.pool, []) == dict(views=0, joints=0)


def test_the_config_of_a_round(context, begun):
    cfg = stages.round_config(context, 1)
    assert 'active_learning' not in cfg and 'runner_type' not in cfg
    assert cfg.train_cfg == begun.cfg.train_cfg.round_cfg
    assert cfg.work_dir == context.paths.round(1) and not cfg.resume and cfg.load_from is None
    labeled, *pseudo = cfg.train_dataloader.dataset.labeled
    assert (labeled.ids_file, labeled.subset) == (context.paths.labeled_split(1), 'labeled')
    noted = context.state.stage(0, 'pseudo')
    assert [each.ann_file for each in pseudo] == [context.paths.pseudo(1)] * (
        noted['annotations'] > 0
    )
    assert begun.cfg.active_learning and 'ids_file' not in begun.cfg.train_dataloader.dataset
    names = {stages.round_config(context, n).experiment_name for n in (0, 1)}
    assert len(names) == 2  # MMEngine keeps one of a name


@pytest.mark.parametrize('start', ['scratch', 'last', 'load_from'])
def test_what_a_round_starts_from(start, begun, context, tmp_path):
    cfg = begun.cfg.copy()
    cfg.load_from = 'published.pth'
    context.settings, context.cfg = context.settings._replace(start=start), cfg
    context.state.done(0, 'train')['checkpoint'] = 'round_00/whole.pth'
    write_checked(context.paths.absolute('round_00/whole.pth'), b'weights')
    expected = dict(
        scratch=(None, None),
        last=(None, context.paths.absolute('round_00/whole.pth')),
        load_from=('published.pth', 'published.pth'),
    )
    found = tuple(stages.round_config(context, number).load_from for number in (0, 1))
    assert found == expected[start]


def test_an_unlabelled_source_leaves_out_what_is_labelled(context, monkeypatch):
    data = Config(dict(labeled={}, unlabeled=dict(type='X', labels=3, ann_file='a.json')))
    stages.choose_data(context, 1, data)
    assert data.unlabeled == dict(
        type='X', ann_file='a.json', ids_file=context.paths.taken_split(1), subset='unlabeled'
    )
    assert context.any_left([0]) and context.taken(1) == sorted(
        context.state.labeled(until=1)
    ) + context.pseudo_stage(1).get('ids', [])


def test_shares_of_a_round_without_pseudo_labels(context, monkeypatch):
    """Of labels, pseudo-labels and unlabelled views; the first round has no second."""
    for unlabeled, shares, without in ((True, [1, 1, 2], [1, 2]), (False, [1, 3], [1])):
        for file, expected in ((None, without), ('pseudo.json', shares)):
            monkeypatch.setattr(context, 'pseudo_file', lambda number, file=file: file)
            data = Config(copy.deepcopy(context.cfg.train_dataloader.dataset.to_dict()))
            data.shares = shares
            if unlabeled:
                data.unlabeled = dict(labels=None)
            stages.choose_data(context, 1, data)
            assert data.shares == expected
            assert len(data.labeled) + unlabeled == len(expected)


def test_a_round_goes_on_from_a_whole_checkpoint_or_begins_anew(tmp_path, capsys):
    assert stages.where_it_was(str(tmp_path)) is None
    note, checkpoint = tmp_path / 'last_checkpoint', tmp_path / 'iter_2.pth'
    note.write_text(str(checkpoint))
    assert stages.where_it_was(str(tmp_path)) is None  # killed between two of MMEngine's
    write_checked(str(checkpoint), b'weights')
    assert stages.where_it_was(str(tmp_path)) == str(checkpoint)
    note.write_text('')
    assert stages.where_it_was(str(tmp_path)) == str(checkpoint)
    checkpoint.write_bytes(b'weighTs')
    assert stages.where_it_was(str(tmp_path)) is None


def test_a_damaged_network_is_trained_again(context, monkeypatch):
    path = context.paths.absolute(os.path.join('round_00', 'iter_2.pth'))
    write_checked(path, b'weights')
    first = dict(checkpoint='round_00/iter_2.pth', steps=2, metrics={'m': 1.0}, seconds=3)
    context.state.note(0, 'train', first)
    calls = []

    def train(context, number):
        calls.append(number)
        write_checked(path, b'weights')
        return dict(checkpoint='round_00/iter_2.pth', steps=2, metrics={'m': 1.5})

    monkeypatch.setitem(stages.STAGES, 'train', train)
    assert stages.trained(context, 0) == path and not calls
    with open(path, 'wb') as file:
        file.write(b'half')
    assert stages.trained(context, 0) == path and calls == [0]
    assert context.state.stage(0, 'train') == dict(first, metrics={'m': 1.5})


def test_a_damaged_network_of_a_bootstrap_is_trained_again(context, monkeypatch):
    path = context.paths.absolute('round_00/bootstrap_1/iter_2.pth')
    os.makedirs(os.path.dirname(path))
    write_checked(path, b'weights')
    write_checked(context.paths.bootstrap_labels(0, 1), b'{}')
    first = dict(checkpoint='round_00/bootstrap_1/iter_2.pth', steps=2, metrics={'m': 1.0})
    context.state.note(0, 'bootstrap_1_label', dict(annotations=3))
    context.state.note(0, 'bootstrap_1_train', first)
    calls = []

    def run_training(context, number, bootstrap):
        calls.append((number, bootstrap))
        return dict(first, metrics={'m': 2.0})

    monkeypatch.setattr(stages, 'run_training', run_training)
    assert stages.trained(context, 0) == path and not calls
    with open(path, 'wb') as file:
        file.write(b'half')
    assert stages.trained(context, 0) == path and calls == [(0, 1)]
    assert context.state.trained(0)['metrics'] == {'m': 2.0}
    before = context.state.stage(0, 'train')['checkpoint']
    monkeypatch.setattr(stages, 'damage', lambda path: None)
    assert stages.trained(context, 0, before=1) == context.paths.absolute(before)


def test_pseudo_labels_of_the_pool_by_the_newest_network(begun, context, monkeypatch):
    """Written for all frames that nobody has labelled, from the scores of that network."""
    context.self_training = MultiViewBootstrapping(batch_size=8)
    views, points = make_views(12, 1.0, points=np.random.RandomState(3).normal(0, 250, (12, 5, 3)))

    class Loader:
        dataset = type('', (), dict(metainfo=dict(flip_indices=[0, 2, 1, 4, 3])))

    def score_into(path, context, number, loader, needs, what, before):
        assert before == 1  # the network that was trained on the labels alone
        os.makedirs(os.path.dirname(path), exist_ok=True)
        stages.save_views(views, path)
        return len(views)

    monkeypatch.setattr(stages, 'pool_loader', lambda context: Loader)
    monkeypatch.setattr(stages, 'score_into', score_into)
    labeled = context.state.labeled(until=1)
    noted = stages.bootstrap_label(context, 1, bootstrap=1)
    assert noted['file'] == os.path.join('round_01', 'bootstrap_1', 'pseudo.json')
    others = [i for i in range(0, 120, 10) if i not in labeled]
    assert (noted['views'], noted['annotations']) == (48, 4 * len(others))
    assert 0.9 * noted['of'] < noted['joints'] <= noted['of'] == 20 * len(others)
    assert 0.5 < noted['weight'] <= 1 and noted['mkpe'] is None
    with open(context.paths.absolute(noted['file'])) as file:
        content = json.load(file)
    frame_of = {image['id']: image['frame_id'] for image in content['images']}
    assert {frame_of[a['image_id']] for a in content['annotations']} == set(others)
    again = stages.bootstrap_label(context, 1, bootstrap=1)
    assert again == noted
    # what trains on them: half of each batch, and from them alone
    cfg = stages.round_config(context, 1, bootstrap=1)
    data = cfg.train_dataloader.dataset
    assert data.shares == [1, 1] and cfg.train_dataloader.batch_size == 8
    assert data.labeled[1].ann_file == context.paths.absolute(noted['file'])
    assert data.labeled[0].ids_file == context.paths.labeled_split(1)
    assert cfg.work_dir == context.paths.training(1, 1)
    assert cfg.work_dir in context.paths.folders()
    names = {stages.round_config(context, 1, k).experiment_name for k in (0, 1, 2)}
    assert len(names) == 3


def test_without_a_pseudo_label_the_network_stands(context, monkeypatch):
    context.state.note(1, 'bootstrap_1_label', dict(annotations=0))
    monkeypatch.setattr(stages, 'run_training', lambda *given: 1 / 0)
    noted = stages.bootstrap_train(context, 1, bootstrap=1)
    assert noted == dict(context.state.stage(1, 'train'), skipped='no joint has a pseudo-label')
    context.state.note(1, 'bootstrap_1_train', noted)
    assert context.state.trained(1) == context.state.stage(1, 'train')
    monkeypatch.setattr(stages, 'damage', lambda path: None)
    own = context.paths.absolute(context.state.stage(1, 'train')['checkpoint'])
    assert stages.trained(context, 1) == own


@pytest.mark.parametrize('harm', ['flipped', 'gone'])
def test_pseudo_labels_that_are_damaged_are_made_anew(harm, context, monkeypatch):
    path, said = context.pseudo_file(1), []
    monkeypatch.setattr(stages, 'say', said.append)
    with open(path, 'rb') as file:
        whole = file.read()
    if harm == 'gone':
        os.remove(path)
    else:
        with open(path, 'wb') as file:
            file.write(whole.replace(b'7', b'8', 1))
    monkeypatch.setattr(stages, 'run_training', lambda context, number: number)
    assert stages.train(context, 1) == 1
    assert len(said) == 1 and 'it is made anew from the scores' in said[0]
    with open(path, 'rb') as file:
        assert file.read() == whole
    assert stages.train(context, 1) == 1 and len(said) == 1


def test_other_pseudo_labels_than_before_are_refused(context, monkeypatch):
    path = context.pseudo_file(1)
    with open(path, 'rb') as file:
        whole = file.read()
    monkeypatch.setitem(context.pseudo_stage(1), 'ids', [110])
    os.remove(path)
    for _ in range(2):  # they are not taken at the next start either
        with pytest.raises(ValueError, match='give other pseudo-labels now. Put the file back'):
            stages.mend_pseudo(context, 1)
        assert not os.path.exists(path)
    write_checked(path, whole)


def test_pseudo_labels_of_a_bootstrap_that_are_damaged_are_made_anew(context, monkeypatch):
    path, made = context.paths.bootstrap_labels(1, 1), []
    context.state.note(1, 'bootstrap_1_label', dict(annotations=3))
    write_checked(path, b'{}')
    monkeypatch.setattr(stages, 'run_training', lambda context, number, bootstrap: {})
    monkeypatch.setattr(stages, 'bootstrap_label', lambda *given: made.append(given[1:]))
    stages.bootstrap_train(context, 1, bootstrap=1)
    assert not made
    with open(path, 'wb') as file:
        file.write(b'[]')
    stages.bootstrap_train(context, 1, bootstrap=1)
    assert made == [(1, 1)]


def test_a_training_reads_splits_that_were_just_written(context, monkeypatch):
    """Whatever lies there: each training of a round writes them anew."""
    path = context.paths.labeled_split(1)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    write_checked(path, b'{}')
    monkeypatch.setattr(stages.Runner, 'from_cfg', lambda cfg: 1 / 0)
    for bootstrap in (0, 1):
        with open(path, 'wb') as file:
            file.write(b'[]')
        with pytest.raises(ZeroDivisionError):
            stages.run_training(context, 1, bootstrap)
        assert load_split(path)['labeled'] == context.state.labeled(until=1)


def test_scores_of_all_ranks_are_put_together_for_the_pool_alone(context):
    views, _ = make_views(13)  # one frame more than the pool has
    parts = [views.select(slice(40, None)), views.select(slice(0, 44))]
    together = stages.of_pool(parts, context.pool)
    np.testing.assert_array_equal(together.id, views.id[:48])
    np.testing.assert_array_equal(together.keypoints, views.keypoints[:48])


def test_scores_are_what_a_file_makes_of_them(tmp_path, monkeypatch):
    """Nothing else in the table changes; without a file, nothing at all."""
    path = tmp_path / 'confidence.json'
    write_json(str(path), to_content(ConfidenceMap('logit', 0.5, 1.0)))
    views, _ = make_views(12)
    monkeypatch.setattr(stages, 'score_pool', lambda *_: views)
    monkeypatch.setattr(stages, 'trained_model', lambda *_: None)
    for section, expected in (
        (dict(), views.scores),
        (dict(confidence=str(path)), ConfidenceMap('logit', 0.5, 1.0)(views.scores)),
    ):
        context = new_context(tmp_path / str(len(section)), **section)
        written = str(tmp_path / 'scores.npz')
        loader = SimpleNamespace(dataset=range(48))
        assert stages.score_into(written, context, 0, loader, (), 'score') == len(views)
        found = stages.load_views(written)
        kept = np.isin(views.id, found.id)
        np.testing.assert_array_equal(found.scores, expected[kept])
        np.testing.assert_array_equal(found.keypoints, views.keypoints[kept])
    with pytest.raises(FileNotFoundError, match='nothing.json'):
        new_context(tmp_path / 'other', confidence=str(tmp_path / 'nothing.json'))


def test_a_diverged_network_spends_no_budget(context):
    """Nor does one whose scores are on disk already."""
    path = context.paths.scores(0)
    views = stages.load_views(path)
    views.scores[1, 0] = np.nan
    with pytest.raises(FloatingPointError, match='scores of 1 of .* no label is asked for'):
        stages.check_views(views)
    broken = ViewStatistics(**{name: views[name] for name in views})
    context.statistics = lambda number: pool_statistics(broken, context.pool)
    with pytest.raises(FloatingPointError, match='diverged'):
        stages.select(context, 0)


def test_select_and_pseudo_are_functions_of_what_is_on_disk(context, begun):
    """Run again they choose the same, and write what was there."""
    before = snapshot(begun.work)
    for name in ('select', 'pseudo'):
        noted = dict(context.state.done(0, name))
        noted.pop('seconds')
        assert json.loads(json.dumps(stages.STAGES[name](context, 0))) == noted
    assert snapshot(begun.work) == before


def test_what_a_strategy_warns_of_is_in_the_log(context, monkeypatch):
    said = []
    monkeypatch.setattr(stages, 'print_log', lambda text, *args: said.append((text, *args)))
    original = context.strategy.select

    def select(pool, budget):
        warnings.warn('all units are equal', stacklevel=1)
        return original(pool, budget)

    monkeypatch.setattr(context.strategy, 'select', select)
    with pytest.warns(UserWarning, match='all units are equal'):
        stages.select(context, 0)
    assert ('active learning: all units are equal', 'current', logging.WARNING) in said


def test_other_ranks_choose_nothing(context, monkeypatch):
    monkeypatch.setattr(stages, 'get_rank', lambda: 1)
    assert stages.select(context, 0) == stages.pseudo(context, 0) == {}


def test_self_training_is_an_option(context, begun):
    context.self_training = None
    assert stages.pseudo(context, 0) == {}


def test_progress_is_told_every_half_minute(monkeypatch):
    told, now = [], [100.0]
    monkeypatch.setattr(stages.time, 'monotonic', lambda: now[0])
    progress = stages.Progress('round 1: score', 10, told.append)
    for seconds in (10, 10, 10, 10):
        now[0] += seconds
        progress(2)
    assert told == ['round 1: score: 6 of 10 views, 20 s left']


def test_the_last_evaluation_is_kept():
    class Runner:
        iter = 7

    last = stages.LastEvaluation()
    assert last.iter == -1
    last.after_val_epoch(Runner, dict(a=1.0))
    assert (last.iter, last.metrics) == (7, dict(a=1.0))


def test_scores_of_a_rig_say_how_well_its_views_agree(context):
    views, _ = make_views(12)
    found = stages.agreement(context, 0, views)['metrics']
    assert found['rig/inliers'] == 100 and found['rig/reprojection_error'] < 5
    names = [camera.get('name') for camera in context.pool.data['cameras']]
    assert all(f'rig/inliers/{name}' in found for name in names)
    context.pool.data['cameras'].clear()
    assert stages.agreement(context, 0, views) == {}
