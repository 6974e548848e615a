"""The page "Add an augmentation": its file, outside the package, is all that it takes."""

import pytest
import torch
from mmpose.registry import TRANSFORMS

from mmpose_al.datasets.transforms.hard_augmentation import (
    build_hard_path,
    registered_hard_augmentations,
)
from tests.test_datasets.test_transforms import test_hard_augmentation as conformance
from tests.test_docs.extension import train, written

PAGE = 'docs/extending/augmentation.md'


@pytest.fixture
def config(tmp_path):
    with written(PAGE, 'cover_band', tmp_path, TRANSFORMS, 'CoverBand') as path:
        yield path


def test_one_file_adds_an_augmentation(config, tmp_path):
    runner = train(config, tmp_path)
    [[band]] = runner.model.hard_paths
    assert type(band).__name__ == 'CoverBand' and band.share == 0.3
    assert type(band).__module__ == 'cover_band'
    assert 'CoverBand' in registered_hard_augmentations()
    assert any('unsup' in name for name in runner.message_hub.log_scalars)
    for test in (  # what the package asks of its own
        lambda name: conformance.test_images_keep_shape_and_type_and_the_input_is_left_alone(
            name, torch.float64, 'cpu'
        ),
        conformance.test_the_seeds_and_nothing_else_decide,
        conformance.test_an_image_does_not_depend_on_its_batch_unless_the_class_says_so,
        conformance.test_a_name_and_the_settings_are_shown,
    ):
        test('CoverBand')
    out = band.augment(torch.ones(2, 3, 50, 8), None, [1, 2])
    assert (out == 0).sum((1, 2, 3)).tolist() == [15 * 8 * 3] * 2


def test_without_its_import_it_is_unknown():
    with pytest.raises(KeyError, match='CoverBand'):
        build_hard_path([dict(type='CoverBand')])
