"""Small material in the form of other tools, written here."""

import json
import os.path as osp

import cv2
import numpy as np
import pytest

SHARED = osp.abspath(osp.join(osp.dirname(__file__), '..', '..', '..', 'shared', 'data'))


def real(name):
    """A folder of real material, or a skip."""
    path = osp.join(SHARED, name)
    if not osp.isdir(path):
        pytest.skip(f'../shared/data/{name} is absent')
    return path


def picture(path, size=(64, 48), value=90):
    """An image file with a mark of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((size[1], size[0], 3), value, np.uint8)
    pixels[4:9, value % 40 : value % 40 + 6] = 255
    assert cv2.imwrite(str(path), pixels)
    return path


def video(path, frames=12, size=(64, 48), fps=10):
    """An AVI whose frames get brighter."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), fps, size)
    if not writer.isOpened():
        pytest.skip('this OpenCV writes no AVI videos')
    for number in range(frames):
        writer.write(np.full((size[1], size[0], 3), 20 * number % 256, np.uint8))
    writer.release()
    return path


JOINTS = ['snout', 'leftear', 'rightear']
ROWS = {
    'img003.png': [(10.5, 20.25), (12.125, 22.0), None],
    'img007.png': [(30.1, 20.2), (33.3, 21.7), (1 / 3, 2.5)],
}
CONFIG = """
Task: test
scorer: Ann
multianimalproject: false
bodyparts: [snout, leftear, rightear]
skeleton:
- [snout, leftear]
video_sets:
  /nowhere/walk.avi: {crop: 0, 64, 0, 48}
""".replace('{crop: 0, 64, 0, 48}', "{crop: '0, 64, 0, 48'}")


def deeplabcut(folder, rows=ROWS, columns=1, with_video=False, joints=JOINTS, recording='walk'):
    """A project with a labelled folder; another call adds one."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'config.yaml').write_text(CONFIG)
    home = folder / 'labeled-data' / recording
    for name in rows:
        picture(home / name)
    lead = [''] * (columns - 1)
    lines = [
        ['scorer', *lead, *['Ann'] * 2 * len(joints)],
        ['bodyparts', *lead, *[name for name in joints for _ in 'xy']],
        ['coords', *lead, *['x', 'y'] * len(joints)],
    ]
    for name, points in rows.items():
        path = ['labeled-data', recording, name]
        values = [repr(v) if p else '' for p in points for v in (p or ('', ''))]
        lines.append([*(path if columns == 3 else ['/'.join(path)]), *values])
    text = '\n'.join(','.join(line) for line in lines) + '\n'
    (home / 'CollectedData_Ann.csv').write_text(text)
    if with_video:
        video(folder / 'videos' / f'{recording}.avi')
    return folder


def coco(path, keypoints=True, images='images'):
    """A COCO file of three images, the last without labels, and its images."""
    for number in range(3):
        picture(path.parent / images / f'{number}.png', value=60 + number)
    annotations = []
    for number in range(3):
        entry = dict(
            id=10 + number, image_id=number, category_id=7, bbox=[5.5, 4.25, 30.0, 40.0], iscrowd=0
        )
        entry['area'] = 1200.0
        if keypoints and number < 2:
            entry['keypoints'] = [10.123456789, 20 / 3, 2, 12.5, 21.5, 1, 0, 0, 0]
            entry['num_keypoints'] = 2
        annotations.append(entry)
    category = dict(id=7, name='mouse', keypoints=JOINTS, skeleton=[[1, 2], [1, 3]])
    content = dict(
        images=[dict(id=n, file_name=f'{n}.png', width=64, height=48) for n in range(3)],
        annotations=annotations,
        categories=[category],
    )
    path.write_text(json.dumps(content))
    return path


def calibration(path, names, size=(64, 48), distance=2.0, turned=0.0):
    """An Anipose TOML of cameras that look at the origin from around, in metres."""
    blocks = []
    for number, name in enumerate(names):
        turn = cv2.Rodrigues(np.array([0, 0.5 * number, 0]))[0]
        turn = turn @ cv2.Rodrigues(np.array([np.radians(turned), 0, 0]))[0]  # of the world
        vector = cv2.Rodrigues(turn)[0].ravel().tolist()
        blocks.append(
            f'[cam_{number}]\nname = "{name}"\nsize = {list(size)}\n'
            f'matrix = [[60.0, 0.0, {size[0] / 2}], [0.0, 60.0, {size[1] / 2}], [0.0, 0.0, 1.0]]\n'
            f'distortions = [0.0, 0.0, 0.0, 0.0, 0.0]\nrotation = {vector}\n'
            f'translation = [0.0, 0.0, {distance}]\n'
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('\n'.join(blocks))
    return path


def rig(folder, names='ab', calibrated='ab', size=(64, 48), distance=2.0, turned=0.0):
    """A recording of several views, with a calibration beside it."""
    for name in names:
        video(folder / 'videos' / f'{name}.avi')
    calibration(folder / 'calibration' / 'calib.toml', calibrated, size, distance, turned)
    return str(folder)
