import hashlib
import json
import os
import os.path as osp
import runpy
import sys

import cv2
import numpy as np
import pytest

from mmpose_al.synthetic import benchmark, body, cameras, contact_sheet, render, write_benchmark

NAMES = body.KEYPOINT_NAMES
SEGMENT = body.SEGMENT_INDEX


def joint(points, name):
    return points[NAMES.index(name)]


def pose_of(**degrees):
    """Joints (17, 3) of a body that faces +x with its pelvis at the origin."""
    subject = body.sample_body(np.random.default_rng(0))
    angles = body._pose(**degrees)[None]
    R, o = body.forward_kinematics(subject, angles, np.zeros(1))
    return subject, body.body_keypoints(subject, R, o)[0]


# ------------------------------------------------------------------- body


def test_rest_pose_has_left_at_plus_y_and_face_at_plus_x():
    subject, points = pose_of()
    for name in NAMES[1::2]:
        right = joint(points, name.replace('left', 'right'))
        np.testing.assert_allclose(joint(points, name), right * [1, -1, 1], atol=1e-9)
        assert joint(points, name)[1] > 0
    assert joint(points, 'nose')[0] > joint(points, 'left_ear')[0] + 50
    assert (
        joint(points, 'left_ankle')[2]
        < joint(points, 'left_knee')[2]
        < joint(points, 'left_hip')[2]
        < joint(points, 'left_shoulder')[2]
        < joint(points, 'nose')[2]
    )


@pytest.mark.parametrize('side, sign', [('left', 1), ('right', -1)])
def test_angles_turn_limbs_the_way_they_are_named(side, sign):
    subject, points = pose_of(upper_arm=90, thigh=(0, 30), shin=90)
    n = subject.lengths
    shoulder, elbow, wrist, hip, knee, ankle = (
        joint(points, f'{side}_{j}') for j in ('shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle')
    )
    np.testing.assert_allclose(elbow - shoulder, [n['upper_arm'], 0, 0], atol=1e-9)
    np.testing.assert_allclose(wrist - elbow, [n['forearm'], 0, 0], atol=1e-9)
    # 30 degrees outwards: sin 30 = 1/2 to the side.
    np.testing.assert_allclose(
        knee - hip, n['thigh'] * np.array([0, sign * 0.5, -(0.75**0.5)]), atol=1e-9
    )
    # A bent knee sends the shin backwards.
    np.testing.assert_allclose(ankle - knee, [-n['shin'], 0, 0], atol=1e-9)


def test_people_mostly_face_the_middle_of_the_cameras_arc():
    headings = np.array(
        [
            body.sample_motion(np.random.default_rng(seed), 'standing', np.zeros(1)).heading[0]
            for seed in range(400)
        ]
    )
    assert abs(headings.mean()) < 0.15 and headings.std() == pytest.approx(0.6, abs=0.1)
    # the arc's middle is where the heading 0 looks: along +x
    ring = cameras.camera_ring(np.random.default_rng(0), 31, (64, 64))
    middle = np.mean([-c.R.T @ c.t for c in ring], 0)
    assert middle[0] > 1000 and abs(middle[1]) < 300


@pytest.mark.parametrize('action', list(body.ACTION_WEIGHTS))
def test_motions_keep_limits_and_are_smooth(action):
    for seed in range(4):
        steps = []
        for rate in (50, 100):
            rng = np.random.default_rng(seed)
            times = np.arange(2 * rate + 1) / rate
            motion = body.sample_motion(rng, action, times)
            low, high = body.JOINT_LIMITS[..., 0], body.JOINT_LIMITS[..., 1]
            assert (motion.angles >= low - 1e-9).all()
            assert (motion.angles <= high + 1e-9).all()
            subject = body.sample_body(np.random.default_rng(seed))
            look = render.sample_appearance(np.random.default_rng(seed))
            parts = render.body_parts(subject, look)
            R, o, points = body.place_motion(
                subject, motion, lambda R, o: render.lowest_point(parts, R, o)
            )
            np.testing.assert_allclose(render.lowest_point(parts, R, o), motion.lift, atol=1e-6)
            steps.append(np.linalg.norm(np.diff(points, axis=0), axis=-1).max())
        assert steps[0] < 14e3 / 50, 'faster than 14 m/s'
        # Half the time step, half the way: no jumps.
        assert steps[1] < 0.62 * steps[0]


