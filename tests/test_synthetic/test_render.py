"""Rendering against a slow ray caster and OpenCV."""

import cv2
import numpy as np
import pytest

from mmpose_al.synthetic import body, cameras, render
from tests.test_synthetic.views import opencv_pixels, strong_camera

NAMES = body.KEYPOINT_NAMES
SEGMENT = body.SEGMENT_INDEX


def some_parts(centre, scale=1.0):
    """An ellipsoid, a sphere and a leaning frustum in front of a camera."""
    lean = cv2.Rodrigues(np.array([0.5, -0.3, 0.8]))[0]
    M = np.stack(
        [lean @ np.diag([120, 60, 200.0]), np.eye(3) * 90, lean.T @ np.diag([1, 0.6, 700.0])]
    )
    o = np.array(centre) + [[-150, 0, 0], [180, 120, -50], [0, -200, -300]]
    return render.Parts(
        M=M * scale,
        o=o,
        r0=np.array([1, 1, 110.0]),
        k=np.array([0, 0, -60.0]),
        frustum=np.array([False, False, True]),
        segment=np.array([3, 4, 5]),
        colour=np.ones((3, 3)),
        texture=np.zeros((3, 4)),
    )


def slow_hit(M, o, r0, k, frustum, ray):
    """Nearest depth along a ray by the roots of the quadric, or inf."""
    inverse = np.linalg.inv(M)
    d, p = inverse @ ray, -inverse @ o
    if frustum:
        x, y = np.poly1d([d[0], p[0]]), np.poly1d([d[1], p[1]])
        r = np.poly1d([k * d[2], k * p[2] + r0])
        roots = (x * x + y * y - r * r).roots
    else:
        roots = sum(np.poly1d([d[i], p[i]]) ** 2 for i in range(3)) - 1
        roots = roots.roots
    roots = sorted(s.real for s in roots if abs(s.imag) < 1e-9)
    if not roots:
        return np.inf
    if frustum and not 0 <= d[2] * roots[0] + p[2] <= 1:
        return np.inf
    return roots[0]


def test_depth_buffer_agrees_with_a_slow_ray_caster():
    camera = cameras.camera_ring(np.random.default_rng(3), 8, (40, 48))[0]
    view = render.make_view(camera)
    parts = some_parts([0, 0, 1500.0])
    buffers = render.empty_buffers(view)
    render.rasterise(parts, view, buffers, first=7)
    slow = np.full((3, 48, 40), np.inf)
    for i in range(3):
        for y in range(48):
            for x in range(40):
                slow[i, y, x] = slow_hit(
                    parts.M[i],
                    parts.o[i],
                    parts.r0[i],
                    parts.k[i],
                    parts.frustum[i],
                    view.rays[y, x],
                )
    nearest = slow.min(0)
    assert np.isfinite(nearest).sum() > 100
    np.testing.assert_array_equal(np.isfinite(buffers.depth), np.isfinite(nearest))
    covered = np.isfinite(nearest)
    np.testing.assert_allclose(buffers.depth[covered], nearest[covered], atol=1e-3)
    np.testing.assert_array_equal(buffers.part[covered], 7 + slow.argmin(0)[covered])
    assert (buffers.part[~covered] == -1).all()
    assert set(np.unique(buffers.part)) == {-1, 7, 8, 9}


def test_parts_behind_or_around_the_camera_are_left_out():
    view = render.make_view(strong_camera())
    for depth in (-3000.0, 0.0, 100.0):
        buffers = render.empty_buffers(view)
        parts = some_parts([0, 0, depth])
        keep = parts.o[:, 2] < 90
        render.rasterise(render.Parts(*(f[keep] for f in parts)), view, buffers)
        assert (buffers.part == -1).all()


def test_a_small_ball_is_drawn_where_opencv_projects_it():
    """Sub-pixel: the centroid of a distant ball's disc is its projection."""
    camera = strong_camera()
    view = render.make_view(camera)
    for point in ([0, 0, 950.0], [500, -400, 1700], [-300, 500, 250]):
        seen = camera.R @ point + camera.t
        ball = render.Parts(*(f[1:2] for f in some_parts(seen)))._replace(
            o=seen[None], M=85 * np.eye(3)[None]
        )
        buffers = render.empty_buffers(view)
        render.rasterise(ball, view, buffers)
        ys, xs = np.nonzero(buffers.part == 0)
        assert len(xs) > 100
        centroid = np.array([xs.mean(), ys.mean()])
        expected = opencv_pixels([point], camera)[0]
        assert np.abs(centroid - expected).max() < 0.15
        # The point nearest the camera lies one radius in front.
        assert buffers.depth.min() == pytest.approx(seen[2] - 85, abs=6)


