"""A checkpoint is loaded as a whole, or as ``load_cfg`` says, or not at all."""

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import BaseLoop
from mmpose.registry import HOOKS

from ...models.loading import state_of
from ..weights import load_whole, read_load_settings, start_from


@HOOKS.register_module()
class CheckWeightsHook(Hook):
    """Refuse a checkpoint that is not one of the model; it is in ``default_hooks``.

    MMEngine takes what fits and prints the rest, so a network with random weights can be
    trained or tested. With this hook a run stops instead. Where a training starts from a
    checkpoint of something else, ``load_cfg`` of the config says what is taken, see
    :class:`~mmpose_al.engine.weights.LoadSettings`.

    Raises:
        ValueError: The checkpoint does not fit; it says what, and what to do.
    """

    priority = 'VERY_HIGH'  # before hooks that look at the weights, as EMAHook

    def before_run(self, runner) -> None:
        """See MMEngine's Hook."""
        read_load_settings(runner.cfg)

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """See MMEngine's Hook; what is loaded here is put into the checkpoint."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        # Only a training builds its loop before it loads.
        starts = isinstance(runner._train_loop, BaseLoop) and not runner._resume
        try:
            state = state_of(checkpoint)
            if starts:
                start_from(model, state, read_load_settings(runner.cfg))
            else:
                load_whole(model, state)
        except ValueError as error:
            raise ValueError(f'{_name(runner)}: {error}') from None
        checkpoint['state_dict'] = model.state_dict()


def _name(runner) -> str:
    return runner._load_from or f'the latest checkpoint in {runner.work_dir}'
