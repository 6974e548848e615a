"""What calibration files say of their lens model."""

import pytest

from mmpose_al.geometry.lenses import other_model


@pytest.mark.parametrize(
    'fields',
    [
        {'fisheye': True},
        {'fisheye_model': 1.0},
        {'is_fisheye': 'True'},
        {'fish_eye': 1},
        {'camera_model': 'OPENCV_FISHEYE'},
        {'camera_model': 1},
        {'camera_model': 'KB4'},
        {'model': 'omni'},
        {'type': 'equirectangular'},
        {'lens': 'fisheye'},
        {'lens_model': 'mei'},
        {'distortion_model': 'equidistant'},
        {'distortion_model': 'inverse_brown_conrady'},
        {'distortion_model': 'division'},
        {'projection': 'stereographic'},
        {'xi': 0.9},
        {'intrinsics': {'model': 'double sphere'}},
        {'models': ['pinhole', 'fisheye']},
        {'is_fisheye': [0, 1]},
    ],
)
def test_another_model(fields):
    (name,) = fields
    found = other_model(dict(size=[160, 120], **fields))
    assert found is not None
    assert found[0] in (name, *(fields[name] if isinstance(fields[name], dict) else ()))


@pytest.mark.parametrize(
    'fields',
    [
        {'fisheye': False},
        {'fisheye_model': 0.0},
        {'fisheye': 'false'},
        {'is_fisheye': [0, 0]},
        {'camera_model': 'PINHOLE'},
        {'camera_model': 0},
        {'model': 'Miqus Video'},
        {'model': 'GoPro HERO7'},
        {'type': 'video'},
        {'type': 3},
        {'lens': '6 mm'},
        {'distortion_model': 'plumb_bob'},
        {'distortion_model': 'Brown-Conrady'},
        {'xi': 0.0},
        {'name': 'fisheye_left_undistorted'},
        {'video_resolution': '1080p'},
    ],
)
def test_a_pinhole(fields):
    assert other_model(fields) is None
