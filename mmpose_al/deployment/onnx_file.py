"""ONNX: one file of graph, weights and description (extra ``onnx``).

The graph is traced by PyTorch's older exporter. It needs no further package, and PyTorch 2.1 to
2.11 have it.
"""

import inspect
import warnings
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, Optional

import numpy as np
import torch

from . import OPSET
from .description import entries
from .network import DeployedNetwork

NAME = 'ONNX'
IMAGES, BATCH = 'input', 'batch'


def library() -> Any:
    """``onnx`` and ``onnxruntime``.

    Raises:
        ImportError: One is not installed; it names the extra.
    """
    try:
        import onnx
        import onnxruntime
    except ImportError:
        raise ImportError(
            'ONNX files need onnx, and onnxruntime to check them: pip install "mmpose_al[onnx]"'
        ) from None
    return onnx, onnxruntime


def write(
    path: str, network: DeployedNetwork, description: Dict[str, Any], opset: Optional[int] = None
) -> None:
    """Write the file; any number of images is a batch.

    Args:
        path (str): The file.
        network (DeployedNetwork): The network.
        description (dict): Becomes the file's ``metadata_props``.
        opset (int, optional): Version of ONNX's operators; 17 by default.

    Raises:
        ValueError: The network has an operator that ONNX lacks.
    """
    onnx, _ = library()
    options: Dict[str, Any] = {}
    if 'dynamo' in inspect.signature(torch.onnx.export).parameters:
        options['dynamo'] = False  # the newer exporter would need onnxscript
    with warnings.catch_warnings(), without_graph():
        warnings.simplefilter('ignore')  # of tracing; the check finds what they warn of
        try:
            torch.onnx.export(
                network,
                (network.example(2),),
                path,
                input_names=[IMAGES],
                output_names=list(network.outputs),
                opset_version=opset or OPSET,
                dynamic_axes={name: {0: BATCH} for name in (IMAGES, *network.outputs)},
                **options,
            )
        except (torch.onnx.errors.OnnxExporterError, RuntimeError, ValueError) as error:
            reason = str(error).strip().splitlines()[0]
            raise ValueError(f'PyTorch cannot write this network as ONNX: {reason}') from None
    model = onnx.load(path)
    for key, value in entries(description).items():
        model.metadata_props.add(key=key, value=value)
    onnx.save(model, path)


@contextmanager
def without_graph() -> Iterator[None]:
    """Inside, an exporter that fails does not print its graph, some hundred lines.

    No argument of PyTorch does this: it takes its log for switched on.
    """
    log = getattr(torch._C, '_jit_onnx_log', None)
    if log is None:
        yield
        return
    torch._C._jit_onnx_log = lambda *_: None
    try:
        yield
    finally:
        torch._C._jit_onnx_log = log


def opened(path: str) -> Callable[[np.ndarray], List[np.ndarray]]:
    """The file as a function of images float32 (B, 3, H, W), on the CPU."""
    _, onnxruntime = library()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=['CPUExecutionProvider'])
    return lambda images: session.run(None, {IMAGES: images})
