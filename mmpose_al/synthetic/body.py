"""The articulated human: segments, joint limits, proportions, motions.

World axes: x and y span the floor, z points up, millimetres. Body axes: x
forward, y to the person's left, z up. A pose is one array of angles,
``(F, S, 3)`` for F frames and S segments, columns flexion, abduction and
twist; forward kinematics turns it into segment origins and orientations, and
the 17 COCO joints are fixed points of segments.
"""

from typing import Dict, List, Mapping, NamedTuple, Sequence, Tuple

import numpy as np

KEYPOINT_NAMES = (
    'nose',
    'left_eye',
    'right_eye',
    'left_ear',
    'right_ear',
    'left_shoulder',
    'right_shoulder',
    'left_elbow',
    'right_elbow',
    'left_wrist',
    'right_wrist',
    'left_hip',
    'right_hip',
    'left_knee',
    'right_knee',
    'left_ankle',
    'right_ankle',
)

# COCO's own links, one-based as in the COCO file format.
COCO_SKELETON = (
    (16, 14),
    (14, 12),
    (17, 15),
    (15, 13),
    (12, 13),
    (6, 12),
    (7, 13),
    (6, 7),
    (6, 8),
    (7, 9),
    (8, 10),
    (9, 11),
    (2, 3),
    (1, 2),
    (1, 3),
    (2, 4),
    (3, 5),
    (4, 6),
    (5, 7),
)


class Segment(NamedTuple):
    """A rigid part. Angles in degrees; ``flex`` turns it about the body's y
    axis (``flex_sign`` +1 leans an upright part forward and bends a knee, -1
    raises a limb forward), the others are mirrored on the right side."""

    name: str
    parent: str
    flex_sign: int
    flex: Tuple[float, float]
    abduct: Tuple[float, float]
    twist: Tuple[float, float]


def _limb(side: str) -> List[Segment]:
    return [
        Segment(side + 'upper_arm', 'chest', -1, (-50, 175), (-15, 170), (-80, 80)),
        Segment(side + 'forearm', side + 'upper_arm', -1, (0, 145), (0, 0), (-80, 80)),
        Segment(side + 'hand', side + 'forearm', -1, (-60, 60), (-20, 20), (0, 0)),
        Segment(side + 'thigh', 'pelvis', -1, (-30, 125), (-15, 75), (-40, 40)),
        Segment(side + 'shin', side + 'thigh', 1, (0, 145), (0, 0), (0, 0)),
        Segment(side + 'foot', side + 'shin', -1, (-45, 30), (0, 0), (0, 0)),
    ]


SEGMENTS = tuple(
    [
        Segment('pelvis', '', 1, (-360, 360), (-360, 360), (0, 0)),
        Segment('abdomen', 'pelvis', 1, (-20, 50), (-20, 20), (-20, 20)),
        Segment('chest', 'abdomen', 1, (-15, 40), (-20, 20), (-30, 30)),
        Segment('head', 'chest', 1, (-40, 50), (-30, 30), (-70, 70)),
    ]
    + _limb('left_')
    + _limb('right_')
)

SEGMENT_INDEX = {s.name: i for i, s in enumerate(SEGMENTS)}

#: (S, 3, 2) lowest and highest flexion, abduction and twist, radians.
JOINT_LIMITS = np.radians([[s.flex, s.abduct, s.twist] for s in SEGMENTS]).astype(np.float64)

_SIGNS = np.array(
    [[s.flex_sign] + [-1 if s.name.startswith('right_') else 1] * 2 for s in SEGMENTS],
    dtype=np.float64,
)


class Body(NamedTuple):
    """One subject's proportions.

    Attributes:
        offsets: (S, 3) each segment's origin in its parent's frame, mm.
        keypoint_segments: (17,) the segment that carries each COCO joint.
        keypoint_offsets: (17, 3) the joint in that segment's frame, mm.
        lengths: segment lengths by name without its side, mm.
        girth: factor on all thicknesses.
    """

    offsets: np.ndarray
    keypoint_segments: np.ndarray
    keypoint_offsets: np.ndarray
    lengths: Dict[str, float]
    girth: float


