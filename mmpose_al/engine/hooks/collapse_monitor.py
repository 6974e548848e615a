"""Watches the response of unlabelled images (Xie21, Fig. 3, 7)."""

import math
from copy import deepcopy
from typing import Dict

import torch
from mmengine.dist import all_reduce, get_world_size
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import EpochBasedTrainLoop
from mmpose.registry import HOOKS

from ...models.semi import DenoisedPoseDual
from ...models.semi.keypoint_lessons import says_confidence


@HOOKS.register_module()
class CollapseMonitorHook(Hook):
    """Warns, or stops the run, when unlabelled images teach nothing or anything.

    The semi-supervised estimators return the mean heatmap maximum of labelled, of
    unlabelled easy and of unlabelled hard images (``response_*``); MMEngine logs them
    to every visual backend. This hook smooths them over iterations and speaks up when,
    for ``patience`` iterations in a row,

    - unlabelled images turn into background (Xie21): the response to easy views is
      below ``ratio`` times that of labelled images; or
    - students run away from the labels: the response to hard views is above ``excess``
      times that of labelled images. Where targets are as sure as labels (maxima of
      views, redrawn Gaussians) networks can learn to agree on what no label says.

    It says so once for each time it begins. Iterations whose responses are not finite
    are left out.

    Args:
        ratio (float): Share of the labelled response that counts as collapsed.
        patience (int): Iterations in a row before the hook speaks.
        begin (int): Iterations at the start that are not judged.
        momentum (float): Weight of the newest value in the running means.
        floor (float): While the labelled response is smaller, nothing is judged: an
            untrained network answers nothing anywhere.
        action (str): ``'warn'`` or ``'stop'``: the iteration, or the epoch of an
            epoch-based run, becomes the run's last, with its checkpoint and evaluation.
            Resumed, a run that was stopped gets ``patience`` iterations more.
        excess (float): Multiple of the labelled response that counts as run away.

    Raises:
        ValueError: A setting out of range.
    """

    priority = 'LOW'

    def __init__(
        self,
        ratio: float = 0.3,
        patience: int = 50,
        begin: int = 100,
        momentum: float = 0.05,
        floor: float = 0.05,
        action: str = 'warn',
        excess: float = 1.5,
    ):
        if action not in ('warn', 'stop'):
            raise ValueError(f"CollapseMonitorHook: action is 'warn' or 'stop'; got {action!r}")
        if not 0 < ratio < 1 or not 0 < momentum <= 1 or patience < 1 or excess <= 1:
            raise ValueError(
                'CollapseMonitorHook: ratio lies in (0, 1), momentum in (0, 1], patience is at '
                f'least 1, excess above 1; got {ratio}, {momentum}, '
                f'{patience}, {excess}'
            )
        self.ratio, self.patience, self.begin = ratio, patience, begin
        self.momentum, self.floor, self.action = momentum, floor, action
        self.excess = excess
        self.state = dict(
            labeled=None,
            easy=None,
            hard=None,
            background=dict(count=0, since=0),
            runaway=dict(count=0, since=0),
        )

    def update(self, labeled: float, easy: float, hard: float, iteration: int) -> Dict[str, int]:
        """Take in one iteration's responses.

        Returns:
            dict: For ``'background'`` and ``'runaway'``, if it has now lasted
            ``patience`` iterations, the iteration it began at.
        """
        if not all(map(math.isfinite, (labeled, easy, hard))):
            return {}
        state = self.state
        for name, value in (('labeled', labeled), ('easy', easy), ('hard', hard)):
            old = state[name]
            state[name] = value if old is None else old + self.momentum * (value - old)
        judged = iteration >= self.begin and state['labeled'] >= self.floor
        seen = dict(
            background=state['easy'] < self.ratio * state['labeled'],
            runaway=state['hard'] > self.excess * state['labeled'],
        )
        begun = {}
        for kind, there in seen.items():
            past = state[kind]
            past['count'] = past['count'] + 1 if judged and there else 0
            if past['count'] == 1:
                past['since'] = iteration
            if past['count'] == self.patience:
                begun[kind] = past['since']
        return begun

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        """Judge this iteration; outputs are the model's log variables."""
        if not outputs or 'response_easy' not in outputs or ('response_labeled' not in outputs):
            return
        easy = outputs['response_easy'].detach().float()
        values = torch.stack(
            [
                outputs['response_labeled'].detach().float(),
                easy,
                outputs.get('response_hard', easy).detach().float(),
            ]
        )
        if get_world_size() > 1:
            all_reduce(values, op='mean')
        begun = self.update(*values.tolist(), runner.iter)
        runner.message_hub.update_scalar(
            'train/response_ratio', float(values[1] / values[0].clamp(min=1e-6))
        )
        runner.message_hub.update_info('collapse_monitor', deepcopy(self.state))
        for kind, since in begun.items():
            text = self._message(kind, since, runner.model)
            runner.logger.warning(f'CollapseMonitorHook: {text}')
        if begun and self.action == 'stop':
            part = _end(runner.train_loop)
            runner.logger.warning(f'CollapseMonitorHook: the run stops after this {part}.')

    def _message(self, kind: str, since: int, model: torch.nn.Module) -> str:
        if kind == 'background':
            return (
                'unlabelled images are collapsing to background. Since iteration '
                f'{since} their mean {_response(model)} ({self.state["easy"]:.3f}) is '
                f'below {self.ratio:g} x that of labelled images '
                f'({self.state["labeled"]:.3f}). The hard view must be harder than '
                'the easy one and the teacher detached (Xie21, Sec. 3.3).'
            )
        return (
            'the students are running away from the labels. Since iteration '
            f'{since} their mean {_response(model)} to hard unlabelled views '
            f'({self.state["hard"]:.3f}) is above {self.excess:g} x that to labelled '
            f'images ({self.state["labeled"]:.3f}): they agree on what no label says. '
            f'Try {remedies(model)}.'
        )

    def before_train(self, runner) -> None:
        """Go on where a resumed run was; its message hub is back by now.

        Warns of students whose heads do not say how sure they are.
        """
        if _says_nothing(runner.model):
            runner.logger.warning(
                'CollapseMonitorHook: the heads of the students regress joints without a '
                'confidence, which is 1 throughout, so a collapse cannot be seen here; watch the '
                'validation, or take heads that say it (heatmaps, SimCC, RLE)'
            )
        state = runner.message_hub.get_info('collapse_monitor', None)
        if state is None:
            return
        self.state.update(deepcopy(state))
        for kind in ('background', 'runaway'):
            past = self.state[kind]
            if self.action == 'stop' and past['count'] >= self.patience:
                past['count'] = 0


