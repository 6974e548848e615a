"""CollapseMonitorHook: when it speaks, what it says, and that it remembers."""

from unittest.mock import MagicMock

import pytest
import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmpose.registry import MODELS

from mmpose_al.engine.hooks import CollapseMonitorHook
from mmpose_al.engine.hooks.collapse_monitor import remedies
from tests.helpers import images
from tests.test_models.test_semi.estimators import build
from tests.test_models.test_semi.keypoint_heads import labelled, regression, rtmpose


def feed(hook, values, start=0):
    """When a collapse to background that shows in an iteration began, or None."""
    return [
        hook.update(labeled, easy, easy, start + i).get('background')
        for i, (labeled, easy) in enumerate(values)
    ]


def test_speaks_once_after_patience():
    hook = CollapseMonitorHook(ratio=0.5, patience=3, begin=2, momentum=1.0)
    told = feed(hook, [(1.0, 0.1)] * 10)
    # judged from iteration 2 on; the third low one is iteration 4
    assert told == [None] * 4 + [2] + [None] * 5
    assert feed(hook, [(1.0, 0.9)] + [(1.0, 0.1)] * 3, 10)[-1] == 11


def test_silent_when_healthy_or_untrained():
    hook = CollapseMonitorHook(ratio=0.3, patience=2, begin=0, momentum=1.0, floor=0.05)
    assert not any(feed(hook, [(0.8, 0.3), (0.8, 0.25)] * 5))
    assert feed(hook, [(0.04, 0.0)] * 9) == [None] * 9


def test_running_means_by_hand():
    hook = CollapseMonitorHook(momentum=0.5)
    feed(hook, [(1.0, 0.0), (0.0, 1.0), (0.5, 0.5)])
    # 1 -> 0.5 -> 0.5 and 0 -> 0.5 -> 0.5
    assert hook.state['labeled'] == pytest.approx(0.5)
    assert hook.state['easy'] == pytest.approx(0.5)


@pytest.mark.parametrize('broken', [(float('nan'), 0.1), (1.0, float('nan')), (float('inf'), 0.1)])
def test_values_that_are_not_finite_are_left_out(broken):
    """Two low ones before, two after: the fourth speaks, and none is lost."""
    hook = CollapseMonitorHook(patience=4, begin=0, momentum=0.5)
    told = feed(hook, [(1.0, 0.1)] * 2 + [broken] + [(1.0, 0.1)] * 2)
    assert told == [None] * 4 + [0]
    assert hook.state['background'] == dict(count=4, since=0)
    assert hook.state['labeled'] == 1 and hook.state['easy'] == pytest.approx(0.1)


def test_students_that_are_surer_than_labels_run_away():
    hook = CollapseMonitorHook(excess=1.5, patience=3, begin=2, momentum=1.0)
    told = [
        hook.update(0.4, 0.4, hard, i)
        for i, hard in enumerate([0.7, 0.7, 0.7, 0.7, 0.59, 0.61, 0.61, 0.61, 0.61])
    ]
    assert told == [{}] * 7 + [dict(runaway=5)] + [{}]
    assert hook.update(0.4, 0.4, float('nan'), 9) == {}
    # while nothing is learnt, nothing is judged
    assert not any(hook.update(0.04, 0.4, 0.4, 10 + i) for i in range(5))


def test_a_runaway_is_named():
    hook = CollapseMonitorHook(patience=1, begin=0)
    runner = runner_at(7)
    hook.after_train_iter(
        runner,
        0,
        None,
        {
            f'response_{name}': torch.tensor(value)
            for name, value in (('labeled', 0.2), ('easy', 0.3), ('hard', 0.9))
        },
    )
    (said,) = (str(c) for c in runner.logger.warning.call_args_list)
    assert 'running away' in said and '0.900' in said and 'model.start' in said


@pytest.mark.parametrize(
    'kind, statistics, threshold',
    [
        ('PoseDual', True, False),
        ('DenoisedPoseDual', False, True),  # its teachers run as in evaluation already
        ('MeanTeacherPose', False, False),
    ],
)
def test_what_a_model_does_not_have_is_not_advised(kind, statistics, threshold):
    said = remedies(build(kind))
    assert ('model.teacher_statistics' in said) is statistics
    assert ('model.threshold' in said) is threshold
    assert 'a later model.start' in said


