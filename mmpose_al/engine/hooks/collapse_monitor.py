"""Watches the response of unlabelled images (Xie21, Fig. 3, 7)."""
import math
from typing import Optional

import torch
from mmengine.dist import all_reduce, get_world_size
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop

from mmpose.registry import HOOKS


@HOOKS.register_module()
class CollapseMonitorHook(Hook):
    """Warns, or stops the run, when unlabelled images turn into background.

    The semi-supervised estimators return the mean heatmap maximum of labelled, of
    unlabelled easy and of unlabelled hard images (``response_*``); MMEngine logs them
    to every visual backend. This hook smooths them over iterations and speaks up when
    the response to easy views has been below ``ratio`` times that of labelled images
    for ``patience`` iterations in a row. It says so once for each collapse. Iterations
    whose responses are not finite are left out.

    Args:
        ratio (float): Share of the labelled response that counts as collapsed.
        patience (int): Iterations below it before the hook speaks.
        begin (int): Iterations at the start that are not judged.
        momentum (float): Weight of the newest value in the running means.
        floor (float): While the labelled response is smaller, nothing is judged: an
            untrained network answers nothing anywhere.
        action (str): ``'warn'`` or ``'stop'``: the run ends in the ordinary way
            after the iteration, in an epoch-based run after the epoch.

    Raises:
        ValueError: A setting out of range.
    """
    priority = 'LOW'

    def __init__(self,
                 ratio: float = 0.3,
                 patience: int = 50,
                 begin: int = 100,
                 momentum: float = 0.05,
                 floor: float = 0.05,
                 action: str = 'warn'):
        if action not in ('warn', 'stop'):
            raise ValueError(f"action is 'warn' or 'stop'; got {action!r}")
        if not 0 < ratio < 1 or not 0 < momentum <= 1 or patience < 1:
            raise ValueError('ratio lies in (0, 1), momentum in (0, 1], patience is at '
                             f'least 1; got {ratio}, {momentum}, {patience}')
        self.ratio, self.patience, self.begin = ratio, patience, begin
        self.momentum, self.floor, self.action = momentum, floor, action
        self.state = dict(labeled=None, easy=None, below=0, since=0)

    def update(self, labeled: float, easy: float, iteration: int) -> Optional[int]:
        """Take in one iteration's responses.

        Returns:
            int, optional: The iteration the collapse began at, at the moment it has
            lasted ``patience`` iterations; else None.
        """
        if not (math.isfinite(labeled) and math.isfinite(easy)):
            return None
        for name, value in (('labeled', labeled), ('easy', easy)):
            old = self.state[name]
            self.state[name] = value if old is None else (
                old + self.momentum * (value - old))
        low = (iteration >= self.begin and self.state['labeled'] >= self.floor
               and self.state['easy'] < self.ratio * self.state['labeled'])
        self.state['below'] = self.state['below'] + 1 if low else 0
        if self.state['below'] == 1:
            self.state['since'] = iteration
        return self.state['since'] if self.state['below'] == self.patience else None

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        """Judge this iteration; outputs are the model's log variables."""
        if not outputs or 'response_easy' not in outputs or (
                'response_labeled' not in outputs):
            return
        values = torch.stack([outputs['response_labeled'].detach().float(),
                              outputs['response_easy'].detach().float()])
        if get_world_size() > 1:
            all_reduce(values, op='mean')
        since = self.update(float(values[0]), float(values[1]), runner.iter)
        runner.message_hub.update_scalar('train/response_ratio',
                                         float(values[1] / values[0].clamp(min=1e-6)))
        runner.message_hub.update_info('collapse_monitor', dict(self.state))
        if since is None:
            return
        message = (
            f'CollapseMonitorHook: unlabelled images are collapsing to background. '
            f'Since iteration {since} their mean heatmap response '
            f'({self.state["easy"]:.3f}) is below {self.ratio:g} x that of labelled '
            f'images ({self.state["labeled"]:.3f}). The hard view must be harder than '
            'the easy one and the teacher detached (Xie21, Sec. 3.3).')
        runner.logger.warning(message)
        runner.message_hub.update_info('collapsed_since', since)
        if self.action == 'stop':
            # MMEngine's loops look at this between iterations, or between epochs.
            runner.train_loop.stop_training = True
            part = ('epoch' if isinstance(runner.train_loop, EpochBasedTrainLoop)
                    else 'iteration')
            runner.logger.warning(
                f'CollapseMonitorHook: the run stops after this {part}.')

    def before_train(self, runner) -> None:
        """Go on where a resumed run was; its message hub is back by now."""
        state = runner.message_hub.get_info('collapse_monitor', None)
        if state is not None:
            self.state.update(state)
