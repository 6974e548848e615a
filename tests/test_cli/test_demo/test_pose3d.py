"""The demo of poses in 3D, with a random network."""

import argparse
import json
import os.path as osp
import subprocess
import sys

import cv2
import pytest
import torch

from mmpose_al.cli.demo.pose3d import camera_of
from tests.test_apis.networks import CONFIGS, ROOT


def test_demo(tmp_path, inferencer, image):
    checkpoint, out = str(tmp_path / 'w.pth'), str(tmp_path / 'poses.json')
    torch.save(dict(state_dict=inferencer.model.state_dict()), checkpoint)
    cv2.imwrite(str(tmp_path / 'a.png'), image)
    command = [
        sys.executable,
        osp.join(ROOT, 'demo', 'pose3d_demo.py'),
        str(tmp_path / 'a.png'),
        osp.join(CONFIGS, 'ws_lite0_synthetic-64x64.py'),
        checkpoint,
        '--out',
        out,
        '--picture',
        str(tmp_path / 'p.png'),
    ]
    done = subprocess.run(
        command + ['--intrinsics', '300', '300', '80', '60'],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    with open(out) as file:
        said = json.load(file)
    assert said['K'][0] == [300, 0, 80] and len(said['frames']) == 1
    assert cv2.imread(str(tmp_path / 'p.png')).shape[1] > 600


def test_a_camera_of_another_lens_is_refused(tmp_path):
    path = tmp_path / 'camera.json'
    K = [[300, 0, 80], [0, 300, 60], [0, 0, 1]]
    path.write_text(json.dumps(dict(K=K, dist=[0.1, 0, 0, 0], fisheye=False)))
    arguments = argparse.Namespace(intrinsics=None, camera=str(path))
    assert camera_of(arguments)[1] == [0.1, 0, 0, 0]
    path.write_text(json.dumps(dict(K=K, dist=[0.1, 0, 0, 0], camera_model='fisheye')))
    with pytest.raises(ValueError, match='camera.json: "camera_model" is .fisheye'):
        camera_of(arguments)