@MODELS.register_module(force=True)
class CollapsedModel(BaseModel):
    """Answers unlabelled images with background from the start."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))

    def forward(self, x, mode='tensor'):
        return dict(
            loss=self.weight.sum(),
            response_labeled=torch.tensor(0.8),
            response_easy=torch.tensor(0.01),
        )


@pytest.mark.parametrize(
    'cfg, part, iterations',
    [
        (dict(by_epoch=False, max_iters=12), 'iteration', 7),
        (dict(by_epoch=True, max_epochs=4), 'epoch', 8),
    ],
)
def test_a_run_stops(tmp_path, cfg, part, iterations):
    """It collapses from iteration 0 on, is judged from 4, epochs have 4 batches."""

    def run(**more):
        runner = Runner(
            model=dict(type='CollapsedModel'),
            work_dir=str(tmp_path),
            train_dataloader=dict(
                dataset=[dict(x=torch.ones(1))] * 8,
                batch_size=2,
                sampler=dict(type='DefaultSampler', shuffle=False),
            ),
            train_cfg=cfg,
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
            default_hooks=dict(
                checkpoint=dict(type='CheckpointHook', interval=100, by_epoch=part == 'epoch')
            ),
            custom_hooks=[dict(type='CollapseMonitorHook', patience=3, begin=4, action='stop')],
            default_scope='mmpose',
            experiment_name=f'collapse_{part}',
            **more,
        )
        runner.train()
        return runner

    runner = run()
    assert runner.iter == iterations
    (log,) = tmp_path.glob('*/*.log')
    said = [line for line in log.read_text().splitlines() if 'MonitorHook:' in line]
    assert 'Since iteration 4 ' in said[0]
    assert said[1].endswith(f'the run stops after this {part}.') and len(said) == 2
    # the last iteration or epoch has a checkpoint, although none was due
    last = (tmp_path / 'last_checkpoint').read_text()
    assert last.endswith('iter_7.pth' if part == 'iteration' else 'epoch_2.pth')
    # resumed, it is given as many iterations again
    assert run(resume=True).iter == (10 if part == 'iteration' else 12)


def runner_at(iteration):
    runner = MagicMock()
    runner.iter = iteration
    return runner


def test_warns_by_name():
    hook = CollapseMonitorHook(patience=1, begin=0)
    runner = runner_at(7)
    outputs = dict(response_labeled=torch.tensor(0.8), response_easy=torch.tensor(0.01))
    hook.after_train_iter(runner, 0, None, outputs)
    said = ' '.join(str(c) for c in runner.logger.warning.call_args_list)
    assert 'CollapseMonitorHook' in said and '0.010' in said and '0.800' in said
    assert not vars(runner.train_loop).keys() & {'_max_iters', '_max_epochs'}
    hook.after_train_iter(runner, 0, None, dict(loss=torch.tensor(1.0)))  # no responses


def test_state_survives_a_resume():
    hook = CollapseMonitorHook(patience=4, begin=0, momentum=1.0)
    runner = runner_at(0)
    outputs = dict(response_labeled=torch.tensor(0.8), response_easy=torch.tensor(0.01))
    for _ in range(3):
        hook.after_train_iter(runner, 0, None, outputs)
    name, state = runner.message_hub.update_info.call_args[0]
    again = CollapseMonitorHook(patience=4, begin=0, momentum=1.0)

    class Hub:
        @staticmethod
        def get_info(key, default=None):
            return {name: state}.get(key, default)

    runner.message_hub = Hub()
    again.before_train(runner)
    assert again.update(0.8, 0.01, 0.01, 3) == dict(background=0)


@pytest.mark.parametrize(
    'bad', [dict(action='no'), dict(ratio=1.5), dict(patience=0), dict(momentum=0), dict(excess=1)]
)
def test_bad_settings(bad):
    with pytest.raises(ValueError):
        CollapseMonitorHook(**bad)


def run_of(model):
    """A run of a model that has begun, with the hook in it."""
    hook, runner = CollapseMonitorHook(patience=1, begin=0), MagicMock(model=model, iter=5)
    runner.message_hub.get_info.return_value = None
    hook.before_train(runner)
    return hook, runner


def test_students_with_simcc_and_rle_are_watched_by_their_confidence():
    for network in (rtmpose(), regression('RLEHead')):
        model = build('PoseDual', network)
        hook, runner = run_of(model)
        losses = model.loss(images(4), labelled(model.students[0], [True, True, False, False]))
        hook.after_train_iter(runner, 0, outputs=losses)
        assert hook.state['labeled'] == pytest.approx(float(losses['response_labeled'].detach()))
        assert 0 < hook.state['labeled'] <= 1
        low = dict(losses, response_labeled=torch.tensor(0.9), response_easy=torch.tensor(0.01))
        hook.state = dict(CollapseMonitorHook().state)
        hook.after_train_iter(runner, 0, outputs=low)
        said = runner.logger.warning.call_args[0][0]
        assert 'mean confidence of joints, their response (0.010) is below' in said


def test_heads_without_a_confidence_cannot_be_watched():
    _, runner = run_of(build('PoseDual', regression()))
    assert 'a collapse cannot be seen here' in runner.logger.warning.call_args[0][0]
    for network in (None, rtmpose()):
        _, runner = run_of(build('PoseDual', network))
        runner.logger.warning.assert_not_called()
