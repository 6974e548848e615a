"""Exported files in use: the example without MMPose and PyTorch says what the model says."""

import os.path as osp
import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch

from mmpose_al.deployment.exporting import Exporter
from mmpose_al.prediction.boxes import Box
from tests.test_models.test_semi.keypoint_heads import (
    HEATMAPS,
    INPUT,
    heatmap_head,
    regression,
    rtmpose,
)
from tests.test_prediction.models import JOINTS, PREPROCESSOR, config

pytest.importorskip('onnx', reason='extra onnx')
pytest.importorskip('onnxruntime', reason='extra onnx')
DEMO = osp.join(osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__)))), 'demo/onnx_demo.py')
ALONE = """
import runpy, sys
for name in ('torch', 'mmengine', 'mmcv', 'mmpose', 'mmpose_al'):
    sys.modules[name] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')
"""
BOX = [10, 5, 30, 40]


def exported(folder, model, takes='pixels', **crop):
    """An exporter of random weights, its file and an image."""
    torch.manual_seed(0)
    content = config()
    content.model = dict(model, data_preprocessor=PREPROCESSOR)
    content.test_dataloader.dataset.pipeline[2].update(crop)
    exporter = Exporter(content, None, takes=takes, images=2)
    for name, parameter in exporter.network.named_parameters():
        if name.endswith('weight') and parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.2)
        if name.endswith('head.final_layer.bias'):
            torch.nn.init.constant_(parameter, 3.0)  # MMPose has no joint where a map is negative
    exporter.write(str(folder / 'n.onnx'), 'onnx')
    image = np.random.RandomState(3).randint(0, 255, (48, 64, 3), np.uint8)
    image = cv2.GaussianBlur(image, (0, 0), 2)
    cv2.imwrite(str(folder / 'i.png'), image)
    return exporter, image


def said(folder, *box):
    words = [sys.executable, '-c', ALONE, DEMO, 'n.onnx', 'i.png', *map(str, box)]
    done = subprocess.run(words, cwd=str(folder), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    assert [row[0] for row in rows] == JOINTS
    return np.array([row[1:] for row in rows], float)


@pytest.mark.parametrize('box', [BOX, []])
@pytest.mark.parametrize(
    'head', ['heatmaps', 'udp', 'offsets', 'megvii', 'simcc', 'regression', 'rle', 'normalized']
)
def test_the_example_says_what_the_model_says(tmp_path, head, box):
    heatmaps = config().model
    model = dict(
        heatmaps=heatmaps,
        udp=heatmaps,
        offsets=heatmap_head(
            dict(HEATMAPS, type='UDPHeatmap', heatmap_type='combined'),
            out_channels=12,
            loss=dict(type='CombinedTargetMSELoss', use_target_weight=True),
        ),
        megvii=heatmap_head(dict(HEATMAPS, type='MegviiHeatmap', kernel_size=5)),
        normalized=heatmaps,
        simcc=rtmpose(),
        regression=regression(),
        rle=regression('RLEHead'),
    )[head]
    takes = 'normalized' if head == 'normalized' else 'pixels'
    exporter, image = exported(tmp_path, model, takes, use_udp=head in ('udp', 'offsets'))
    rows = said(tmp_path, *box)
    estimator = exporter.estimator
    places, scores = estimator(estimator.prepare(image, [Box(0, box or [0, 0, 64, 48], 1.0)]))
    here, there = rows[:, :2], places[0]
    if head in ('udp', 'offsets'):
        # MMPose goes back by another scale than it came; so they are compared in the input.
        size, (x, y, w, h) = np.array(INPUT), box or [0, 0, 64, 48]
        part = 1.25 * max(w / size[0], h / size[1]) * size
        start = [x + w / 2, y + h / 2] - part / 2
        here, there = (here - start) / part * (size - 1), (there - start) / part * size
    np.testing.assert_allclose(here, there, atol=1.3 if head == 'udp' else 0.02)  # DARK refines
    np.testing.assert_allclose(rows[:, 2], scores[0], atol=1e-3)
