"""A random 3D network and an image, for tests."""

import os.path as osp

import numpy as np
import pytest
from mmengine.config import Config

from mmpose_al.apis import Pose3DInferencer
from tests import ROOT
from tests.test_configs.test_configs import without_weights

CONFIGS = osp.join(ROOT, 'configs', 'weakly_supervised_3d', 'synthetic')


@pytest.fixture(scope='module')
def inferencer():
    config = Config.fromfile(osp.join(CONFIGS, 'ws_lite0_synthetic-64x64.py'))
    without_weights(config.model)
    return Pose3DInferencer(config)


@pytest.fixture(scope='module')
def image():
    return np.random.RandomState(0).randint(0, 255, (120, 160, 3), np.uint8)
