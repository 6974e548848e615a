"""The demo of one image, with a random network."""

import os.path as osp
import subprocess
import sys

import cv2
import torch

from tests.test_apis.networks import CONFIGS, ROOT


def test_image_demo_of_a_3d_config(tmp_path, inferencer, image):
    torch.save(dict(state_dict=inferencer.model.network.state_dict()), str(tmp_path / 'w.pth'))
    cv2.imwrite(str(tmp_path / 'a.png'), image)
    done = subprocess.run(
        [
            sys.executable,
            osp.join(ROOT, 'demo', 'image_demo.py'),
            str(tmp_path / 'a.png'),
            osp.join(CONFIGS, 'ws_lite0_synthetic-64x64.py'),
            str(tmp_path / 'w.pth'),
            '--out',
            str(tmp_path / 'p.png'),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert 'of 17 joints' in done.stdout
    assert cv2.imread(str(tmp_path / 'p.png')).shape == image.shape
