"""The page "Add a method": its file, outside the package, is all that it takes."""

import numpy as np
import pytest
import torch
from mmpose.registry import MODELS

from mmpose_al.geometry import affine
from mmpose_al.models.passes import passes_per_step
from mmpose_al.models.views import carry, easy_view
from tests.helpers import images, samples, student
from tests.test_docs.extension import train, written
from tests.test_models.test_passes import count

PAGE = 'docs/extending/method.md'


@pytest.fixture
def config(tmp_path):
    with written(PAGE, 'mirror_taught', tmp_path, MODELS, 'MirrorTaught') as path:
        yield path


def test_one_file_adds_a_method(config, tmp_path):
    model = train(config, tmp_path).model
    assert type(model).__name__ == 'MirrorTaught'
    assert type(model).__module__ == 'mirror_taught'
    assert passes_per_step(model, 1, 1).forwards == 2 + 3 * 2
    # its passes are what the networks do, and its target is what the page says
    tiny = MODELS.build(dict(type='MirrorTaught', students=student())).train()
    told = passes_per_step(tiny, 2, 3)
    assert told == count(tiny, images(5), samples([True] * 2 + [False] * 3))
    batch, seeds, flip = images(2), np.arange(2), [1, 0, 3, 2]
    same = easy_view(2, batch)
    [lesson] = tiny.teach(batch, None, same, seeds, flip)
    mirror = tiny.mirror.sample(seeds, (32, 48), batch)
    assert torch.allclose(affine.warp(batch, mirror.matrix), batch.flip(-1), atol=1e-4)
    one, two = (tiny.teacher_heatmaps(0, each) for each in (batch, batch.flip(-1)))
    two, _ = carry(two, mirror, same, tiny.scale_factor, flip)
    assert torch.allclose(lesson.target, (one + two) / 2, atol=1e-4)