def test_unknown_action_is_named():
    with pytest.raises(ValueError, match="'flying'.*standing"):
        body.sample_motion(np.random.default_rng(0), 'flying', np.arange(3.0))


def test_actions_have_a_long_tail():
    plan = body.plan_actions(100, np.random.default_rng(0))
    count = {a: plan.count(a) for a in body.ACTION_WEIGHTS}
    assert count == dict(standing=40, walking=32, sitting=9, reaching=8, crouching=6, acrobatics=5)
    # 10: 4, 3.2, 0.9, 0.8, 0.6, 0.5 rounds to 4 3 1 1 1 0; one goes over.
    plan = body.plan_actions(10, np.random.default_rng(0))
    assert [plan.count(a) for a in body.ACTION_WEIGHTS] == [3, 3, 1, 1, 1, 1]
    assert len(body.plan_actions(2, np.random.default_rng(0))) == 2
    plan = body.plan_actions(50, np.random.default_rng(0), benchmark.STUDIO_ACTIONS)
    assert {a: plan.count(a) for a in set(plan)} == dict(
        standing=20, walking=16, sitting=7, reaching=7
    )


# ---------------------------------------------------------------- cameras


@pytest.mark.parametrize('number', [2, 3, 8, 31])
def test_ring_is_calibrated_and_spread(number):
    ring = cameras.camera_ring(np.random.default_rng(1), number, (160, 120))
    assert len(ring) == number
    centres = np.array([-c.R.T @ c.t for c in ring])
    assert len(set(centres[:, 2].round())) == number
    assert np.ptp(centres[:, 2]) == pytest.approx(2200, abs=1)
    azimuth = np.arctan2(centres[:, 1], centres[:, 0])
    even = 90 if number == 2 else 200 / (number - 1)  # degrees
    turn = np.degrees(np.diff(azimuth)) % 360
    assert (abs(turn / even - 1) < 0.3).all()
    assert abs(np.degrees(azimuth.min() + azimuth.max())) < even  # around the x axis
    for c in ring:
        np.testing.assert_allclose(c.R @ c.R.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(c.R) == pytest.approx(1)
        middle = cameras.project(np.array([0, 0, 950.0]), c)
        assert np.abs(middle - [79.5, 59.5]).max() < 20
        feet, head = cameras.project(np.array([[0, 0, 0], [0, 0, 1700.0]]), c)
        assert feet[1] > head[1] + 50, 'up is not up'


@pytest.mark.parametrize('number', [1, 32])
def test_ring_refuses_other_numbers(number):
    with pytest.raises(ValueError, match='2 to 31'):
        cameras.camera_ring(np.random.default_rng(1), number, (160, 120))


def strong_camera():
    ring = cameras.camera_ring(np.random.default_rng(1), 8, (192, 256))
    return ring[2]._replace(dist=np.array([-0.35, 0.1, 0.01, -0.015, 0.02]))


def opencv_pixels(points, camera):
    return cv2.projectPoints(
        np.asarray(points, float).reshape(-1, 1, 3),
        cv2.Rodrigues(camera.R)[0],
        camera.t,
        camera.K,
        camera.dist,
    )[0].reshape(-1, 2)


def test_projection_agrees_with_opencv_and_with_the_rays():
    camera = strong_camera()
    points = np.random.default_rng(0).uniform(-700, 1500, (50, 3))
    np.testing.assert_allclose(
        cameras.project(points, camera), opencv_pixels(points, camera), atol=1e-6
    )
    rays = cameras.pixel_rays(camera)
    world = (3000 * rays[[5, 100], [90, 3]] - camera.t) @ camera.R
    np.testing.assert_allclose(opencv_pixels(world, camera), [[90, 5], [3, 100]], atol=1e-3)


# --------------------------------------------------------------- rendering


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


# ------------------------------------------------------------- the writing


@pytest.fixture(scope='module')
def tiny(tmp_path_factory):
    out = str(tmp_path_factory.mktemp('synthetic') / 'tiny')
    write_benchmark(out, 'tiny', seed=3, workers=1, progress=False)
    return out


def read(out, split):
    with open(osp.join(out, split + '.json')) as f:
        return json.load(f)


def hashes(out):
    found = {}
    for root, _, names in os.walk(out):
        for name in names:
            path = osp.join(root, name)
            with open(path, 'rb') as f:
                found[osp.relpath(path, out)] = hashlib.sha256(f.read()).hexdigest()
    return found


def test_same_seed_same_bytes_with_any_number_of_workers(tiny, tmp_path):
    other = str(tmp_path / 'again')
    write_benchmark(other, 'tiny', seed=3, workers=2, progress=False)
    assert hashes(other) == hashes(tiny)
    third = str(tmp_path / 'seed4')
    write_benchmark(third, 'tiny', seed=4, workers=1, progress=False)
    ours, theirs = hashes(tiny), hashes(third)
    assert ours.keys() == theirs.keys()
    assert not set(ours.values()) & set(theirs.values())


def test_sizes_and_ids(tiny):
    for split, frames in (('train', 4), ('val', 2), ('test', 2)):
        data = read(tiny, split)
        assert len(data['cameras']) == 4
        assert len(data['frames']) == len(data['poses_3d']) == frames
        assert len(data['images']) == len(data['annotations']) == 4 * frames
        views = [(i['frame_id'], i['camera_id']) for i in data['images']]
        assert len(set(views)) == len(views)
        assert {i['frame_id'] for i in data['images']} == {f['id'] for f in data['frames']}
        for image in data['images']:
            picture = cv2.imread(osp.join(tiny, 'images', image['file_name']))
            assert picture.shape == (image['height'], image['width'], 3)
            assert picture.std() > 5
    assert not osp.exists(osp.join(tiny, 'parts'))


def test_splits_share_no_subject_and_no_picture(tiny):
    subjects = [{f['subject'] for f in read(tiny, s)['frames']} for s in benchmark.SPLITS]
    assert not subjects[0] & subjects[1] and not subjects[1] & subjects[2]
    shapes = [
        tuple(benchmark.make_scene(benchmark._settings('tiny', 3, None), s, 0).body.offsets.ravel())
        for s in benchmark.SPLITS
    ]
    assert len(set(shapes)) == 3


def test_a_studio_has_a_soft_wall_and_nothing_in_front():
    settings = dict(preset='studio', seed=0, num_cameras=2)
    cameras = benchmark.benchmark_cameras(**settings)
    view = render.make_view(cameras[0])
    occluders, limbs, edges = [], [], {True: [], False: []}
    for number in range(8):
        scene = benchmark.make_scene(settings, 'train', number)
        assert scene.action in benchmark.STUDIO_ACTIONS
        for clutter in (True, False):
            contents = benchmark.view_contents(scene, view, np.random.default_rng(number), clutter)
            edges[clutter].append(
                max(np.abs(np.diff(contents[0].background, axis=axis)).max() for axis in (0, 1))
            )
            if not clutter:
                occluders += [c.occluder for c in contents]
                limbs += [c.others for c in contents if scene.furniture is None]
    assert len(limbs) > 8 and not any(x is not None for x in occluders + limbs)
    assert max(edges[False]) < 0.05 < 0.1 < min(edges[True])


def test_2d_is_the_projection_of_3d(tiny):
    outside = 0
    for split in benchmark.SPLITS:
        data = read(tiny, split)
        rig = {
            c['id']: cameras.Camera(
                c['width'], c['height'], *(np.array(c[k]) for k in ('K', 'dist', 'R', 't'))
            )
            for c in data['cameras']
        }
        pose = {p['frame_id']: np.array(p['keypoints_3d']) for p in data['poses_3d']}
        for image, note in zip(data['images'], data['annotations']):
            assert note['image_id'] == image['id']
            points = pose[image['frame_id']]
            assert (points[:, 3] == 1).all()
            expected = opencv_pixels(points[:, :3], rig[image['camera_id']])
            found = np.array(note['keypoints']).reshape(17, 3)
            known = found[:, 2] > 0
            np.testing.assert_allclose(found[known, :2], expected[known], atol=0.01)
            inside = ((expected > -0.5) & (expected < 95.5)).all(1)
            np.testing.assert_array_equal(known, inside)
            assert (found[~known] == 0).all()
            assert note['num_keypoints'] == known.sum()
            outside += (~known).sum()
            x, y, w, h = note['bbox']
            assert x >= 0 and y >= 0 and x + w <= 95 and y + h <= 95
            assert (found[known, :2] >= [x - 0.01, y - 0.01]).all()
            assert (found[known, :2] <= [x + w + 0.01, y + h + 0.01]).all()
            assert note['area'] == pytest.approx(0.53 * w * h, abs=0.01)


def test_a_finished_folder_is_left_alone(tiny):
    before = {p: os.stat(osp.join(tiny, p)).st_mtime_ns for p in hashes(tiny)}
    result = write_benchmark(tiny, 'tiny', seed=3, progress=False)
    assert result['complete'] and result['splits']['train']['images'] == 16
    after = {p: os.stat(osp.join(tiny, p)).st_mtime_ns for p in hashes(tiny)}
    assert before == after


def test_an_interrupted_folder_is_completed(tiny, tmp_path, monkeypatch):
    out, usual, calls = str(tmp_path / 'x'), benchmark.write_sequence, []

    def interrupted(*job):
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(job[2:])
        usual(*job)

    monkeypatch.setattr(benchmark, 'write_sequence', interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_benchmark(out, 'tiny', seed=3, workers=1, progress=False)
    assert not osp.exists(osp.join(out, 'train.json'))
    first, again = list(calls), []
    # A picture of a finished sequence is lost meanwhile.
    os.remove(osp.join(out, 'images/train/train_0000/0001_02.jpg'))
    monkeypatch.setattr(
        benchmark, 'write_sequence', lambda *job: (again.append(job[2:]), usual(*job))
    )
    write_benchmark(out, 'tiny', seed=3, workers=1, progress=False)
    assert first == [('train', 0), ('train', 1)]
    assert again == [('train', 0), ('val', 0), ('test', 0)]
    assert hashes(out) == hashes(tiny)


def test_a_damaged_finished_folder_is_repaired(tiny, tmp_path):
    out = str(tmp_path / 'x')
    write_benchmark(out, 'tiny', seed=3, workers=1, progress=False)
    os.remove(osp.join(out, 'images/val/val_0000/0001_03.jpg'))
    write_benchmark(out, 'tiny', seed=3, workers=1, progress=False)
    assert hashes(out) == hashes(tiny)


def test_bad_settings_are_named(tiny, tmp_path):
    with pytest.raises(ValueError, match='seed is 3, asked for 5'):
        write_benchmark(tiny, 'tiny', seed=5)
    with pytest.raises(ValueError, match='num_cameras is 4, asked for 5'):
        write_benchmark(tiny, 'tiny', seed=3, num_cameras=5)
    out = str(tmp_path / 'x')
    with pytest.raises(ValueError, match="'huge'.*tiny, small, studio, people, full"):
        write_benchmark(out, 'huge')
    with pytest.raises(ValueError, match='num_cameras is 32'):
        write_benchmark(out, 'tiny', num_cameras=32)
    with pytest.raises(ValueError, match='seed is -1'):
        write_benchmark(out, 'tiny', seed=-1)
    with pytest.raises(ValueError, match='workers is 0'):
        write_benchmark(out, 'tiny', workers=0)
    (tmp_path / 'mine').mkdir()
    (tmp_path / 'mine' / 'thesis.txt').write_text('precious')
    with pytest.raises(ValueError, match='not empty'):
        write_benchmark(str(tmp_path / 'mine'), 'tiny')


def test_the_format_is_what_the_reader_takes(tiny):
    from mmpose_al.datasets.multiview import load_multiview

    load_multiview(osp.join(tiny, 'train.json'))


def test_contact_sheet_and_command_line(tiny, tmp_path, monkeypatch, capsys):
    sheet = str(tmp_path / 'sheet.png')
    contact_sheet(tiny, sheet, rows=4, columns=3)
    assert cv2.imread(sheet).shape == (4 * 96, 3 * 96, 3)
    tool = osp.join(osp.dirname(__file__), '../../tools/make_synthetic.py')
    monkeypatch.setattr(sys, 'argv', [tool, tiny, '--preset', 'tiny', '--seed', '3', '--quiet'])
    runpy.run_path(tool, run_name='__main__')
    assert 'train: 16 images, 4 frames, 2 subjects' in capsys.readouterr().out
    monkeypatch.setattr(sys, 'argv', [tool, tiny, '--preset', 'small'])
    with pytest.raises(SystemExit, match='other settings'):
        runpy.run_path(tool, run_name='__main__')
