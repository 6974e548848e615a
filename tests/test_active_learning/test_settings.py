"""The ``active_learning`` section: what it may say."""

import copy

import pytest
from mmengine.config import Config

from mmpose_al.active_learning.settings import (
    Settings,
    changed_keys,
    earlier_digests,
    experiment_digest,
    initial_number,
    pool_source,
    read_self_training,
    read_settings,
    seed_of,
    starts_labeled,
    without_choice,
)
from mmpose_al.confidence import ConfidenceMap, to_content
from mmpose_al.fileio import write_json

NAN, INF = float('nan'), float('inf')


def described(**section):
    """A config as plain data; the checks build nothing."""
    active = dict(initial=3, budget=2, strategy=dict(type='RandomSampling'))
    active.update(section)
    return dict(
        active_learning=active,
        train_cfg=dict(type='ActiveLearningLoop', round_cfg=dict(max_iters=4)),
        train_dataloader=dict(
            dataset=dict(
                type='LabeledUnlabeledDataset',
                labeled=dict(type='X', ann_file='a.json', labels=3, subset='labeled', ids_file='b'),
            )
        ),
        val_dataloader={},
        val_cfg={},
        val_evaluator=[],
        work_dir='w',
    )


def test_defaults():
    settings = read_settings(described())
    assert settings == Settings(3, 2, dict(type='RandomSampling'))
    assert settings.unit == 'frames' and settings.annotator == dict(type='GroundTruthAnnotator')
    assert (settings.start, settings.threshold) == ('scratch', 20.0)
    assert settings.self_training is None and settings.limits == settings.pool == {}
    rules = read_settings(described(self_training=dict(num=4))).self_training
    assert rules == dict(type='ConsistentFrames', num=4)


def test_what_asks_where_no_strategy_is_named():
    """k-centre, over triangulated poses of frames; frames of one second are one."""
    cfg = described(strategy=None)
    assert read_settings(cfg).strategy == dict(type='CoreSetPoses', min_seconds=1.0)
    del cfg['active_learning']['strategy']
    cfg['active_learning']['unit'] = 'images'
    chosen = read_settings(cfg).strategy
    assert chosen == dict(type='CoreSetFeatures', min_seconds=1.0)
    chosen['type'] = 'Other'
    assert read_settings(cfg).strategy['type'] == 'CoreSetFeatures'
    assert read_settings(cfg).initial_strategy is None


def test_a_budget_for_each_round():
    several = read_settings(described(budget=[5, 10, 20]))
    assert [several.budget_after(number) for number in range(5)] == [5, 10, 20, 20, 20]
    assert read_settings(described(budget=4)).budget_after(7) == 4


def test_the_config_is_left_as_it_is():
    cfg = Config(described(self_training=dict(num=4), pool=dict(on_bad='skip')))
    before = copy.deepcopy(cfg.to_dict())
    settings = read_settings(cfg)
    settings.strategy['type'] = settings.annotator['type'] = 'Other'
    settings.pool['on_bad'] = 'raise'
    pool_source(cfg)['ann_file'] = 'c.json'
    experiment_digest(cfg)
    assert cfg.to_dict() == before
    assert read_settings(described()).annotator == dict(type='GroundTruthAnnotator')


@pytest.mark.parametrize(
    'section, words',
    [
        (dict(budgett=3), r"unknown keys \['budgett'\]; there are initial, budget, strategy"),
        (dict(initial=None), 'initial is missing'),
        (dict(budget=None), 'budget is missing'),
        (dict(strategy=None, unit='videos'), "unit is one of .*got 'videos'"),
        (dict(budget=5.5), 'budget is 5.5; write a whole number'),
        (dict(budget=0), 'budget is 0'),
        (dict(initial='labeled', initial_strategy=dict(type='Diverse')), 'leave one of them'),
        (dict(budget=[5, 0]), r'budget is \[5, 0\]; .*or a list of them, one a round'),
        (dict(budget=[]), r'budget is \[\]'),
        (
            dict(initial=[5]),
            r"initial is \[5\]; write a whole number of units, at least 1, 'labeled'",
        ),
        (dict(initial=True), 'initial is True'),
        (dict(initial='all'), "initial is 'all'.*'labeled'"),
        (dict(initial=dict(labeled=0)), 'initial is .*labeled=N'),
        (dict(initial=dict(number=3)), 'initial is .*labeled=N'),
        (dict(threshold=0), 'threshold is 0; write a finite number'),
        (dict(threshold=float('nan')), 'threshold is nan'),
        (dict(threshold='20'), "threshold is '20'"),
        (dict(start='warm'), "scratch.*got 'warm'"),
        (dict(start='load_from'), 'needs load_from'),
        (dict(limits=dict(hours=3)), 'hours'),
        (dict(self_training=4), r'self_training is 4; write dict\('),
    ],
)
def test_a_section_that_cannot_be_followed_is_refused(section, words):
    with pytest.raises(ValueError, match=words):
        read_settings(described(**section))


