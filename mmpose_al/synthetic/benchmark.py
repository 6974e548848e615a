"""Writing the embedded benchmark to disk, once, in the multi-view format.

The unit of work is a sequence: one subject, one action, all cameras. It is a
pure function of (settings, split, number), so any number of processes, in any
order, interrupted and continued, writes the same bytes. A finished sequence
leaves a small JSON file in ``parts``; when all are there they are joined into
``train.json``, ``val.json`` and ``test.json``, and ``benchmark.json`` is
marked complete.
"""

import hashlib
import json
import multiprocessing
import os
import os.path as osp
import shutil
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import cv2
import numpy as np

from ..fileio import read_json, remove_leftovers, sha256, write_bytes, write_image
from ..processes import end_with_parent
from .body import (
    ACTION_WEIGHTS,
    COCO_SKELETON,
    KEYPOINT_NAMES,
    SEGMENT_INDEX,
    Body,
    place_motion,
    plan_actions,
    sample_body,
    sample_motion,
)
from .cameras import Camera, camera_ring, project
from .render import (
    Light,
    Parts,
    RenderedView,
    View,
    ViewContent,
    body_parts,
    clutter_background,
    clutter_occluder,
    join_parts,
    joint_visibility,
    lowest_point,
    make_view,
    move_parts,
    pose_parts,
    render_view,
    sample_appearance,
)

FORMAT_VERSION = 2
SPLITS = ('train', 'val', 'test')

#: COCO's ``area`` is that of the person's outline; its mean share of the box
#: over COCO's people is about 0.53, and evaluation tools assume the same.
AREA_PER_BOX = 0.53


class Split(NamedTuple):
    """How many subjects, sequences, and frames a sequence."""

    subjects: int
    sequences: int
    frames: int


#: What people do in a studio, shares of sequences.
STUDIO_ACTIONS = dict(standing=0.40, walking=0.32, sitting=0.14, reaching=0.14)

#: Image size (width, height), cameras, frames a second, and the splits; whether there
#: is clutter, and the actions' shares if they are not ``ACTION_WEIGHTS``.
PRESETS: Dict[str, Dict[str, Any]] = dict(
    tiny=dict(
        image_size=(96, 96),
        num_cameras=4,
        fps=5.0,
        train=Split(2, 2, 2),
        val=Split(1, 1, 2),
        test=Split(1, 1, 2),
    ),
    small=dict(
        image_size=(160, 160),
        num_cameras=8,
        fps=5.0,
        train=Split(16, 63, 6),
        val=Split(5, 10, 5),
        test=Split(5, 10, 5),
    ),
    studio=dict(
        image_size=(160, 160),
        num_cameras=8,
        fps=5.0,
        train=Split(16, 63, 6),
        val=Split(5, 10, 5),
        test=Split(5, 10, 5),
        clutter=False,
        actions=STUDIO_ACTIONS,
    ),
    people=dict(
        image_size=(160, 160),
        num_cameras=8,
        fps=2.0,
        train=Split(60, 250, 3),
        val=Split(4, 4, 1),
        test=Split(4, 4, 1),
        clutter=False,
        actions=STUDIO_ACTIONS,
    ),
    full=dict(
        image_size=(256, 256),
        num_cameras=8,
        fps=10.0,
        train=Split(40, 200, 25),
        val=Split(10, 20, 25),
        test=Split(10, 20, 25),
    ),
)


