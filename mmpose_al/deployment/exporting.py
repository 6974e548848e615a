"""A config and a checkpoint become files, each held to the model before it gets its name."""

from types import ModuleType
from typing import Dict, NamedTuple, Optional

from mmengine.config import Config

from ..fileio import atomic_path
from ..prediction.estimator import Estimator
from . import onnx_file, torchscript_file
from .check import Agreement, check_samples, compare
from .description import describe
from .network import PIXELS, DeployedNetwork

KINDS: Dict[str, ModuleType] = dict(onnx=onnx_file, torchscript=torchscript_file)


class Exported(NamedTuple):
    """A file that was written.

    Attributes:
        path (str): Of the file.
        kind (str): A key of :data:`KINDS`.
        description (dict): What it tells of itself.
        agreement (Agreement): How far it is from the model.
        checked (str): On what, in words.
    """

    path: str
    kind: str
    description: dict
    agreement: Agreement
    checked: str


class Exporter:
    """Writes a trained model as files.

    Args:
        config (Config): Of the model.
        checkpoint (str, optional): Weights.
        network (str, optional): Of several networks the one that is written, see
            :class:`~mmpose_al.prediction.estimator.Estimator`.
        takes (str): What the file takes, see
            :class:`~mmpose_al.deployment.network.DeployedNetwork`.
        images (int): How many images of the test data each file is checked on.

    Raises:
        ValueError: The model is not one that can be written.
    """

    def __init__(
        self,
        config: Config,
        checkpoint: Optional[str],
        network: Optional[str] = None,
        takes: str = PIXELS,
        images: int = 8,
    ):
        config = without_flip_test(config)
        self.estimator = Estimator(config, checkpoint, 'cpu', network)
        self.model = self.estimator.model
        self.network = DeployedNetwork(self.model, takes)
        self.description = describe(self.network, self.model, config, self.estimator.meta)
        self.samples, self.checked = check_samples(config, self.estimator, images)

    def write(self, path: str, kind: str, opset: Optional[int] = None) -> Exported:
        """Write a file and check it; one that differs from the model is not kept.

        Raises:
            ImportError: A library is not installed.
            ValueError: It cannot be written, does not run, or differs.
        """
        module = KINDS[kind]
        with atomic_path(path) as temporary:
            module.write(temporary, self.network, self.description, opset)
            run = module.opened(temporary)
            agreement = compare(self.network, self.model, run, self.samples)
            if agreement.fault:
                raise ValueError(
                    f'{path}: not written, for the {module.NAME} file differs from the model on '
                    f'{self.checked}: {agreement.fault}'
                )
        return Exported(path, kind, self.description, agreement, self.checked)


def without_flip_test(config: Config) -> Config:
    """A copy of a config whose model looks at each image once."""
    copy = Config(config.to_dict() if hasattr(config, 'to_dict') else dict(config))
    copy.model.test_cfg = dict(copy.model.get('test_cfg') or {}, flip_test=False)
    return copy
