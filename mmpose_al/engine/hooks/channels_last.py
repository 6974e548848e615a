"""Convolutions in the memory order that processors like."""
import torch
from mmengine.hooks import Hook

from mmpose.registry import HOOKS


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Stores the model's weights channels-last: convolutions then run that way.

    About a third quicker for EfficientNet-Lite0 on one CPU core with torch 2.11 (16
    images of 96x96, forward and backward: 0.64 s without, 0.40 s with it). Older
    versions may differ: measure. Results differ by rounding only.
    """

    def before_run(self, runner) -> None:
        """Convert the weights, once."""
        runner.model.to(memory_format=torch.channels_last)