def plain_content(parts, camera, occluder=None):
    grey = np.full((camera.height, camera.width, 3), 0.5, np.float32)
    light = render.Light(camera.R @ [0.2, 0.3, 0.93], np.ones(3), 0.5)
    return render.ViewContent(
        person=render.move_parts(parts, camera.R, camera.t),
        others=None,
        background=grey,
        occluder=occluder,
        light=light,
        shadow=None,
        blur=0,
        noise=0,
        gain=1,
    )


def star():
    """A body with all limbs spread, so that nothing hides anything from the
    front: parts and joints in the world, and a camera in front of it."""
    subject = body.sample_body(np.random.default_rng(2))
    parts = render.body_parts(subject, render.sample_appearance(np.random.default_rng(2)))
    angles = body._pose(upper_arm=(0, 60), thigh=(0, 25))[None]
    R, o = body.forward_kinematics(subject, angles, np.zeros(1))
    o = o + [0, 0, 950]
    camera = cameras.camera_ring(np.random.default_rng(0), 31, (256, 256))[15]
    return (render.pose_parts(parts, R[0], o[0]), body.body_keypoints(subject, R, o)[0], camera)


#: Segments whose surface may show at a joint's pixel.
NEAR = dict(
    nose=['head'],
    eye=['head'],
    ear=['head'],
    shoulder=['upper_arm', 'chest'],
    elbow=['upper_arm', 'forearm'],
    wrist=['forearm', 'hand'],
    hip=['thigh', 'pelvis'],
    knee=['thigh', 'shin'],
    ankle=['shin', 'foot'],
)


def right_parts(name):
    side = name[: name.index('_') + 1] if '_' in name else ''
    parts = NEAR[name[len(side) :]]
    return [SEGMENT.get(side + p, SEGMENT.get(p)) for p in parts]


def test_each_joint_lies_on_its_own_part_of_the_picture():
    parts, joints, camera = star()
    view = render.make_view(camera)
    out = render.render_view(plain_content(parts, camera), view, np.random.default_rng(0))
    pixels = opencv_pixels(joints, camera)
    nearest = np.round(pixels).astype(int)
    for name, (x, y) in zip(NAMES, nearest):
        if name not in ('left_ear', 'right_ear'):
            assert out.segment[y, x] in right_parts(name), name
    # Exchanging left and right must be noticed by this test.
    x, y = nearest[NAMES.index('left_knee')]
    assert out.segment[y, x] not in right_parts('right_knee')
    changed = (out.image != 128).any(-1)
    assert (changed & ~out.silhouette).sum() == 0
    assert changed[out.silhouette].mean() > 0.99


def test_visibility_is_self_occlusion_occluder_and_border():
    parts, joints, camera = star()
    view = render.make_view(camera)
    pixels = opencv_pixels(joints, camera)
    depths = joints @ camera.R[2] + camera.t[2]
    out = render.render_view(plain_content(parts, camera), view, np.random.default_rng(0))
    flags = render.joint_visibility(pixels, depths, out)
    seen = [n for n, v in zip(NAMES, flags) if v == 2]
    assert set(NAMES) - set(seen) <= {'left_ear', 'right_ear'}

    # From behind the face is hidden, the rest not.
    behind = cameras.camera_ring(np.random.default_rng(0), 31, (256, 256), arc=360.0)[0]
    rear = render.render_view(
        plain_content(parts, behind), render.make_view(behind), np.random.default_rng(0)
    )
    flags = render.joint_visibility(
        opencv_pixels(joints, behind), joints @ behind.R[2] + behind.t[2], rear
    )
    assert flags[:3].tolist() == [1, 1, 1]
    assert flags[5:].tolist() == [2] * 12

    # Everything above row 110 is covered; the picture is not lost below.
    mask = np.zeros((256, 256), bool)
    mask[:110] = True
    out = render.render_view(
        plain_content(parts, camera, (mask, np.zeros((256, 256, 3), np.float32))),
        view,
        np.random.default_rng(0),
    )
    flags = render.joint_visibility(pixels, depths, out)
    below = np.round(pixels[:, 1]) >= 110
    assert 4 < below.sum() < 17
    assert (flags[~below] == 1).all() and (flags[below][-6:] == 2).all()
    assert (out.image[:110] == 0).all()

    shifted = pixels + [256 - pixels[9, 0], 0]
    flags = render.joint_visibility(shifted, depths, out)
    np.testing.assert_array_equal(flags == 0, np.round(shifted[:, 0]) > 255)
    assert flags[9] == 0


def test_front_and_back_have_the_same_colours_on_both_sides():
    look = render.sample_appearance(np.random.default_rng(5))
    parts = render.body_parts(body.sample_body(np.random.default_rng(5)), look)
    for name, i in SEGMENT.items():
        if name.startswith('left_'):
            j = SEGMENT[name.replace('left_', 'right_')]
            for field in (parts.colour, parts.texture, parts.M):
                np.testing.assert_array_equal(field[parts.segment == i], field[parts.segment == j])
