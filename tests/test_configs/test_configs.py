"""Every config builds: its model, and what it says of its data."""

import ast
import glob
import os.path as osp
from contextlib import ExitStack, contextmanager
from unittest import mock

import pytest
import torch
from mmengine.config import Config
from mmpose.apis.inference import dataset_meta_from_config
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import DATASETS, KEYPOINT_CODECS, MODELS

from mmpose_al.models.semi.keypoint_lessons import same_codec
from tests import ROOT

CONFIGS = sorted(
    osp.relpath(path, ROOT)
    for path in glob.glob(osp.join(ROOT, 'configs', '**', '*.py'), recursive=True)
    if '_base_' not in path
)


def without_weights(config):
    """No ImageNet weights: what is tested needs none, and no network is there."""
    if isinstance(config, dict):
        for key, value in config.items():
            if key == 'pretrained':
                config[key] = False
            elif (
                key == 'init_cfg'
                and isinstance(value, dict)
                and (value.get('type') == 'Pretrained')
            ):
                config[key] = None
            else:
                without_weights(value)
    elif isinstance(config, (list, tuple)):
        for value in config:
            without_weights(value)
    return config


@contextmanager
def without_random_weights():
    """Inside, layers keep whatever memory they get: large networks build at once."""
    with ExitStack() as stack:
        for name in ('kaiming_uniform_', 'uniform_', 'normal_', 'xavier_uniform_'):
            stack.enter_context(
                mock.patch.object(torch.nn.init, name, lambda tensor, *args, **kwargs: tensor)
            )
        yield


def test_there_are_configs():
    assert len(CONFIGS) > 20


@pytest.mark.parametrize('path', CONFIGS)
def test_config_builds(path):
    config = Config.fromfile(osp.join(ROOT, path))
    with without_random_weights():
        model = MODELS.build(without_weights(config.model))
    assert sum(p.numel() for p in model.parameters()) > 5e5
    students = getattr(model, 'students', [model])
    dataset = config.train_dataloader.dataset
    codec = [t.encoder for t in dataset.pipeline if t.type == 'GenerateTarget'][0]
    built = KEYPOINT_CODECS.build(codec[-1] if isinstance(codec, list) else codec)
    alike = [same_codec(student.head.decoder, built) for student in students]
    pack = [t for t in dataset.pipeline if t.type == 'PackPoseInputs'][0]
    # Students of several codecs encode the labels themselves.
    assert all(alike) or (any(alike) and pack.pack_transformed)
    semi = config.model.type != 'TopdownPoseEstimator'
    assert bool(dataset.get('unlabeled')) is semi
    labeled = dataset.labeled
    if semi and not isinstance(labeled, list) and labeled.get('labels'):
        # some of one file's
        assert dataset.labeled.labels == dataset.unlabeled.labels
        assert dataset.unlabeled.subset == 'unlabeled'
    # one place for the size of a batch
    assert 'batch_size' not in config.train_dataloader.sampler
    assert config.train_dataloader.batch_sampler.type == 'MixedBatchSampler'
    hooks = [hook.type for hook in config.custom_hooks]
    assert 'ExactResumeHook' in hooks and 'DataCheckHook' in hooks
    assert config.default_hooks.weights.type == 'CheckWeightsHook'
    assert not config.get('load_from') or config.load_cfg.leave_out == ['head.final_layer']


@pytest.mark.parametrize('path', CONFIGS)
def test_mmposes_tools_find_what_they_look_for(path):
    config = Config.fromfile(osp.join(ROOT, path))
    assert config.data_mode == 'topdown' and DATASETS.get(config.dataset_type)
    tested = config.test_dataloader.dataset
    if tested.type != 'CombinedDataset':
        assert config.dataset_type == tested.type
    assert config.model.backbone is not None  # without it init_model fails
    meta = dataset_meta_from_config(config, 'train')
    network = config.model.get('students') or config.model.get('network') or config.model
    head = (network[0] if isinstance(network, list) else network).head
    assert meta['num_keypoints'] == head.out_channels
    labeled = config.train_dataloader.dataset.labeled
    labeled = labeled[0] if isinstance(labeled, list) else labeled
    if 'pipeline' not in labeled:  # its joints are the network's
        own = labeled.get('metainfo') or DATASETS.get(labeled.type).METAINFO
        assert parse_pose_metainfo(own)['dataset_name'] == meta['dataset_name']


def test_no_pipeline_is_written_twice():
    written = {}
    for path in glob.glob(osp.join(ROOT, 'configs', '**', '*.py'), recursive=True):
        with open(path) as file:
            lists = [n for n in ast.walk(ast.parse(file.read())) if isinstance(n, ast.List)]
        for steps in lists:
            if len(steps.elts) > 3 and all(isinstance(step, ast.Call) for step in steps.elts):
                place = f'{osp.relpath(path, ROOT)}:{steps.lineno}'
                assert written.setdefault(ast.dump(steps), place) == place, (
                    f'{place}: inherit the pipeline from configs/_base_/pipelines'
                )
    assert len(written) > 3


@pytest.mark.parametrize('size', ['1k', '5k', '10k'])
def test_coco_label_counts_are_those_of_the_name(size):
    for path in CONFIGS:
        if path.endswith(f'_{size}.py') and '/coco/' in path:
            config = Config.fromfile(osp.join(ROOT, path))
            labels = config.train_dataloader.dataset.labeled.labels
            assert labels.num == int(size[:-1]) * 1000