def sample_body(rng: np.random.Generator) -> Body:
    """Draw a subject: stature about 1.5 to 1.9 m, limb ratios within 8 %."""
    stature = rng.uniform(0.9, 1.1)
    mean = dict(
        abdomen=160.0,
        chest=290.0,
        head=290.0,
        upper_arm=285.0,
        forearm=255.0,
        hand=180.0,
        thigh=425.0,
        shin=420.0,
        foot=250.0,
        shoulder=185.0,
        hip=95.0,
        ankle=80.0,
    )
    length = {k: float(v * stature * rng.uniform(0.92, 1.08)) for k, v in mean.items()}
    offsets = np.zeros((len(SEGMENTS), 3))

    def put(name, xyz):
        offsets[SEGMENT_INDEX[name]] = xyz

    put('abdomen', (0, 0, 60 * stature))
    put('chest', (0, 0, length['abdomen']))
    put('head', (0, 0, length['chest']))
    for side, sign in (('left_', 1), ('right_', -1)):
        put(side + 'upper_arm', (0, sign * length['shoulder'], length['chest'] - 30 * stature))
        put(side + 'forearm', (0, 0, -length['upper_arm']))
        put(side + 'hand', (0, 0, -length['forearm']))
        put(side + 'thigh', (0, sign * length['hip'], -20 * stature))
        put(side + 'shin', (0, 0, -length['thigh']))
        put(side + 'foot', (0, 0, -length['shin']))

    head = length['head']
    face = [('head', (0.345 * head, 0, 0.55 * head))]
    face += [('head', (0.295 * head, y * head, 0.68 * head)) for y in (0.115, -0.115)]
    face += [('head', (0, y * head, 0.61 * head)) for y in (0.265, -0.265)]
    limbs = [
        (side + part, (0, 0, 0))
        for part in ('upper_arm', 'forearm', 'hand', 'thigh', 'shin', 'foot')
        for side in ('left_', 'right_')
    ]
    keypoints = face + limbs
    return Body(
        offsets=offsets,
        keypoint_segments=np.array([SEGMENT_INDEX[s] for s, _ in keypoints]),
        keypoint_offsets=np.array([p for _, p in keypoints], np.float64),
        lengths=length,
        girth=float(rng.uniform(0.88, 1.18)),
    )


def axis_rotations(axis: int, angles: np.ndarray) -> np.ndarray:
    """Right-handed rotations about a coordinate axis: (...) radians to
    (..., 3, 3)."""
    i, j = (axis + 1) % 3, (axis + 2) % 3
    out = np.zeros(np.shape(angles) + (3, 3))
    out[..., axis, axis] = 1
    out[..., i, i] = out[..., j, j] = np.cos(angles)
    out[..., j, i] = np.sin(angles)
    out[..., i, j] = -out[..., j, i]
    return out


def forward_kinematics(
    body: Body, angles: np.ndarray, heading: np.ndarray
) -> Tuple[np.ndarray, np.ndarray]:
    """Place all segments with the pelvis at the world's origin.

    Args:
        body: The proportions.
        angles: (F, S, 3) flexion, abduction, twist in radians.
        heading: (F,) direction faced, radians about world z from +x.

    Returns:
        Segment orientations (F, S, 3, 3), body to world, and origins
        (F, S, 3) in mm.
    """
    signed = angles * _SIGNS
    local = (
        axis_rotations(1, signed[..., 0])
        @ axis_rotations(0, signed[..., 1])
        @ axis_rotations(2, signed[..., 2])
    )
    rotations, origins = np.empty_like(local), np.zeros(signed.shape)
    rotations[:, 0] = axis_rotations(2, heading) @ local[:, 0]
    for i, segment in enumerate(SEGMENTS[1:], 1):
        parent = SEGMENT_INDEX[segment.parent]
        rotations[:, i] = rotations[:, parent] @ local[:, i]
        origins[:, i] = origins[:, parent] + rotations[:, parent] @ body.offsets[i]
    return rotations, origins


