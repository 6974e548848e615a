"""Views, and heatmaps that are carried from one to another."""

import numpy as np
import pytest
import torch

from mmpose_al.geometry import affine
from mmpose_al.geometry.heatmaps import gaussians, subpixel_peaks
from mmpose_al.models.views import AffineViews, View, carry, easy_view, shows, swap_sides
from tests.helpers import FLIP, images
from tests.test_geometry.peaks import subpixel_peak


def test_carry_there_and_back_and_by_way_of_a_third_view():
    seeds = np.arange(3)
    like = images(3)
    views = AffineViews(rotation=20, scale=(0.9, 1.1), flip_prob=0.5)
    one = views.sample(seeds, (32, 48), like, stream='a')
    two = views.sample(seeds, (32, 48), like, stream='b')
    assert one.flip.any() or two.flip.any()
    easy = easy_view(3, like)
    center = torch.tensor([[[3.0, 6.0], [4.5, 5.0], [4.0, 7.0], [3.3, 5.2]]]).expand(3, 4, 2)
    maps = gaussians(center, (8, 12), 1.5)
    direct, _ = carry(maps, easy, two, (4, 4), FLIP)
    hop, _ = carry(maps, easy, one, (4, 4), FLIP)
    hop, _ = carry(hop, one, two, (4, 4), FLIP)
    assert (direct - hop).abs().max() < 0.25  # interpolated twice
    flipped = two.flip
    moved = affine.transform_points(affine.rescale(two.matrix, (4, 4)), center)
    moved = torch.where(flipped[:, None, None], moved[:, FLIP], moved)
    assert (subpixel_peaks(direct)[0] - moved).abs().max() < 0.35
    same, seen = carry(maps, easy, easy, (4, 4), FLIP)
    assert same is maps and seen.min() == 1


def test_autocast_leaves_heatmaps_where_they_belong():
    seeds, like = np.arange(8), images(8, input_size=(192, 256))
    views = AffineViews(flip_prob=0.5)
    maps = gaussians(torch.rand(8, 4, 2) * torch.tensor([47.0, 63.0]), (48, 64), 2.0)

    def carried():
        one, two = (views.sample(seeds, (192, 256), like, name) for name in 'ab')
        return carry(maps, one, two, (4, 4), FLIP)

    with torch.autocast('cpu', torch.bfloat16):
        got = carried()
    for one, other in zip(got, carried()):
        assert torch.equal(one, other)


def test_no_view_sees_beyond_the_easy_image():
    """The frame of a view of half the size: the image, 8 x 12 heatmap pixels, spans x
    in [1.94, 5.44] and y in [2.94, 8.44]; beside it there is padding, which a view of
    a quarter of the size has as well. A view of twice the size spans a part of it: x
    in [2.91, 4.66], y in [4.41, 7.16]."""

    def scaled(scale):
        return View(
            affine.similarity(torch.zeros(1), torch.tensor([scale]), (32, 48)),
            torch.tensor([False]),
        )

    half, maps = scaled(0.5), torch.rand(1, 4, 12, 8)
    whole, part = torch.zeros(2, 1, 1, 12, 8)
    whole[..., 3:9, 2:6] = 1
    part[..., 5:8, 3:5] = 1
    for source, expected in [
        (easy_view(1, maps), whole),
        (half, whole),
        (scaled(0.25), whole),
        (scaled(2.0), part),
    ]:
        assert torch.equal(carry(maps, source, half, (4, 4), FLIP)[1], expected)


def test_beta_views_prefer_the_ends():
    from scipy.stats import beta, kstest

    views = AffineViews(rotation=60, scale=(0.5, 1.5), beta=(0.75, 0.75))
    matrix = views.sample(np.arange(4000), (32, 48), images(1)).matrix
    scale = torch.linalg.det(matrix[..., :2]).sqrt()
    assert kstest((scale - 0.5).numpy(), beta(0.75, 0.75).cdf).pvalue > 1e-3
    assert kstest((scale - 0.5).numpy(), 'uniform').pvalue < 1e-6
    with pytest.raises(ValueError, match='beta'):
        AffineViews(beta=(0, 1))