@pytest.mark.parametrize(
    'change, words',
    [
        (dict(train_cfg=dict(type='IterBasedTrainLoop')), 'schedule of a round'),
        (dict(train_cfg=dict(type='ActiveLearningLoop')), 'round_cfg'),
        (dict(train_cfg=None), 'round_cfg'),
        (dict(train_dataloader=None), 'LabeledUnlabeledDataset'),
        (dict(train_dataloader=dict(dataset=dict(type='CocoDataset'))), 'LabeledUnlabeledDataset'),
        (
            dict(train_dataloader=dict(dataset=dict(type='LabeledUnlabeledDataset', labeled=[]))),
            'one labelled source',
        ),
        (
            dict(
                train_dataloader=dict(
                    dataset=dict(type='LabeledUnlabeledDataset', labeled={}, unlabeled=[{}])
                )
            ),
            'is one source',
        ),
        (dict(val_cfg=None, val_evaluator=None), 'but val_cfg, val_evaluator is missing'),
        (dict(active_learning=None), 'initial is missing'),
    ],
)
def test_a_config_that_is_no_experiment_is_refused(change, words):
    with pytest.raises(ValueError, match=words):
        read_settings(dict(described(), **change))


def test_labels_that_are_there_may_start():
    for initial, number in (('labeled', None), (dict(labeled=4), 4), (3, 3)):
        settings = read_settings(described(initial=initial))
        assert initial_number(settings.initial) == number
        assert starts_labeled(settings.initial) == (initial != 3)


def test_nothing_need_validate():
    none = dict(val_dataloader=None, val_cfg=None, val_evaluator=None)
    pool = dict(pipeline=[dict(type='LoadImage')])
    assert read_settings(dict(described(pool=pool), **none)).pool == pool
    with pytest.raises(ValueError, match='pool = dict.pipeline'):
        read_settings(dict(described(), **none))
    plateau = dict(plateau=dict(metric='coco/AP'))
    with pytest.raises(ValueError, match='there is no validation'):
        read_settings(dict(described(pool=pool, limits=plateau), **none))


NOTHING = dict(val_dataloader=None, val_cfg=None, val_evaluator=None)


def answers_validate(validation=dict(share=0.1), **change):
    cfg = dict(described(pool=dict(pipeline=[]), validation=validation), **NOTHING)
    cfg['active_learning']['pool'] = dict(pipeline=[dict(type='LoadImage')])
    return dict(cfg, test_evaluator=[dict(type='EPE')], **change)


def test_a_share_of_the_answers_may_validate():
    settings = read_settings(answers_validate())
    assert settings.validation == dict(share=0.1) and settings.validation_share == 0.1
    assert read_settings(described()).validation_share is None


@pytest.mark.parametrize('value', [0.1, {}, dict(share=0), dict(share=1), dict(share=NAN)])
def test_the_share_is_one_that_can_be_held_out(value):
    with pytest.raises(ValueError, match='validation is .*; write dict'):
        read_settings(answers_validate(value))
    with pytest.raises(ValueError, match='validation is'):
        read_settings(answers_validate(dict(share=0.1, seed=0)))


