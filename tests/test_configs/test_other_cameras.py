"""Training on some cameras, test on others, through the config and `mmpose-al test`."""

import json
import os.path as osp

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpose.registry import DATASETS, MODELS

from mmpose_al.analysis import multiview_pictures
from mmpose_al.cli.main import main
from mmpose_al.synthetic import write_benchmark
from tests import ROOT

BASE = osp.join(
    ROOT, 'configs', 'active_learning', 'synthetic', 'other-cameras_lite0_synthetic-64x64.py'
)
TRAINING = ['camera00', 'camera02', 'camera04', 'camera06']
OTHERS = ['camera01', 'camera03', 'camera05', 'camera07']
CHANGES = """
_base_ = {base!r}
data_root = {data!r}
model = dict(backbone=dict(pretrained=False))
train_dataloader = dict(dataset=dict(labeled=dict(data_root=data_root)))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
test_evaluator = _base_.test_evaluator + [
    dict(type='CocoMetric', score_mode='keypoint', nms_mode='none', format_only=True,
         outfile_prefix={prefix!r})]
"""


@pytest.fixture(scope='module')
def tiny(tmp_path_factory):
    """The `tiny` preset with the eight cameras of the others."""
    out = str(tmp_path_factory.mktemp('cameras') / 'tiny')
    write_benchmark(out, 'tiny', num_cameras=8, workers=1, progress=False)
    return out + '/'


def cameras_of(dataset):
    dataset = getattr(dataset, 'labeled', dataset)
    return sorted({dataset.get_data_info(i)['camera']['name'] for i in range(len(dataset))})


def test_a_random_network_is_tested_on_the_other_cameras(tiny, tmp_path, monkeypatch):
    path, prefix = tmp_path / 'other.py', str(tmp_path / 'results')
    path.write_text(CHANGES.format(base=BASE, data=tiny, prefix=prefix))
    config = Config.fromfile(str(path))
    for loader, names in (
        (config.train_dataloader.dataset.labeled, TRAINING),
        (config.val_dataloader.dataset, TRAINING),
        (config.test_dataloader.dataset, OTHERS),
    ):
        loader = dict(loader, pipeline=[])
        assert cameras_of(DATASETS.build(loader)) == names
    torch.manual_seed(0)
    checkpoint, out = str(tmp_path / 'random.pth'), str(tmp_path / 'metrics.json')
    torch.save(dict(state_dict=MODELS.build(config.model).state_dict()), checkpoint)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')
    monkeypatch.setenv('LOCAL_RANK', '0')
    status = main(
        [
            'test',
            str(path),
            checkpoint,
            '--work-dir',
            str(tmp_path / 'work'),
            '--out',
            out,
            '--cfg-options',
            'experiment_name=other_cameras',
            'test_evaluator.0.failed_as=5000',
        ]
    )
    assert status == 0
    with open(out) as file:
        metrics = json.load(file)
    assert {name.split('/')[2] for name in metrics if 'residual' in name} == set(OTHERS)
    assert 50 < metrics['multiview/MKPE'] <= 5000  # it has learnt nothing
    assert 0 <= metrics['multiview/failed'] <= 100
    assert 0 <= metrics['pck/bbox@0.1'] < 60

    # Its predictions, in pictures.
    shown = []
    monkeypatch.setattr(
        multiview_pictures, 'draw_views', lambda *args, **more: shown.append((args, more))
    )
    pictures = tmp_path / 'pictures'
    words = [
        osp.join(tiny, 'test.json'),
        '--predictions',
        prefix + '.keypoints.json',
        '--img-root',
        osp.join(tiny, 'images'),
        '--out',
        str(pictures),
    ]
    assert main(['draw', *words]) == 0
    assert len(shown) == 2 and (pictures / 'residuals.png').exists()
    assert all(args[1] == OTHERS for args, _ in shown)
    assert all(np.isfinite(more['predicted']).all() for _, more in shown)