@pytest.mark.parametrize(
    'type_, keys',
    [
        ('MSRAHeatmap', dict(sigma=2)),
        ('MSRAHeatmap', dict(sigma=2, unbiased=True)),
        ('UDPHeatmap', dict(sigma=2)),
        ('MegviiHeatmap', dict(kernel_size=11)),
    ],
)
def test_a_carried_label_lies_where_a_label_of_the_view_does(type_, keys):
    """Any keypoints: rounded one by one, right on average, in each codec's own grid."""
    from mmengine.config import ConfigDict
    from mmpose.registry import KEYPOINT_CODECS

    from mmpose_al.models.semi.networks import heatmap_offset
    from mmpose_al.models.views import View, carry, easy_view

    codec = KEYPOINT_CODECS.build(
        dict(type=type_, input_size=(192, 256), heatmap_size=(48, 64), **keys)
    )
    offset = heatmap_offset(ConfigDict(head=dict(decoder=codec)))
    random = np.random.RandomState(0)
    points = (random.uniform(0.4, 0.6, (1, 200, 2)) * (192, 256)).astype(np.float32)

    def label(keypoints):
        encoded = codec.encode(keypoints, np.ones((1, 200), np.float32))['heatmaps']
        return torch.from_numpy(np.asarray(encoded, np.float32))[None]

    for angle, scale, flip in (
        (60, 1, False),
        (0, 0.5, False),
        (0, 1.5, False),
        (0, 1, True),
        (-30, 0.8, True),
    ):
        flips = torch.tensor([flip])
        matrix = affine.similarity(
            torch.tensor([float(angle)]), torch.tensor([float(scale)]), (192, 256), flips
        )
        moved = affine.transform_points(matrix, torch.from_numpy(points)).numpy()
        carried, _ = carry(
            label(points),
            easy_view(1, matrix),
            View(matrix, flips),
            codec.scale_factor,
            range(200),
            offset,
        )
        gaps = [
            subpixel_peak(a) - subpixel_peak(b)
            for a, b in zip(carried[0].double().numpy(), label(moved)[0].double().numpy())
        ]
        assert np.abs(np.mean(gaps, 0)).max() < 0.1, (angle, scale, flip)


def test_what_a_view_shows_by_hand():
    """A view that is half as large about (0, 0), and one that is shifted by 10 pixels."""
    easy = easy_view(1, images(1))
    half = View(torch.tensor([[[0.5, 0.0, 0.0], [0.0, 0.5, 0.0]]]), easy.flip)
    shifted = View(torch.tensor([[[1.0, 0.0, 10.0], [0.0, 1.0, 0.0]]]), easy.flip)
    places = torch.tensor([[[0.0, 0.0], [15.5, 23.5], [16.0, 10.0], [31.0, 47.0], [-1.0, 4.0]]])
    assert shows(places, easy, easy, (32, 48)).tolist() == [[True, True, True, True, False]]
    # Beyond (15.5, 23.5) of the smaller view there is padding.
    assert shows(places, half, half, (32, 48)).tolist() == [[True, True, False, False, False]]
    assert shows(places, half, easy, (32, 48)).tolist() == [[True, True, False, False, False]]
    # x of the easy image beyond 21 is beyond 31 of the shifted one.
    assert shows(places, easy, shifted, (32, 48)).tolist() == [[True, True, True, False, False]]
    assert shows(places, shifted, shifted, (32, 48)).tolist() == [[False, True, True, True, False]]


def test_sides_are_swapped_where_a_view_is_mirrored():
    """Whatever stands before and after the joints; of other views nothing moves."""
    values = torch.arange(2 * 3 * len(FLIP) * 2).view(2, 3, len(FLIP), 2)
    mirrored = torch.tensor([[True, False, True], [False, False, True]])
    found = swap_sides(values, mirrored, FLIP)
    assert found[mirrored].equal(values[mirrored][:, FLIP])
    assert found[~mirrored].equal(values[~mirrored])
    alone = swap_sides(values[0, :, :, 0], mirrored[0], tuple(FLIP))
    assert alone.equal(found[0, :, :, 0])
