"""The cameras of the inputs of a batch, as ``InputCamera`` has written them."""

from typing import List, Sequence

import numpy as np
import torch
from torch import Tensor


def input_cameras(samples: Sequence, keys: Sequence[str], like: Tensor) -> List[Tensor]:
    """What all samples of a batch say of their cameras.

    Args:
        samples (Sequence): B samples.
        keys (Sequence[str]): Of ``'input_K'`` (3, 3), ``'input_dist'`` (14, ), ``'input_R'``
            (3, 3) and ``'input_t'`` (3, ).
        like (Tensor): Gives the dtype and the device.

    Returns:
        list[Tensor]: For each key (B, ...).

    Raises:
        ValueError: A sample lacks one.
    """
    for key in keys:
        missing = [s.metainfo.get('img_path') for s in samples if key not in s.metainfo]
        if missing:
            raise ValueError(
                f"{missing[0]} has no {key}: put dict(type='InputCamera') into the pipeline after "
                f"TopdownAffine, and {', '.join(map(repr, keys))} into PackPoseInputs' meta_keys. "
                'It needs images with a calibrated camera'
            )
    stacked = [np.stack([np.asarray(s.metainfo[key], np.float64) for s in samples]) for key in keys]
    return [torch.from_numpy(each).to(like) for each in stacked]