def write_benchmark(
    out_dir: str,
    preset: str = 'small',
    seed: int = 0,
    num_cameras: Optional[int] = None,
    workers: Optional[int] = None,
    progress: bool = True,
) -> Dict[str, Any]:
    """Write the synthetic benchmark, or what is missing of it.

    ``out_dir`` gets ``train.json``, ``val.json``, ``test.json`` (file names in
    them are relative to ``out_dir/images``), ``images/`` and
    ``benchmark.json`` with the settings, sizes and a digest of every byte.
    Coordinates are pixels (pixel centres at integers) and millimetres. The
    same settings give the same bytes with the same versions of NumPy and
    OpenCV, whatever the number of workers.

    Args:
        out_dir: A new folder, or one that an earlier call has (partly)
            written.
        preset: A key of :data:`PRESETS`.
        seed: Not negative. Subjects, motions, clutter and cameras follow it.
        num_cameras: 2 to 31; the preset's number if None.
        workers: Processes; as many as there are cores if None.
        progress: Print a line with the remaining time to stderr.

    Returns:
        The content of ``benchmark.json``.

    Raises:
        ValueError: A bad argument, or ``out_dir`` holds other data or the
            benchmark with other settings.
    """
    settings = _settings(preset, seed, num_cameras)
    done = _start_or_recognise(out_dir, settings)
    if done is not None:
        return done
    if workers is None:
        workers = (
            len(os.sched_getaffinity(0))
            if hasattr(os, 'sched_getaffinity')
            else os.cpu_count() or 1
        )
    if workers < 1:
        raise ValueError(f'workers is {workers}; it must be at least 1')
    jobs = [
        (out_dir, settings, split, number)
        for split in SPLITS
        for number in range(PRESETS[preset][split].sequences)
    ]
    missing = [job for job in jobs if not _sequence_finished(*job)]
    _run(missing, workers, progress)
    return _join(out_dir, settings, jobs)


def _settings(preset: str, seed: int, num_cameras: Optional[int]) -> Dict[str, Any]:
    if preset not in PRESETS:
        raise ValueError(f'preset is {preset!r}; choose one of {", ".join(PRESETS)}')
    if not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f'seed is {seed!r}; it must be an integer >= 0')
    cameras = PRESETS[preset]['num_cameras'] if num_cameras is None else int(num_cameras)
    if not 2 <= cameras <= 31:
        raise ValueError(f'num_cameras is {num_cameras}; choose 2 to 31')
    return dict(
        format='mmpose_al-synthetic',
        version=FORMAT_VERSION,
        preset=preset,
        seed=int(seed),
        num_cameras=cameras,
    )


def _start_or_recognise(out_dir: str, settings: Dict[str, Any]) -> Optional[Dict[str, Any]]:
    """The content of benchmark.json if all is there; else prepare to write."""
    path = osp.join(out_dir, 'benchmark.json')
    remove_leftovers(out_dir)
    if osp.isfile(path):
        try:
            found = read_json(path)
            old = {k: found.get(k) for k in settings}
        except (ValueError, AttributeError):
            raise ValueError(
                f'{path} is not readable JSON; delete the folder and write the benchmark again'
            ) from None
        if old != settings:
            wrong = ', '.join(
                f'{k} is {old[k]!r}, asked for {settings[k]!r}'
                for k in settings
                if old[k] != settings[k]
            )
            raise ValueError(
                f'{out_dir} holds a benchmark with other '
                f'settings ({wrong}); choose another folder or '
                'delete this one'
            )
        if found.get('complete') and _all_there(out_dir, found):
            return found
    elif osp.isdir(out_dir) and os.listdir(out_dir):
        raise ValueError(
            f'{out_dir} is not empty and has no benchmark.json; '
            'choose another folder or delete this one'
        )
    write_bytes(path, _compact(dict(settings, complete=False)))
    os.makedirs(osp.join(out_dir, 'parts'), exist_ok=True)
    return None


def _all_there(out_dir: str, found: Dict[str, Any]) -> bool:
    """Whether every file exists with its size (images: with their number)."""
    for split in SPLITS:
        path = osp.join(out_dir, split + '.json')
        entry = found['splits'][split]
        if not osp.isfile(path) or osp.getsize(path) != entry['json_bytes']:
            return False
        folder = osp.join(out_dir, 'images', split)
        count = size = 0
        for root, _, _ in os.walk(folder):
            with os.scandir(root) as entries:
                for e in entries:
                    if e.name.endswith('.jpg'):
                        count += 1
                        size += e.stat().st_size
        if count != entry['images'] or size != entry['image_bytes']:
            return False
    return True


