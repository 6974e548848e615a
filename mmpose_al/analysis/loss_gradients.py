"""How strongly each loss of a config pulls, before the first step."""

from collections import defaultdict
from typing import Any, List, Optional, Tuple

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpose.registry import MODELS
from torch import Tensor

from ..apis import load_weights

PARTS = ('heatmaps', 'depths', 'shared')


def split(model, num_joints: int) -> List[Tuple[str, Tensor, Any]]:
    """What each trained parameter makes: part, parameter, and the index of its share.

    Parts are ``heatmaps``, ``depths`` and ``shared``. A last layer of both is split; with
    ``separate_depth`` the head shares nothing.
    """
    whole, found, seen = ..., [], set()
    apart = getattr(model.head, 'depth_layers', None) is not None
    for name, parameter in model.head.named_parameters():
        if apart:
            part = 'depths' if name.startswith('depth_layers.') else 'heatmaps'
            found.append((part, parameter, whole))
        elif name.startswith('final_layer.'):
            found.append(('heatmaps', parameter, slice(num_joints)))
            found.append(('depths', parameter, slice(num_joints, None)))
        else:
            found.append(('shared', parameter, whole))
        seen.add(id(parameter))
    found += [('shared', p, whole) for p in model.parameters() if id(p) not in seen]
    return [entry for entry in found if entry[1].requires_grad]


def gradient_norms(losses: dict, model, num_joints: int) -> dict:
    """Loss -> value and norms of its gradient.

    Args:
        losses (dict): Of one batch, attached to the graph.
        model (nn.Module): Its ``head`` has J heatmaps, then J depth maps.
        num_joints (int): J.
    """
    parameters = split(model, num_joints)
    result = {}
    for name, value in losses.items():
        if 'loss' not in name or not value.requires_grad:
            continue
        grads = torch.autograd.grad(
            value, [p for _, p, _ in parameters], retain_graph=True, allow_unused=True
        )
        squares = dict.fromkeys(PARTS, 0.0)
        for (part, _, channels), grad in zip(parameters, grads):
            if grad is not None:
                squares[part] += float((grad[channels] ** 2).sum())
        result[name] = dict(
            value=float(value.detach()), **{part: squares[part] ** 0.5 for part in PARTS}
        )
    return result


def mean_gradients(
    config: Config, checkpoint: Optional[str], batches: int
) -> Tuple[dict, float, int]:
    """Gradients of a config's losses over batches of its training data.

    Args:
        config (Config): Of a model with a ``Heatmap2p5DHead``.
        checkpoint (str, optional): Of the network or of the whole model; by default the
            weights are what the config says.
        batches (int): The most that are taken.

    Returns:
        tuple: Loss -> means of what :func:`gradient_norms` gives, masked poses a batch,
        and how many batches there were.
    """
    init_default_scope('mmpose')
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    network = getattr(model, 'network', model)
    if not hasattr(getattr(network, 'head', None), 'num_joints'):
        raise ValueError(
            f'the config trains a {type(model).__name__} without a 2.5D head, and its losses are '
            'told apart by the parts of one; give a config of configs/weakly_supervised_3d'
        )
    if checkpoint:
        load_weights(model, checkpoint)
    else:
        model.init_weights()
    model.train()
    loader = Runner.build_dataloader(config.train_dataloader, seed=0)
    rows, masked, seen = defaultdict(lambda: defaultdict(float)), 0.0, 0
    for batch in loader:
        data = model.data_preprocessor(batch, True)
        losses = model(**data, mode='loss')
        masked += float(losses.get('masked_poses', 0))
        for name, values in gradient_norms(losses, model, network.head.num_joints).items():
            for key, value in values.items():
                rows[name][key] += value
        seen += 1
        if seen == batches:
            break
    for row in rows.values():
        row.update({key: value / seen for key, value in row.items()})
    return rows, masked / seen, seen
