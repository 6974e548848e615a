"""Stops a training as soon as a number of it is no number any more."""

from typing import Dict

import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.optim import AmpOptimWrapper, OptimWrapperDict
from mmpose.registry import HOOKS
from torch import Tensor

STATISTICS = ('running_mean', 'running_var')
SKIPS = 20  # steps in a row that a gradient scaler may leave out


@HOOKS.register_module()
class FiniteHook(Hook):
    """Losses and weights that are not finite end a run, with the step and the tensor's name.

    Losses and heatmap responses (``*loss*``, ``response_*``) are looked at in every step,
    parameters and BatchNorm's running statistics before each evaluation, test and
    checkpoint. So no checkpoint holds a diverged network, and none chooses what is labelled.

    Where a gradient scaler is at work (AMP on a GPU), it leaves out a step whose loss
    overflows. That is said, and the run goes on, unless it happens in more than ``SKIPS``
    steps in a row.

    Raises:
        FloatingPointError: A loss, a response, a parameter or a statistic is not finite.
    """

    priority = 'ABOVE_NORMAL'
    skipped = 0

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        """See MMEngine's Hook; outputs are the model's log variables."""
        watched = {
            name: value
            for name, value in (outputs or {}).items()
            if isinstance(value, Tensor) and ('loss' in name or name.startswith('response_'))
        }
        bad = not_finite(watched)
        self.skipped = self.skipped + 1 if bad else 0
        if not bad:
            return
        if self.skipped > SKIPS or not leaves_out_steps(runner.optim_wrapper):
            times = f', the last of {self.skipped} in a row' if self.skipped > 1 else ''
            raise FloatingPointError(self._message(f'step {runner.iter}{times}: {bad}', runner))
        runner.logger.warning(
            f'FiniteHook: step {runner.iter}: {bad} not finite; the gradient scaler of AMP leaves '
            f'such a step out. The run ends after {SKIPS} of them in a row'
        )

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """See MMEngine's Hook."""
        self._check_weights(runner, 'before a checkpoint')

    def before_val(self, runner) -> None:
        """See MMEngine's Hook."""
        self._check_weights(runner, 'before an evaluation')

    def before_test(self, runner) -> None:
        """See MMEngine's Hook."""
        self._check_weights(runner, 'before a test')

    def _check_weights(self, runner, when: str) -> None:
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        tensors = dict(model.named_parameters())
        tensors.update(
            (name, value) for name, value in model.named_buffers() if name.endswith(STATISTICS)
        )
        bad = not_finite(tensors)
        if bad:
            what = f'{when}, after step {runner.iter}: {bad}'
            raise FloatingPointError(self._message(what, runner))

    @staticmethod
    def _message(what: str, runner) -> str:
        return (
            f'{what} not finite: the training diverged and stops here; its earlier checkpoints in '
            f'{runner.work_dir} stay. Try a smaller learning rate (optim_wrapper.optimizer.lr), a '
            'longer warm-up, optim_wrapper.clip_grad=dict(max_norm=1.0), or, under AMP, float32'
        )


def leaves_out_steps(optim_wrapper) -> bool:
    """Whether gradients that are not finite change no weight: a gradient scaler is at work."""
    if isinstance(optim_wrapper, OptimWrapperDict):
        return all(leaves_out_steps(each) for each in optim_wrapper.values())
    return isinstance(optim_wrapper, AmpOptimWrapper) and optim_wrapper.loss_scaler.is_enabled()


def not_finite(tensors: Dict[str, Tensor]) -> str:
    """Which tensors are not finite, in words; nothing where all are.

    One look at the device for all of them.
    """
    names = [name for name, value in tensors.items() if value.numel()]
    if not names:
        return ''
    flags = torch.stack([torch.isfinite(tensors[name].detach()).all() for name in names])
    if bool(flags.all()):
        return ''
    bad = [name for name, fine in zip(names, flags.tolist()) if not fine]
    more = f' and {len(bad) - 3} more' if len(bad) > 3 else ''
    return f'{", ".join(bad[:3])}{more} {"is" if len(bad) == 1 else "are"}'