def test_answers_validate_alone_and_it_is_known_how():
    with pytest.raises(ValueError, match='val_dataloader names one already'):
        read_settings(dict(answers_validate(), val_dataloader={}))
    with pytest.raises(ValueError, match='scores by test_evaluator'):
        read_settings(dict(answers_validate(), test_evaluator=None))
    coco = dict(type='CocoMetric', ann_file='pool.json')
    for evaluator in (coco, [dict(type='PerStudentMetric', metric=coco)]):
        with pytest.raises(ValueError, match='reads pool.json, which does not hold'):
            read_settings(dict(answers_validate(), test_evaluator=evaluator))


def test_weights_to_start_from():
    assert read_settings(dict(described(start='load_from'), load_from='x.pth')).start == 'load_from'


def test_the_type_of_self_training_is_the_papers_unless_it_is_named():
    assert read_self_training(dict(num=4)) == dict(type='ConsistentFrames', num=4)
    other = dict(type='MultiViewBootstrapping')
    assert read_self_training(other) == other


def test_the_source_of_the_pool_chooses_no_labels():
    assert pool_source(described()) == dict(type='X', ann_file='a.json')
    assert without_choice(dict(labels=1, a=2)) == dict(a=2)


def test_seed():
    assert [seed_of(dict(randomness=each)) for each in (dict(seed=3), {}, None)] == [3, 0, 0]


def test_the_digest_knows_what_matters():
    cfg = described(annotator=dict(type='FileAnnotator', images='copy', threshold=20.0))
    digest = experiment_digest(cfg)
    # the value of the version before this file; states on disk hold it
    assert 'e920f78356a0b5b6' in earlier_digests(cfg) and digest != 'e920f78356a0b5b6'
    assert experiment_digest(Config(cfg)) == digest
    assert experiment_digest(dict(reversed(list(cfg.items())))) == digest
    for key in ('work_dir', 'launcher', 'resume', 'log_level', 'model_wrapper_cfg'):
        assert experiment_digest(dict(cfg, **{key: 'other'})) == digest
    hooks = [dict(checkpoint=dict(type=f'{kind}CheckpointHook')) for kind in ('', 'Safe')]
    assert len({experiment_digest(dict(cfg, default_hooks=each)) for each in hooks}) == 1
    for free in (dict(limits=dict(rounds=3)), dict(strategy=dict(type='MultiPeakEntropy'))):
        changed = dict(cfg, active_learning=dict(cfg['active_learning'], **free))
        assert experiment_digest(changed) == digest
    for change in (dict(budget=3), dict(self_training=dict(num=2))):
        changed = dict(cfg, active_learning=dict(cfg['active_learning'], **change))
        assert experiment_digest(changed) != digest
        assert experiment_digest(changed, [*change]) == experiment_digest(cfg, [*change])
    section = cfg['active_learning']
    moved = dict(section, annotator=dict(section['annotator'], images='link', image_root='/x'))
    assert experiment_digest(dict(cfg, active_learning=moved)) == digest
    assert experiment_digest(dict(cfg, active_learning=moved), annotator=()) != digest


def test_what_changed_is_named():
    cfg = described(annotator=dict(type='FileAnnotator', images='copy'))
    section = dict(cfg['active_learning'], budget=3, limits=dict(rounds=9))
    other = dict(cfg, active_learning=section, work_dir='other', model=dict(type='Other'))
    assert changed_keys(cfg, dict(cfg)) == []
    names = changed_keys(cfg, Config(other))
    assert 'active_learning.budget' in names and not any('limits' in name for name in names)
    assert any(name.startswith('model') for name in names)


def test_of_the_file_of_confidence_the_map_counts_and_not_its_place(tmp_path):
    def at(name, slope, **more):
        path = str(tmp_path / name)
        write_json(path, to_content(ConfidenceMap('logit', slope, 0.5), **more))
        return described(confidence=path)

    digest = experiment_digest(at('a.json', 2.0))
    assert experiment_digest(at('b.json', 2.0, figures=dict(ECE=0.1))) == digest
    assert experiment_digest(at('a.json', 3.0)) != digest
    assert experiment_digest(described()) != digest
    early = experiment_digest(at('a.json', 2.0), by_path=True, strategy=True)
    assert early in earlier_digests(at('a.json', 3.0)) and early != digest
    assert early not in earlier_digests(at('c.json', 2.0))
    with pytest.raises(FileNotFoundError, match='none.json'):
        experiment_digest(described(confidence=str(tmp_path / 'none.json')))


