"""Bodies: rest pose, angles, motions."""

import numpy as np
import pytest

from mmpose_al.synthetic import benchmark, body, cameras, render

NAMES = body.KEYPOINT_NAMES


def joint(points, name):
    return points[NAMES.index(name)]


def pose_of(**degrees):
    """Joints (17, 3) of a body that faces +x with its pelvis at the origin."""
    subject = body.sample_body(np.random.default_rng(0))
    angles = body._pose(**degrees)[None]
    R, o = body.forward_kinematics(subject, angles, np.zeros(1))
    return subject, body.body_keypoints(subject, R, o)[0]


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
