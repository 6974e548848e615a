"""What an exported file tells of itself, so that it can be used without its config."""

from typing import Any, Dict, Sequence

import numpy as np
from mmengine.config import Config

from ..apis.students import spoken, without_arrays
from ..fileio import to_json
from ..models.loading import networks_of
from ..models.wrapper import EstimatorOfNetworks
from ..version import __version__
from .network import PIXELS, DeployedNetwork, predicting

FORMAT, VERSION = 'mmpose_al-network', 1
PADDING = 1.25  # of MMPose's GetBBoxCenterScale
PLAIN = (bool, int, float, str, list, tuple, np.generic, np.ndarray, type(None))


def describe(network: DeployedNetwork, model: Any, config: Config, joints: dict) -> Dict[str, Any]:
    """Entries of the file, as plain data.

    Args:
        network (DeployedNetwork): What is written.
        model (nn.Module): What it was made of.
        config (Config): Of the model; its test pipeline cuts out the boxes.
        joints (dict): The data set's metainfo, parsed.

    Returns:
        dict: ``input_size`` is (width, height); ``padding`` the factor by which a box grows;
        ``mean`` and ``std`` are of pixels from 0 to 255, and those that the user of the file
        has to apply: with pixels as input there are none.
    """
    names = joints['keypoint_id2name']
    known: Dict[str, Any] = dict(
        format=FORMAT,
        version=VERSION,
        mmpose_al=__version__,
        model=named(model),
        input_size=network.size,
        input=network.takes,
        channels='BGR',
        **crop_of(config),
        outputs=network.outputs,
        codec=codec_of(network.head.decoder),
        keypoints=[names[index] for index in range(len(names))],
        flip_indices=joints.get('flip_indices'),
        skeleton=joints.get('skeleton_links') or [],
    )
    if network.takes != PIXELS:
        known['channels'] = 'RGB' if network.swaps else 'BGR'
        known['mean'] = network.mean.flatten().tolist()
        known['std'] = network.std.flatten().tolist()
    return without_arrays(known)


def entries(description: Dict[str, Any]) -> Dict[str, str]:
    """The description as ONNX keeps it: a text for each key, which is JSON."""
    return {key: to_json(value) for key, value in description.items()}


def named(model: Any) -> str:
    """``'PoseDual, mean of student 0 and student 1'``."""
    kind = type(model).__name__
    if not isinstance(model, EstimatorOfNetworks):
        return kind
    chosen = {id(network) for network in predicting(model)}
    words = [
        spoken(name)
        for name in networks_of(list(model.state_dict()))
        if id(model.get_submodule(name)) in chosen
    ]
    return f'{kind}, {"mean of " if len(words) > 1 else ""}{" and ".join(words)}'


def crop_of(config: Config) -> Dict[str, Any]:
    """How the test pipeline makes the input of a box."""
    steps: Sequence[dict] = config.test_dataloader.dataset.pipeline
    by_type = {str(step['type']).split('.')[-1]: step for step in steps}
    return dict(
        padding=by_type.get('GetBBoxCenterScale', {}).get('padding', PADDING),
        use_udp=bool(by_type.get('TopdownAffine', {}).get('use_udp', False)),
    )


def codec_of(codec: object) -> Dict[str, Any]:
    """A codec's type and its numbers, those of the codec inside it too."""
    known: Dict[str, Any] = dict(type=type(codec).__name__)
    for name, value in vars(codec).items():
        if hasattr(value, 'encode') and not isinstance(value, str):
            known[name] = codec_of(value)
        elif isinstance(value, PLAIN):
            known[name] = value
    return known
