"""What only testing takes."""

from types import SimpleNamespace

import pytest
from mmengine.config import Config

from mmpose_al.cli.errors import CommandError, UsageError
from mmpose_al.cli.test import loss_of, merge_args, metrics_hook, of_an_experiment

METRIC = dict(type='PCKAccuracy')


def merged(hook=None, **changes):
    given = dict(config='c.py', checkpoint='a.pth', badcase=False, dump=None, show=False)
    given.update(dict(show_dir=None, interval=2, wait_time=1), **changes)
    hooks = dict(visualization=dict(type='PoseVisualizationHook', enable=False))
    if hook is not None:
        hooks['badcase'] = dict(type='BadCaseAnalysisHook', enable=False, **hook)
    loss = dict(type='KeypointMSELoss')
    cfg = Config(dict(default_hooks=hooks, test_evaluator=METRIC, model=dict(head=dict(loss=loss))))
    merge_args(cfg, SimpleNamespace(**given))
    return cfg


def test_the_checkpoint_is_loaded():
    assert merged().load_from == 'a.pth'


def test_predictions_are_dumped_beside_the_metrics():
    assert merged(dump='out.pkl').test_evaluator == [
        METRIC,
        dict(type='DumpResults', out_file_path='out.pkl'),
    ]
    with pytest.raises(UsageError, match='--dump out.json: let the name end in .pkl or .pickle'):
        merged(dump='out.json')


@pytest.mark.parametrize(
    'hook, metric',
    [
        (dict(), dict(type='KeypointMSELoss')),
        (dict(metric_type='accuracy'), METRIC),
        (dict(metric_type='accuracy', metric=dict(type='EPE')), dict(type='EPE')),
    ],
)
def test_the_worst_samples_are_judged_by_the_loss_or_the_metric(hook, metric):
    found = merged(hook, badcase=True).default_hooks.badcase
    assert (found.enable, found.interval, found.metric) == (True, 2, metric)


def test_the_loss_of_an_estimator_is_its_networks():
    loss = dict(type='KeypointMSELoss')
    network = dict(head=dict(loss=loss))
    for model in (network, dict(students=network), dict(students=[network]), dict(network=network)):
        assert loss_of(Config(dict(model=model)), 'c.py') == loss
    for model in (dict(), dict(head=dict(loss=[loss]))):
        with pytest.raises(CommandError, match='c.py: --badcase takes the loss of the head'):
            loss_of(Config(dict(model=model)), 'c.py')


def test_worst_samples_need_the_hook_and_a_measure_that_there_is():
    with pytest.raises(CommandError, match="default_hooks.badcase = dict\\(type='BadCase"):
        merged(badcase=True)
    with pytest.raises(CommandError, match="metric_type is 'luck'"):
        merged(dict(metric_type='luck'), badcase=True)


def test_pictures_go_to_a_folder():
    hook = merged(show_dir='here').default_hooks.visualization
    assert (hook.enable, hook.out_dir, hook.show) == (True, 'here', False)


def test_a_name_that_no_metrics_can_have_is_refused_before_the_test(tmp_path):
    assert metrics_hook(str(tmp_path / 'test.json')).out.endswith('test.json')
    with pytest.raises(CommandError, match='--out test.txt: let the name end in one of .json'):
        metrics_hook('test.txt')


def asked(checkpoint=None, cfg_options=None):
    return SimpleNamespace(config='c.py', checkpoint=checkpoint, cfg_options=cfg_options)


def test_a_checkpoint_is_needed_but_for_an_experiment(tmp_path):
    plain = Config(dict(work_dir=str(tmp_path)))
    assert of_an_experiment(plain, asked('a.pth')) is plain
    with pytest.raises(CommandError, match='c.py: name the checkpoint'):
        of_an_experiment(plain, asked())
    experiment = Config(
        dict(
            work_dir=str(tmp_path),
            active_learning=dict(),
            train_cfg=dict(),
            test_dataloader=dict(batch_size=1),
        )
    )
    with pytest.raises(CommandError, match='no experiment here .no active_learning.json.'):
        of_an_experiment(experiment, asked())
    cfg = of_an_experiment(experiment, asked('a.pth', {'load_cfg.into': 'students'}))
    assert cfg.load_from == 'a.pth' and cfg.train_cfg is None and 'load_cfg' not in cfg
    untested = Config(dict(work_dir=str(tmp_path), active_learning=dict(), train_cfg=dict()))
    with pytest.raises(CommandError, match='names nothing to test on'):
        of_an_experiment(untested, asked('a.pth'))