def _part_path(out_dir: str, split: str, number: int) -> str:
    return osp.join(out_dir, 'parts', f'{split}_{number:04d}.json')


def _sequence_finished(out_dir: str, settings: Dict[str, Any], split: str, number: int) -> bool:
    try:
        part = read_json(_part_path(out_dir, split, number))
        return all(
            osp.getsize(osp.join(out_dir, 'images', name)) == size
            for name, size, _ in part['files']
        )
    except (OSError, ValueError, KeyError):
        return False


def _run(jobs: List[Tuple], workers: int, progress: bool) -> None:
    start, count = time.monotonic(), len(jobs)

    def report(finished):
        if progress and count:
            left = (time.monotonic() - start) / finished * (count - finished)
            tty = sys.stderr.isatty()
            if tty or finished == count or finished % max(1, count // 10) == 0:
                print(
                    f'{chr(13) if tty else ""}synthetic benchmark: sequence '
                    f'{finished}/{count}, {left:.0f} s left ',
                    end='' if tty and finished < count else '\n',
                    file=sys.stderr,
                    flush=True,
                )

    if min(workers, count) <= 1:
        for i, job in enumerate(jobs, 1):
            write_sequence(*job)
            report(i)
        return
    # A forked worker need not import the package again, which takes seconds.
    fork = 'fork' in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context('fork' if fork else 'spawn')
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker) as pool:
        futures = [pool.submit(write_sequence, *job) for job in jobs]
        try:
            for i, future in enumerate(as_completed(futures), 1):
                future.result()
                report(i)
        except BaseException:
            for future in futures:
                future.cancel()
            raise


def _start_worker() -> None:
    """A worker computes in one thread, and ends with the process that started it."""
    cv2.setNumThreads(0)
    end_with_parent()


# --------------------------------------------------------------- a sequence


class Scene(NamedTuple):
    """What a sequence's views share: see :func:`make_scene`."""

    body: Body
    posed: List[Parts]
    furniture: Optional[Parts]
    other: Parts
    keypoints: np.ndarray
    light: np.ndarray
    action: str
    subject: str


def benchmark_cameras(preset: str, seed: int, num_cameras: int) -> List[Camera]:
    """The rig, the same for all splits."""
    rng = np.random.default_rng([seed, 3])
    return camera_ring(rng, num_cameras, PRESETS[preset]['image_size'])


def make_scene(settings: Dict[str, Any], split: str, number: int) -> Scene:
    """A subject with clothes, its motion on the floor, a seat if it sits, the
    parts of another person, and the light's direction in the world."""
    preset, seed = PRESETS[settings['preset']], settings['seed']
    plan, which = preset[split], SPLITS.index(split)
    action = plan_actions(
        plan.sequences,
        np.random.default_rng([seed, which, 1]),
        preset.get('actions', ACTION_WEIGHTS),
    )[number]
    subject = number % plan.subjects
    body = sample_body(np.random.default_rng([seed, which, 2, subject]))
    rng = np.random.default_rng([seed, which, 0, number])
    parts = body_parts(body, sample_appearance(rng))
    motion = sample_motion(rng, action, np.arange(plan.frames) / preset['fps'])
    rotations, origins, keypoints = place_motion(
        body, motion, lambda R, o: lowest_point(parts, R, o)
    )
    furniture = None
    if action == 'sitting':
        furniture = _stool(rng, origins[:, SEGMENT_INDEX['pelvis']].mean(0))
    other = body_parts(sample_body(rng), sample_appearance(rng))
    light = rng.normal(0, 1, 3)
    light[2] = abs(light[2]) + 0.6
    posed = [pose_parts(parts, R, o) for R, o in zip(rotations, origins)]
    return Scene(
        body,
        posed,
        furniture,
        other,
        keypoints,
        light / np.linalg.norm(light),
        action,
        f'{split}_{subject:02d}',
    )