def body_keypoints(body: Body, rotations: np.ndarray, origins: np.ndarray) -> np.ndarray:
    """The COCO joints (F, 17, 3) in mm of segments placed in the world."""
    index = body.keypoint_segments
    return origins[:, index] + np.einsum('fkij,kj->fki', rotations[:, index], body.keypoint_offsets)


# ---------------------------------------------------------------- motions

#: Share of each action among the sequences: two common ones and a tail.
ACTION_WEIGHTS = dict(
    standing=0.40, walking=0.32, sitting=0.09, reaching=0.08, crouching=0.06, acrobatics=0.05
)


class Motion(NamedTuple):
    """Angles (F, S, 3), heading (F,), height above the floor (F,) of the
    lowest point in mm, and the floor position (F, 2) of the joints' mean."""

    angles: np.ndarray
    heading: np.ndarray
    lift: np.ndarray
    path: np.ndarray


def sample_motion(rng: np.random.Generator, action: str, times: np.ndarray) -> Motion:
    """Draw a motion of one action, smooth in time and within the limits.

    Random key poses of the action follow each other about every 1.2 s, eased
    by a cosine; walking adds a gait, everything a slow sway.

    Args:
        rng: Source of randomness.
        action: A key of :data:`ACTION_WEIGHTS`.
        times: (F,) seconds, increasing from 0.
    """
    if action not in _KEY_POSES:
        raise ValueError(f'unknown action {action!r}; known: {", ".join(ACTION_WEIGHTS)}')
    times = np.asarray(times, np.float64)
    style = int(rng.integers(1 << 30))
    count = 2 + int(times[-1] / 1.2)
    poses = [_KEY_POSES[action](rng, np.random.default_rng(style), i) for i in range(count)]
    keys = np.stack([pose for pose, _ in poses])
    lifts = np.array([lift for _, lift in poses])
    where = times / max(times[-1], 1e-6) * (count - 1)
    left = np.minimum(where.astype(int), count - 2)
    ease = 0.5 - 0.5 * np.cos(np.pi * (where - left))
    angles = keys[left] + ease[:, None, None] * (keys[left + 1] - keys[left])
    lift = lifts[left] + ease * (lifts[left + 1] - lifts[left])

    # Towards the middle of the cameras' arc, more or less.
    heading = rng.normal(0, 0.6) + rng.normal(0, 0.25) * times + 0.15 * _sway(rng, times, ())
    if action == 'walking':
        angles = angles + _gait(rng, times)
        heading = heading + rng.normal(0, 0.25) * times
    angles = angles + np.radians(3.0) * _sway(rng, times, angles.shape[1:])
    angles = np.clip(angles, JOINT_LIMITS[..., 0], JOINT_LIMITS[..., 1])
    path = rng.uniform(-120, 120, 2) + 100 * _sway(rng, times, (2,))
    return Motion(angles, heading, lift, path)


