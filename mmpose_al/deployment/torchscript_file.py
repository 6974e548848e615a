"""TorchScript: a network that PyTorch runs, from Python or C++, without its code."""

import warnings
from typing import Any, Callable, Dict, List, Optional

import numpy as np
import torch

from ..fileio import to_json
from .network import DeployedNetwork

NAME = 'TorchScript'
DESCRIPTION = 'description.json'  # inside the file


def library() -> Any:
    """PyTorch, which is there."""
    return torch


def write(
    path: str, network: DeployedNetwork, description: Dict[str, Any], opset: Optional[int] = None
) -> None:
    """Write the file; any number of images is a batch.

    Args:
        path (str): The file.
        network (DeployedNetwork): The network.
        description (dict): Becomes the extra file :data:`DESCRIPTION`; ``torch.jit.load``
            reads it with ``_extra_files``.
        opset (int, optional): Nothing here.
    """
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter('ignore')  # of tracing; the check finds what they warn of
        traced = torch.jit.trace(network, network.example(2), check_trace=False)
        torch.jit.save(traced, path, _extra_files={DESCRIPTION: to_json(description)})


def opened(path: str) -> Callable[[np.ndarray], List[np.ndarray]]:
    """The file as a function of images float32 (B, 3, H, W), on the CPU."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        network = torch.jit.load(path, map_location='cpu')

    def run(images: np.ndarray) -> List[np.ndarray]:
        with torch.no_grad():
            return [part.numpy() for part in network(torch.from_numpy(images))]

    return run