def write_sequence(out_dir: str, settings: Dict[str, Any], split: str, number: int) -> None:
    """Render all views of a sequence and write its part file last."""
    cv2.setNumThreads(0)
    preset, seed = PRESETS[settings['preset']], settings['seed']
    which, plan = SPLITS.index(split), preset[split]
    scene = make_scene(settings, split, number)
    views = _views(settings)
    sequence = f'{split}_{number:04d}'
    name = f'{split}/{sequence}/' + '{:04d}_{:02d}.jpg'
    os.makedirs(osp.join(out_dir, 'images', split, sequence), exist_ok=True)
    part: Dict[str, list] = dict(frames=[], images=[], annotations=[], poses_3d=[], files=[])
    for c, view in enumerate(views):
        fixed = np.random.default_rng([seed, which, 4, number, c])
        contents = view_contents(scene, view, fixed, preset.get('clutter', True))
        for f, content in enumerate(contents):
            rng = np.random.default_rng([seed, which, 5, number, c, f])
            rendered = render_view(content, view, rng)
            joints = scene.keypoints[f]
            file_name = name.format(f, c)
            data = cv2.imencode('.jpg', rendered.image, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()
            with open(osp.join(out_dir, 'images', file_name), 'wb') as out:
                out.write(data)
            part['files'].append([file_name, len(data), sha256(data)])
            part['images'].append(
                dict(
                    file_name=file_name,
                    width=view.camera.width,
                    height=view.camera.height,
                    frame=f,
                    camera_id=c,
                )
            )
            part['annotations'].append(annotation(joints, view.camera, rendered))
    for f in range(plan.frames):
        part['frames'].append(
            dict(
                sequence=sequence,
                index=f,
                time=round(f / preset['fps'], 6),
                subject=scene.subject,
                action=scene.action,
            )
        )
        part['poses_3d'].append([[round(float(v), 3) for v in p] + [1] for p in scene.keypoints[f]])
    write_bytes(_part_path(out_dir, split, number), _compact(part))


def view_contents(
    scene: Scene, view: View, rng: np.random.Generator, clutter: bool = True
) -> List[ViewContent]:
    """What one camera sees in each frame: its own clutter, occluder and light
    colour, which stay, and another person's limb, which moves. Without clutter
    a soft wall is all there is beside the subject."""
    camera = view.camera
    width, height = camera.width, camera.height
    background = clutter_background(rng, width, height)
    if not clutter:
        background = cv2.GaussianBlur(background, (0, 0), 0.075 * min(width, height))
    chance = 0.35 if clutter else 0.0
    occluder = clutter_occluder(rng, width, height) if rng.random() < chance else None
    light = Light(camera.R @ scene.light, rng.uniform(0.85, 1.15, 3), rng.uniform(0.3, 0.7))
    frames = len(scene.keypoints)
    limbs = (
        _foreign_limb(rng, scene.other, camera, frames)
        if rng.random() < chance
        else [None] * frames
    )
    scale = min(width, height) / 160
    # A sharp picture would show the renderer's jagged edges.
    blur = scale * (rng.uniform(0.45, 0.9) if rng.random() < 0.8 else rng.uniform(0.9, 1.6))
    noise, gain = rng.uniform(1, 8), rng.uniform(0.75, 1.2)
    contents = []
    for f in range(frames):
        person = _seen(scene.posed[f], camera)
        others = [
            p
            for p in (limbs[f], scene.furniture and _seen(scene.furniture, camera))
            if p is not None
        ]
        contents.append(
            ViewContent(
                person=person,
                others=join_parts(*others) if others else None,
                background=background,
                occluder=occluder,
                light=light,
                shadow=_shadow_outline(scene.keypoints[f], camera),
                blur=blur,
                noise=noise,
                gain=gain * rng.uniform(0.97, 1.03),
            )
        )
    return contents


def annotation(joints: np.ndarray, camera: Camera, rendered: RenderedView) -> Dict[str, Any]:
    """The COCO fields of a view; joints (17, 3) in mm, world.

    The box is that of the subject's silhouette inside the picture, hidden
    parts included, and of its joints there.
    """
    pixels = project(joints, camera)
    depths = joints @ camera.R[2] + camera.t[2]
    visible = joint_visibility(pixels, depths, rendered)
    ys, xs = (np.flatnonzero(rendered.silhouette.any(a)) for a in (1, 0))
    inside = pixels[visible > 0]
    x = np.concatenate([xs[[0, -1]] if len(xs) else [], inside[:, 0]])
    y = np.concatenate([ys[[0, -1]] if len(ys) else [], inside[:, 1]])
    if not len(x):
        raise RuntimeError('the subject is outside the picture')
    x0, x1 = max(0.0, x.min() - 0.5), min(camera.width - 1.0, x.max() + 0.5)
    y0, y1 = max(0.0, y.min() - 0.5), min(camera.height - 1.0, y.max() + 0.5)
    bbox = [round(float(v), 2) for v in (x0, y0, x1 - x0, y1 - y0)]
    keypoints: List[float] = []
    for (u, v), flag in zip(pixels.tolist(), visible.tolist()):
        keypoints += [round(u, 3), round(v, 3), flag] if flag else [0, 0, 0]
    return dict(
        bbox=bbox,
        area=round(AREA_PER_BOX * bbox[2] * bbox[3], 2),
        iscrowd=0,
        num_keypoints=int((visible > 0).sum()),
        keypoints=keypoints,
    )


_VIEWS: Dict[Tuple, List[View]] = {}


def _views(settings: Dict[str, Any]) -> List[View]:
    """The rig's views, kept per process: their rays are solved once."""
    key = (settings['preset'], settings['seed'], settings['num_cameras'])
    if key not in _VIEWS:
        _VIEWS.clear()
        _VIEWS[key] = [make_view(c) for c in benchmark_cameras(*key)]
    return _VIEWS[key]


def _seen(parts: Parts, camera: Camera) -> Parts:
    return move_parts(parts, camera.R, camera.t)


def _shadow_outline(joints: np.ndarray, camera: Camera) -> np.ndarray:
    """A circle on the floor under the joints, (24, 2) in pixels."""
    turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    radius = 0.35 * np.ptp(joints[:, :2], axis=0).max() + 120
    circle = np.zeros((24, 3))
    circle[:, 0] = joints[:, 0].mean() + radius * np.cos(turn)
    circle[:, 1] = joints[:, 1].mean() + radius * np.sin(turn)
    return project(circle, camera)


def _stool(rng: np.random.Generator, pelvis: np.ndarray) -> Parts:
    """A round seat and its foot under the pelvis, world space."""
    top = max(pelvis[2] - 125.0, 60.0)
    colour = rng.uniform(0.1, 0.8, 3)
    return Parts(
        M=np.stack([np.diag([190.0, 190.0, 35.0]), np.diag([1.0, 1.0, top])]),
        o=np.array([[pelvis[0], pelvis[1], top], [pelvis[0], pelvis[1], 0]]),
        r0=np.array([1.0, 90.0]),
        k=np.array([0.0, -40.0]),
        frustum=np.array([False, True]),
        segment=np.array([-1, -1]),
        colour=np.stack([colour, 0.7 * colour]),
        texture=np.array([[5, 0.4, 0.2, 0]] * 2, np.float64),
    )


def _foreign_limb(
    rng: np.random.Generator, other: Parts, camera: Camera, frames: int
) -> List[Parts]:
    """Another person's arm or leg that reaches into the picture from its
    side, before or behind the subject, in each frame; camera space."""
    side = 'left_' if rng.random() < 0.5 else 'right_'
    names = ('upper_arm', 'forearm', 'hand') if rng.random() < 0.6 else ('thigh', 'shin', 'foot')
    index = [SEGMENT_INDEX[side + n] for n in names]
    chosen = np.isin(other.segment, index)
    limb = Parts(*(field[chosen] for field in other))
    depth = np.linalg.norm(camera.t) + rng.uniform(-900, 500)
    edge = 1 if rng.random() < 0.5 else -1
    # Half the picture's width at that depth, mm.
    reach = 0.5 * camera.width / camera.K[0, 0] * depth
    start = np.array([edge * reach * rng.uniform(0.75, 1.1), rng.uniform(-0.5, 0.5) * reach, depth])
    swing = rng.uniform(0.05, 0.3) * np.sin(
        rng.uniform(0.2, 0.6) * np.arange(frames) + rng.uniform(0, 6)
    )
    lean = rng.uniform(20, 130) * np.pi / 180
    bend = rng.uniform(0, 1.2) * rng.choice([-1, 1])
    lengths = {n: float(-limb.o[limb.segment == i][:, 2].min()) for n, i in zip(names, index)}
    out = []
    for f in range(frames):
        # In the image plane: hanging parts point along -z, so z goes up
        # the picture and the limb turns towards the centre.
        rotations = np.tile(np.eye(3), (max(index) + 1, 1, 1))
        origins = np.zeros((max(index) + 1, 3))
        at, angle = start, edge * (lean + swing[f])
        for n, i in zip(names, index):
            rotations[i] = _image_plane_turn(angle)
            origins[i] = at
            at = at - rotations[i][:, 2] * lengths[n]
            angle = angle - edge * bend if n in ('upper_arm', 'thigh') else (angle)
        out.append(pose_parts(limb, rotations, origins)._replace(segment=np.full(len(limb.r0), -1)))
    return out


def _image_plane_turn(angle: float) -> np.ndarray:
    """Limb frame to camera: z up the picture, x to its right, then turned by
    the angle (radians, clockwise as seen)."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0, s], [s, 0, -c], [0, 1, 0]], np.float64)


# ------------------------------------------------------------ whole splits


def _join(out_dir: str, settings: Dict[str, Any], jobs: List[Tuple]) -> Dict[str, Any]:
    """Join the part files into the splits' files and mark it complete."""
    cameras = [
        _camera_entry(i, c)
        for i, c in enumerate(
            benchmark_cameras(settings['preset'], settings['seed'], settings['num_cameras'])
        )
    ]
    digest, summary = hashlib.sha256(), {}
    for split in SPLITS:
        coco, files = _join_split(
            out_dir, settings, split, cameras, [job[3] for job in jobs if job[2] == split]
        )
        data = _compact(coco)
        write_bytes(osp.join(out_dir, split + '.json'), data)
        for name, _, sha in files:
            digest.update(f'{name} {sha}\n'.encode())
        digest.update(sha256(data).encode())
        plan = PRESETS[settings['preset']][split]
        summary[split] = dict(
            frames=len(coco['frames']),
            images=len(coco['images']),
            subjects=min(plan.subjects, plan.sequences),
            sequences=plan.sequences,
            json_bytes=len(data),
            image_bytes=sum(size for _, size, _ in files),
        )
    result = dict(
        settings,
        complete=True,
        splits=summary,
        image_size=list(PRESETS[settings['preset']]['image_size']),
        digest=digest.hexdigest(),
    )
    write_bytes(osp.join(out_dir, 'benchmark.json'), _compact(result))
    shutil.rmtree(osp.join(out_dir, 'parts'), ignore_errors=True)
    return result


def _join_split(out_dir, settings, split, cameras, numbers):
    """One split's COCO content and its files, ids running from 1 (cameras:
    from 0), images ordered by frame, then by camera."""
    info = dict(
        format='mmpose_al-multiview',
        version=1,
        world_unit='mm',
        description='Synthetic benchmark of mmpose_al: rendered people',
        image_folder='images',
        preset=settings['preset'],
        seed=settings['seed'],
        split=split,
    )
    category = dict(
        id=1,
        name='person',
        supercategory='person',
        keypoints=list(KEYPOINT_NAMES),
        skeleton=[list(link) for link in COCO_SKELETON],
    )
    coco = dict(
        info=info,
        cameras=cameras,
        frames=[],
        images=[],
        annotations=[],
        poses_3d=[],
        categories=[category],
    )
    files = []
    for number in numbers:
        part = read_json(_part_path(out_dir, split, number))
        files += part['files']
        first = len(coco['frames']) + 1
        for i, (frame, pose) in enumerate(zip(part['frames'], part['poses_3d'])):
            coco['frames'].append(dict(id=first + i, **frame))
            coco['poses_3d'].append(dict(frame_id=first + i, person_id=0, keypoints_3d=pose))
        order = sorted(
            range(len(part['images'])),
            key=lambda i: (part['images'][i]['frame'], part['images'][i]['camera_id']),
        )
        for i in order:
            image = dict(part['images'][i])
            key = len(coco['images']) + 1
            image = dict(id=key, frame_id=first + image.pop('frame'), **image)
            coco['images'].append(image)
            coco['annotations'].append(
                dict(id=key, image_id=key, category_id=1, person_id=0, **part['annotations'][i])
            )
    return coco, files


def _camera_entry(number: int, camera: Camera) -> Dict[str, Any]:
    # The last bits differ between NumPy's versions; a micrometre is enough.
    K, dist, R, t = (np.round(a, 10).tolist() for a in (camera.K, camera.dist, camera.R, camera.t))
    return dict(
        id=number,
        name=f'camera{number:02d}',
        width=camera.width,
        height=camera.height,
        K=K,
        dist=dist,
        R=R,
        t=t,
    )


def _compact(content: Any) -> bytes:
    """JSON whose bytes, which the digest stands for, do not change with the writer."""
    return json.dumps(content, separators=(',', ':'), allow_nan=False).encode()


# ------------------------------------------------------------------ looking


def contact_sheet(
    out_dir: str, path: str, split: str = 'train', rows: int = 8, columns: int = 8
) -> None:
    """Write a sheet of a split's pictures: a row is a frame spread over the
    split, its views from left to right; every second row with its skeleton
    (left red, right green, hidden joints as rings)."""
    coco = read_json(osp.join(out_dir, split + '.json'))
    cameras = len(coco['cameras'])
    frames = np.unique(np.linspace(0, len(coco['frames']) - 1, rows).astype(int))
    sheet = []
    for row, frame in enumerate(frames):
        line = []
        for i in range(frame * cameras, frame * cameras + min(cameras, columns)):
            image = cv2.imread(osp.join(out_dir, 'images', coco['images'][i]['file_name']))
            if row % 2:
                draw_skeleton(image, coco['annotations'][i]['keypoints'])
            line.append(image)
        sheet.append(np.hstack(line))
    write_image(path, np.vstack(sheet))


def draw_skeleton(image: np.ndarray, keypoints: List[float]) -> None:
    points = np.array(keypoints, np.float64).reshape(-1, 3)
    pixel = [tuple(int(v) for v in np.round(p[:2])) for p in points]
    tone = [
        (0, 0, 255)
        if n.startswith('left')
        else (0, 220, 0)
        if n.startswith('right')
        else (255, 200, 0)
        for n in KEYPOINT_NAMES
    ]
    for a, b in COCO_SKELETON:
        if points[a - 1, 2] and points[b - 1, 2]:
            same = tone[a - 1] == tone[b - 1]
            cv2.line(image, pixel[a - 1], pixel[b - 1], tone[a - 1] if same else (255, 200, 0), 1)
    for p, v, colour in zip(pixel, points[:, 2], tone):
        if v:
            cv2.circle(image, p, 2, colour, -1 if v == 2 else 1)
