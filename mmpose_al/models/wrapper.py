"""What all estimators that are made of MMPose's networks have in common."""

from contextlib import contextmanager
from difflib import get_close_matches
from typing import Iterable, Iterator, List, Optional, Sequence, Tuple

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from .loading import WholeCheckpoints


def split_labeled(data_samples: Sequence) -> Tuple[List[int], List[int]]:
    """Which samples of a batch are labelled, and which are not; by their ``is_labeled``."""
    parts: Tuple[List[int], List[int]] = ([], [])
    for index, sample in enumerate(data_samples):
        parts[not sample.metainfo.get('is_labeled', True)].append(index)
    return parts


#: What the ``test_cfg`` of MMPose's top-down estimators and heads may say.
TEST_OPTIONS = [
    'align_corners',
    'flip_mode',
    'flip_test',
    'input_size',
    'output_heatmaps',
    'output_keypoint_indices',
    'shift_coords',
    'shift_heatmap',
]


def check_spelling(options: Iterable[str], known: Sequence[str], name: str) -> None:
    """Refuse an option of ``test_cfg`` that is almost, but not quite, one that is known.

    Networks of others may have options of their own, so any other one is let through.

    Raises:
        ValueError: So it is.
    """
    for option in options:
        near = [] if option in known else get_close_matches(option, known, 1, 0.75)
        if near:
            raise ValueError(
                f'{name}: test_cfg has {option!r}, which nothing reads; did you mean {near[0]!r}?'
            )


class EstimatorOfNetworks(WholeCheckpoints, BaseModel):
    """An estimator that trains one or more of MMPose's top-down estimators.

    MMPose's own tools work on it as on one of these. What they look for (``backbone``,
    ``neck``, ``head``) is answered by the first network that predicts; its tensors keep
    their one place in the ``state_dict``. A subclass says :attr:`predicting`, ``loss``,
    ``predict`` and :meth:`heatmaps`.

    Args:
        data_preprocessor (dict, optional): MMEngine's.
        backbone (dict, optional): Stays empty. MMPose's ``init_model`` looks for
            ``model.backbone`` in a config, so ``backbone=dict()`` lets it read ours.
        test_cfg (dict, optional): What is no option of the estimator itself is one of the
            networks that predict (``flip_test``, ``output_heatmaps``, ...) and comes before
            what their own ``test_cfg`` says.
        init_cfg (dict, optional): MMEngine's.

    Raises:
        ValueError: ``backbone`` says something, or ``test_cfg`` has a key that is misspelt.
    """

    own_options: Sequence[str] = ()  # of test_cfg

    def __init__(
        self,
        data_preprocessor: Optional[dict] = None,
        backbone: Optional[dict] = None,
        test_cfg: Optional[dict] = None,
        init_cfg: Optional[dict] = None,
    ):
        if backbone:
            raise ValueError(
                f'{type(self).__name__}: model.backbone is {backbone}, but its networks say '
                'which backbone they have; backbone=dict() is there for MMPose alone'
            )
        super().__init__(data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        self.test_cfg = dict(test_cfg or {})
        check_spelling(self.test_cfg, (*self.own_options, *TEST_OPTIONS), type(self).__name__)

    @property
    def predicting(self) -> List[nn.Module]:
        """The networks that predict together."""
        raise NotImplementedError

    @property
    def backbone(self) -> nn.Module:
        """That of the first network that predicts."""
        return self.predicting[0].backbone

    @property
    def neck(self) -> Optional[nn.Module]:
        """That of the first network that predicts, if it has one."""
        return getattr(self.predicting[0], 'neck', None)

    @property
    def head(self) -> nn.Module:
        """That of the first network that predicts."""
        return self.predicting[0].head

    def forward(self, inputs, data_samples=None, mode: str = 'tensor'):
        """MMEngine's three modes; ``'tensor'`` gives what :meth:`heatmaps` does."""
        if isinstance(inputs, list):
            inputs = torch.stack(inputs)
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        if mode == 'tensor':
            return self.heatmaps(inputs)
        raise ValueError(f"mode is 'loss', 'predict' or 'tensor'; got {mode!r}")

    def _forward(self, inputs, data_samples=None) -> Tensor:
        """Mode ``'tensor'``, under the name that MMPose's counter of FLOPs calls."""
        return self.heatmaps(inputs)  # the counter puts this in the place of forward

    def heatmaps(self, inputs: Tensor) -> Tensor:
        """The maps of the networks that predict, for images (B, C, H, W)."""
        raise NotImplementedError

    @contextmanager
    def asked(self, network: nn.Module) -> Iterator[nn.Module]:
        """Inside, a network's ``test_cfg`` is what the estimator's asks for."""
        own = network.test_cfg
        options = {k: v for k, v in self.test_cfg.items() if k not in self.own_options}
        network.test_cfg = {**own, **options}
        try:
            yield network
        finally:
            network.test_cfg = own