def place_motion(body: Body, motion: Motion, lowest) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Stand a motion on the floor.

    Args:
        body: The proportions.
        motion: F frames.
        lowest: ``f(rotations, origins) -> (F,)``, the body's lowest z.

    Returns:
        Orientations (F, S, 3, 3), origins (F, S, 3), joints (F, 17, 3).
    """
    rotations, origins = forward_kinematics(body, motion.angles, motion.heading)
    joints = body_keypoints(body, rotations, origins)
    shift = np.concatenate(
        [
            motion.path - joints[..., :2].mean(1),
            (motion.lift - lowest(rotations, origins))[:, None],
        ],
        axis=1,
    )
    return rotations, origins + shift[:, None], joints + shift[:, None]


def _sway(rng, times, shape):
    """Slow random waves of about unit size, (F, *shape)."""
    frequency = rng.uniform(0.15, 0.6, shape)
    phase = rng.uniform(0, 2 * np.pi, shape)
    size = rng.uniform(0.3, 1.0, shape)
    grid = times.reshape((-1,) + (1,) * len(np.shape(frequency)))
    return size * np.sin(2 * np.pi * frequency * grid + phase)


def _pose(**degrees) -> np.ndarray:
    """A pose (S, 3) from ``name=(flex, abduct, twist)`` in degrees; ``arm``,
    ``forearm``, ... without a side set both."""
    pose = np.zeros((len(SEGMENTS), 3))
    for name, value in degrees.items():
        names = [name] if name in SEGMENT_INDEX else ['left_' + name, 'right_' + name]
        for n in names:
            value = tuple(np.atleast_1d(value))
            pose[SEGMENT_INDEX[n], : len(value)] = np.radians(value)
    return pose


def _set(pose: np.ndarray, name: str, *degrees) -> None:
    pose[SEGMENT_INDEX[name], : len(degrees)] = np.radians(degrees)


def _idle_arms(pose, rng, style) -> None:
    """Arms that hang, rest on the hips, are folded or gesture."""
    kind = style.choice(4, p=[0.45, 0.15, 0.15, 0.25])
    for side in ('left_', 'right_'):
        if kind == 0:
            arm = (rng.uniform(-15, 20), rng.uniform(5, 18), rng.uniform(-20, 30))
            elbow = rng.uniform(5, 35)
        elif kind == 1:
            arm, elbow = (
                (rng.uniform(-30, -10), rng.uniform(35, 50), rng.uniform(-70, -50)),
                rng.uniform(80, 105),
            )
        elif kind == 2:
            arm, elbow = (
                (rng.uniform(15, 35), rng.uniform(4, 12), rng.uniform(-65, -45)),
                rng.uniform(85, 110),
            )
        else:
            arm = (rng.uniform(0, 80), rng.uniform(5, 60), rng.uniform(-50, 50))
            elbow = rng.uniform(20, 120)
        _set(pose, side + 'upper_arm', *arm)
        _set(pose, side + 'forearm', elbow)
        _set(pose, side + 'hand', rng.uniform(-20, 40))
    _set(pose, 'head', rng.uniform(-15, 25), rng.uniform(-8, 8), rng.uniform(-45, 45))


def _standing(rng, style, _):
    pose = np.zeros((len(SEGMENTS), 3))
    weight = rng.uniform(-1, 1)
    for side, sign in (('left_', 1), ('right_', -1)):
        ease = max(0.0, sign * weight)
        _set(
            pose,
            side + 'thigh',
            rng.uniform(-5, 8) + 14 * ease,
            rng.uniform(1, 14),
            rng.uniform(-5, 20),
        )
        _set(pose, side + 'shin', rng.uniform(0, 8) + 25 * ease)
        _set(pose, side + 'foot', rng.uniform(-3, 5))
    _set(pose, 'abdomen', rng.uniform(-5, 8), 8 * weight, rng.uniform(-8, 8))
    _set(pose, 'chest', rng.uniform(-5, 10), -8 * weight, rng.uniform(-15, 15))
    _idle_arms(pose, rng, style)
    return pose, 0.0


def _walking(rng, style, _):
    pose = _pose(
        upper_arm=(0, rng.uniform(6, 14), 10),
        forearm=rng.uniform(12, 45),
        thigh=(5, rng.uniform(0, 4), rng.uniform(0, 10)),
        abdomen=4,
        chest=3,
    )
    _set(pose, 'head', rng.uniform(-10, 20), 0, rng.uniform(-40, 40))
    if style.random() < 0.25:
        side = ('left_', 'right_')[int(style.integers(2))]
        _set(pose, side + 'upper_arm', rng.uniform(30, 80), 15, -20)
        _set(pose, side + 'forearm', rng.uniform(60, 120))
    return pose, 0.0


def _gait(rng, times):
    """The periodic part of walking, (F, S, 3) radians."""
    phase = 2 * np.pi * rng.uniform(0.7, 1.0) * times + rng.uniform(0, 2 * np.pi)
    stride, swing = rng.uniform(22, 34), rng.uniform(12, 38)
    out = np.zeros((len(times), len(SEGMENTS), 3))
    for side, shift in (('left_', 0.0), ('right_', np.pi)):
        p = phase + shift
        put = {
            'thigh': stride * np.sin(p),
            'shin': 8 + 50 * np.clip(np.cos(p - 0.3), 0, None) ** 1.5,
            'foot': 10 * np.sin(p + 0.6) - 4,
            'upper_arm': -swing * np.sin(p),
            'forearm': 10 * np.clip(-np.sin(p), 0, None),
        }
        for name, value in put.items():
            out[:, SEGMENT_INDEX[side + name], 0] = np.radians(value)
    out[:, SEGMENT_INDEX['chest'], 2] = np.radians(-7 * np.sin(phase))
    out[:, SEGMENT_INDEX['abdomen'], 1] = np.radians(3 * np.cos(phase))
    return out


def _sitting(rng, style, _):
    lean = rng.uniform(-8, 30)
    pose = _pose(pelvis=rng.uniform(-15, 5), abdomen=lean, chest=lean * 0.4)
    cross = style.random() < 0.25
    for i, side in enumerate(('left_', 'right_')):
        high = 18 if cross and i else 0
        _set(
            pose,
            side + 'thigh',
            rng.uniform(75, 90) + high,
            -10 if cross and i else rng.uniform(2, 22),
            rng.uniform(-10, 15),
        )
        _set(pose, side + 'shin', rng.uniform(70, 100) - high)
        _set(pose, side + 'foot', rng.uniform(-10, 10))
    _idle_arms(pose, rng, style)
    if style.random() < 0.5:
        for side in ('left_', 'right_'):
            _set(pose, side + 'upper_arm', rng.uniform(20, 45), rng.uniform(5, 20), 0)
            _set(pose, side + 'forearm', rng.uniform(35, 70))
    return pose, 0.0


def _reaching(rng, style, index):
    pose, lift = _standing(rng, style, index)
    kind = style.integers(4)
    sides = [('left_',), ('right_',), ('left_', 'right_')][int(style.integers(3))]
    strength = 1.0 if index % 2 else rng.uniform(0.3, 1.0)
    for side in sides:
        sign = 1 if side == 'left_' else -1
        if kind == 0:  # up
            arm = (rng.uniform(130, 172), rng.uniform(0, 25), 0)
        elif kind == 1:  # forward
            arm = (rng.uniform(70, 110), rng.uniform(-10, 30), 0)
        elif kind == 2:  # to the side
            arm = (rng.uniform(-10, 30), rng.uniform(75, 130), 0)
            _set(pose, 'abdomen', 5, -14 * sign * strength, 0)
            _set(pose, 'chest', 5, -14 * sign * strength, 0)
        else:  # down to the floor
            arm = (rng.uniform(70, 110), rng.uniform(0, 20), 0)
        _set(pose, side + 'upper_arm', *(strength * np.array(arm)))
        _set(pose, side + 'forearm', rng.uniform(5, 40))
    if kind == 3:
        _set(pose, 'pelvis', 65 * strength)
        _set(pose, 'abdomen', 40 * strength)
        _set(pose, 'chest', 25 * strength)
        for side in ('left_', 'right_'):
            _set(pose, side + 'thigh', 65 * strength, rng.uniform(2, 12), 5)
            _set(pose, side + 'shin', rng.uniform(0, 25))
    return pose, lift


def _crouching(rng, style, _):
    deep = style.uniform(0.65, 1.0)
    lean = rng.uniform(10, 35)
    pose = _pose(pelvis=lean * 0.8, abdomen=lean, chest=lean * 0.6)
    kneel = style.random() < 0.3
    for i, side in enumerate(('left_', 'right_')):
        if kneel and i:
            _set(pose, side + 'thigh', rng.uniform(0, 25), 5, 0)
            _set(pose, side + 'shin', rng.uniform(95, 115))
            _set(pose, side + 'foot', -30)
        else:
            _set(
                pose,
                side + 'thigh',
                deep * rng.uniform(100, 125),
                rng.uniform(8, 35),
                rng.uniform(0, 20),
            )
            _set(pose, side + 'shin', deep * rng.uniform(115, 142))
            _set(pose, side + 'foot', deep * rng.uniform(15, 28))
    _idle_arms(pose, rng, style)
    for side in ('left_', 'right_'):
        _set(
            pose, side + 'upper_arm', rng.uniform(25, 95), rng.uniform(2, 25), rng.uniform(-20, 20)
        )
    return pose, 0.0


def _acrobatics(rng, style, index):
    kind = (_handstand, _cartwheel, _star_jump, _one_leg, _bridge)[style.integers(5)]
    return kind(rng.uniform, style, index)


def _handstand(u, style, index):
    pose = _pose(
        pelvis=(180 + u(-8, 8), u(-8, 8)),
        forearm=u(0, 8),
        upper_arm=(u(165, 175), u(2, 14)),
        head=u(-35, -15),
    )
    for side in ('left_', 'right_'):
        _set(pose, side + 'thigh', u(-25, 45), u(2, 35), 0)
        _set(pose, side + 'shin', u(0, 60))
        _set(pose, side + 'foot', u(-40, -20))
    return pose, 0.0


def _cartwheel(u, style, index):
    turn = style.choice([-1, 1])
    pose = _pose(
        pelvis=(0, turn * (60 * index + u(0, 30))),
        upper_arm=(u(0, 20), u(125, 160)),
        forearm=u(0, 15),
        thigh=(u(-5, 15), u(35, 60)),
        foot=u(-35, -15),
    )
    return pose, 0.0


def _star_jump(u, style, index):
    up = index % 2
    pose = _pose(
        upper_arm=(u(0, 20), 100 * up + u(10, 55)),
        thigh=(u(0, 15), 28 * up + u(2, 15)),
        shin=u(0, 30),
        forearm=u(0, 40),
        foot=u(-40, 0),
    )
    return pose, 220.0 * up


def _one_leg(u, style, index):
    """A kick to the front, or a balance leaning forward."""
    free, other = [('left_', 'right_'), ('right_', 'left_')][int(style.integers(2))]
    back = style.random() < 0.5
    pose = _pose(upper_arm=(u(-20, 60), u(40, 100)), forearm=u(5, 50))
    if back:
        _set(pose, 'pelvis', u(55, 80))
        _set(pose, other + 'thigh', u(55, 80), 3, 0)
        _set(pose, free + 'thigh', u(-25, -5), 5, 0)
    else:
        _set(pose, 'pelvis', u(-25, -5))
        _set(pose, other + 'thigh', u(-25, -5), 3, 0)
        _set(pose, free + 'thigh', u(80, 120), u(0, 30), 0)
    _set(pose, free + 'shin', u(0, 25))
    _set(pose, other + 'shin', u(0, 15))
    return pose, 0.0


def _bridge(u, style, index):
    """Hands and feet on the floor, belly up."""
    pose = _pose(
        pelvis=-95 + u(-10, 10),
        abdomen=-20,
        chest=-15,
        upper_arm=(u(130, 165), u(5, 20)),
        forearm=u(0, 25),
        thigh=(u(-10, 15), u(5, 20)),
        shin=u(70, 100),
        head=-35,
    )
    return pose, 0.0


_KEY_POSES = dict(
    standing=_standing,
    walking=_walking,
    sitting=_sitting,
    reaching=_reaching,
    crouching=_crouching,
    acrobatics=_acrobatics,
)


def plan_actions(
    count: int, rng: np.random.Generator, weights: Mapping[str, float] = ACTION_WEIGHTS
) -> Sequence[str]:
    """Actions of ``count`` sequences in random order, by their shares
    ``weights``; each action at least once if there is room."""
    names = list(weights)
    share = count * np.array([weights[n] for n in names])
    number = np.floor(share).astype(int)
    rest = np.argsort(-(share - number), kind='stable')
    number[rest[: count - number.sum()]] += 1
    while count >= len(names) and (number == 0).any():
        number[np.argmax(number)] -= 1
        number[np.argmin(number)] += 1
    actions = np.repeat(names, number)
    return [str(a) for a in rng.permutation(actions)]
