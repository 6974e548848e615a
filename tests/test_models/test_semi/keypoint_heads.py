"""Small students of every kind of output, and samples with their labels."""

import numpy as np
import torch
from mmengine.structures import InstanceData

from mmpose_al.models.semi.keypoint_lessons import encoded_samples
from tests.helpers import samples, student

INPUT = (32, 48)
HEATMAPS = dict(input_size=INPUT, heatmap_size=(8, 12))
SIMCC = dict(type='SimCCLabel', input_size=INPUT, sigma=(2.0, 2.5), normalize=False, use_dark=False)
DISCRETE = dict(
    type='KLDiscretLoss', use_target_weight=True, beta=10.0, label_softmax=True, label_beta=10.0
)
GAU = dict(
    hidden_dims=16, s=8, expansion_factor=2, dropout_rate=0.0, drop_path=0.0, act_fn='SiLU',
    use_rel_bias=False, pos_enc=False,
)  # fmt: skip


def with_head(head, neck=None):
    """A student's config with another head."""
    config = dict(student(), head=head)
    return dict(config, neck=neck) if neck else config


def heatmap_head(codec, **kwargs):
    head = dict(student()['head'], decoder=codec)
    return with_head(dict(head, **kwargs))


def rtmpose(**kwargs):
    head = dict(
        type='RTMCCHead', in_channels=8, out_channels=4, input_size=INPUT,
        in_featuremap_size=(8, 12), simcc_split_ratio=2.0, final_layer_kernel_size=3, gau_cfg=GAU,
        loss=DISCRETE, decoder=SIMCC,
    )  # fmt: skip
    return with_head(dict(head, **kwargs))


def regression(type_='RegressionHead', **kwargs):
    head = dict(type=type_, in_channels=8, num_joints=4, **kwargs)
    decoder = dict(type='RegressionLabel', input_size=INPUT)
    return with_head(dict(head, decoder=decoder), dict(type='GlobalAveragePooling'))


def labelled(network, flags, seed=0):
    """Samples whose labels a network's own codec makes of random joints."""
    result = samples(flags, seed=seed)
    random = np.random.RandomState(seed)
    places = torch.from_numpy(random.rand(len(flags), 4, 2) * [31, 47]).float()
    for sample, place, encoded in zip(
        result, places, encoded_samples(network, places, torch.ones(len(flags), 4))
    ):
        sample.gt_instance_labels = encoded.gt_instance_labels
        sample.gt_fields = encoded.gt_fields
        kept = dict(sample.gt_instances.items())
        sample.gt_instances = InstanceData(
            transformed_keypoints=place[None].numpy().astype(np.float32), **kept
        )
    return result
