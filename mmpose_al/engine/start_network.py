"""The network that a config's trainings start from, for what is chosen before the first."""

import copy
from typing import Any, List, NamedTuple, Optional

import torch
from mmengine.config import Config
from mmengine.runner.checkpoint import CheckpointLoader
from mmpose.registry import MODELS
from torch import nn

from ..active_learning.statistics.batch import Networks
from .weights import read_load_settings, start_from


class StartNetwork(NamedTuple):
    """What a training starts from.

    Attributes:
        model (nn.Module): The estimator of the config.
        network (nn.Module, optional): One of its networks, whose features say what an image
            looks like; None where its weights are random.
        weights (str): What they are, or why there are none: a part of a sentence.
    """

    model: nn.Module
    network: Optional[nn.Module]
    weights: str


def start_network(cfg: Config, published: bool = False) -> StartNetwork:
    """Build the model of a config with the weights that it starts from.

    Weights that cannot be had are no error here: features of random ones would say nothing,
    so there are none.

    Args:
        cfg (Config): With a ``model``.
        published (bool): Whether a training starts from ``load_from``.
    """
    model = MODELS.build(copy.deepcopy(cfg.model))
    network = Networks(model).first
    named = weights_of(network)
    try:
        with torch.random.fork_rng(devices=[]):  # other layers are drawn at random
            if published and cfg.get('load_from'):
                named = [cfg.load_from]
                state = CheckpointLoader.load_checkpoint(cfg.load_from, 'cpu')
                start_from(model, state.get('state_dict', state), read_load_settings(cfg))
            elif named:
                network.backbone.init_weights()
    except Exception as error:  # no network, no file, another model: libraries raise anything
        return StartNetwork(model, None, f'{named[0]} cannot be loaded ({error})')
    if not named:
        backbone = type(network.backbone).__name__
        return StartNetwork(model, None, f'the backbone {backbone} starts from random weights')
    return StartNetwork(model, network, f'weights: {named[0]}')


def weights_of(network: Any) -> List[str]:
    """Where the weights come from that the backbone of a network starts with; none: random."""
    backbone = network.backbone
    if getattr(backbone, 'pretrained', False) is True:
        return [f'those that come with {type(backbone).__name__}']
    given = getattr(backbone, 'init_cfg', None) or []
    each = [given] if isinstance(given, dict) else given
    return [str(init.get('checkpoint')) for init in each if init.get('type') == 'Pretrained']
