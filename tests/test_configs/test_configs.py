"""Every config builds: its model, and what it says of its data."""
import glob
import os.path as osp

import pytest
from mmengine.config import Config

import mmpose_al  # noqa: F401
from mmpose.registry import KEYPOINT_CODECS, MODELS

ROOT = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))
CONFIGS = sorted(
    osp.relpath(path, ROOT)
    for path in glob.glob(osp.join(ROOT, 'configs', '**', '*.py'), recursive=True)
    if '_base_' not in path)


def without_weights(config):
    """No ImageNet weights: what is tested needs none, and no network is there."""
    if isinstance(config, dict):
        for key, value in config.items():
            if key == 'pretrained':
                config[key] = False
            elif key == 'init_cfg' and isinstance(value, dict) and (
                    value.get('type') == 'Pretrained'):
                config[key] = None
            else:
                without_weights(value)
    elif isinstance(config, (list, tuple)):
        for value in config:
            without_weights(value)
    return config


def test_there_are_configs():
    assert len(CONFIGS) > 20


@pytest.mark.parametrize('path', CONFIGS)
def test_config_builds(path):
    config = Config.fromfile(osp.join(ROOT, path))
    model = MODELS.build(without_weights(config.model))
    assert sum(p.numel() for p in model.parameters()) > 5e5
    students = getattr(model, 'students', [model])
    dataset = config.train_dataloader.dataset
    codec = [t.encoder for t in dataset.pipeline if t.type == 'GenerateTarget'][0]
    built = KEYPOINT_CODECS.build(codec)
    for student in students:
        assert student.head.decoder.heatmap_size == built.heatmap_size
        assert student.head.decoder.sigma == built.sigma
    semi = config.model.type != 'TopdownPoseEstimator'
    assert bool(dataset.get('unlabeled')) is semi
    if semi:
        assert dataset.labeled.labels == dataset.unlabeled.labels
        assert dataset.unlabeled.subset == 'unlabeled'
    sampler = config.train_dataloader.sampler
    assert sampler.batch_size == config.train_dataloader.batch_size
    assert 'ExactResumeHook' in [hook.type for hook in config.custom_hooks]


@pytest.mark.parametrize('size', ['1k', '5k', '10k'])
def test_coco_label_counts_are_those_of_the_name(size):
    for path in CONFIGS:
        if path.endswith(f'_{size}.py') and '/coco/' in path:
            config = Config.fromfile(osp.join(ROOT, path))
            labels = config.train_dataloader.dataset.labeled.labels
            assert labels.num == int(size[:-1]) * 1000