def test_a_project_that_is_moved_as_a_whole_is_the_same_experiment():
    def at(root, val='val.json'):
        cfg = described()
        cfg['train_dataloader'] = dict(
            dataset=dict(labeled=dict(type='X', data_root=f'{root}/', ann_file='pool.json'))
        )
        metainfo = dict(from_file=f'{root}/metainfo.py')
        return dict(cfg, val=dict(data_root=f'{root}/', ann_file=val, metainfo=metainfo))

    digest = experiment_digest(at('/home/anna/mouse'))
    assert experiment_digest(at('/data/mouse')) == digest
    assert experiment_digest(at('/data/mouse', 'other.json')) != digest
    outside = dict(at('/data/mouse'), load_from='/data/mouse2/x.pth')
    assert experiment_digest(outside) != experiment_digest(
        dict(at('/home/anna/mouse'), load_from='/home/anna/mouse2/x.pth')
    )
    assert experiment_digest(at('data/mouse')) != experiment_digest(at('other/mouse'))
    old = experiment_digest(at('/data/mouse'), by_path=True)
    assert old in earlier_digests(at('/data/mouse')) and old != digest


@pytest.mark.parametrize('value', [0, -1, 5.5, True, '3', NAN, INF, [True]])
@pytest.mark.parametrize('key', ['initial', 'budget'])
def test_numbers_of_units_are_whole(key, value):
    with pytest.raises(ValueError, match=f'active_learning.{key} is .*; write a whole number'):
        read_settings(described(**{key: value}))


@pytest.mark.parametrize('value', [0, -1.5, True, '20', NAN, INF, None, 10**400])
def test_the_threshold_is_a_finite_number(value):
    with pytest.raises(ValueError, match='active_learning.threshold is .*; write a finite number'):
        read_settings(described(threshold=value))


def test_the_triangulation_is_feng23s_unless_the_config_says_more():
    settings = read_settings(described())
    assert (settings.min_inliers, settings.weights) == (2, None)
    settings = read_settings(described(min_inliers=3, weights='confidence2'))
    assert (settings.min_inliers, settings.weights) == (3, 'confidence2')
    with pytest.raises(ValueError, match='active_learning.min_inliers is 1; write a whole number'):
        read_settings(described(min_inliers=1))
    with pytest.raises(ValueError, match='active_learning.weights is .*; write one of'):
        read_settings(described(weights='score'))
    with pytest.raises(ValueError, match='active_learning.confidence is 0.5; write the path'):
        read_settings(described(confidence=0.5))


@pytest.mark.parametrize('name', ['rounds', 'labels', 'seconds_per_view', 'uncertainty'])
def test_limits_are_finite_numbers(name):
    """``limits=dict(labels=float('nan'))`` was accepted, and never stopped an experiment."""
    for value in (NAN, INF):
        with pytest.raises(ValueError, match=f'active_learning.limits.{name} is {value}'):
            read_settings(described(limits={name: value}))


def test_what_may_change_on_a_resume_is_no_other_experiment():
    plain = described()
    digest = experiment_digest(plain)
    assert experiment_digest(dict(plain, load_cfg=dict(changed=['labels']))) == digest
    assert experiment_digest(dict(plain, load_cfg=dict(leave_out=['head.']))) != digest


@pytest.mark.parametrize('unlabeled', [None, dict(type='X')])
@pytest.mark.parametrize('self_training', [None, dict(num=4)])
def test_shares_are_of_all_sources_that_a_round_may_have(self_training, unlabeled):
    """Else a run would fail in its first round with pseudo-labels, hours later."""
    right = 1 + bool(self_training) + bool(unlabeled)
    for number in (1, 2, 3, 4):
        cfg = described(self_training=self_training)
        cfg['train_dataloader']['dataset'].update(unlabeled=unlabeled, shares=[1] * number)
        if number == right:
            assert read_settings(cfg).initial == 3
            continue
        named = 'pseudo-labels' if self_training else 'labels'
        with pytest.raises(ValueError, match=f'shares is .*{named}.*give {right} numbers'):
            read_settings(cfg)