def _response(model: torch.nn.Module) -> str:
    """What is watched, in words."""
    model = model.module if is_model_wrapper(model) else model
    keypoints = getattr(model, 'lesson_kind', 'heatmaps') == 'keypoints'
    return 'confidence of joints, their response' if keypoints else 'heatmap response'


def _says_nothing(model: torch.nn.Module) -> bool:
    """Whether no student says how sure it is."""
    model = model.module if is_model_wrapper(model) else model
    if getattr(model, 'lesson_kind', 'heatmaps') != 'keypoints':
        return False
    return not any(says_confidence(student) for student in model.students)


def remedies(model: torch.nn.Module) -> str:
    """What a model that runs away from its labels has to turn, in words."""
    model = model.module if is_model_wrapper(model) else model
    tips = ['a later model.start', 'a smaller model.consistency.loss_weight']
    if getattr(model, 'teacher_statistics', None) == 'batch':
        tips.insert(0, "model.teacher_statistics='running'")
    if isinstance(model, DenoisedPoseDual):
        tips.append('a higher model.threshold')
    return f'{", ".join(tips[:-1])} or {tips[-1]}'


def _end(loop) -> str:
    """Make what a training loop is in its last iteration, or epoch; which of the two.

    Unlike ``stop_training`` this leaves a checkpoint and an evaluation.
    """
    if isinstance(loop, EpochBasedTrainLoop):
        loop._max_epochs = loop.epoch + 1
        return 'epoch'
    loop._max_iters = loop.iter + 1
    return 'iteration'
