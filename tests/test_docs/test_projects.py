"""The transcripts of docs/projects.md, on real material, with short trainings."""

import json
import os
import os.path as osp

import cv2
import numpy as np
import pytest

from tests.test_docs.commands import Clone, marked
from tests.test_docs.pages import ROOT

DATA = osp.join(ROOT, '..', 'shared', 'data')
PAGE = 'docs/projects.md'
KEYPOINTS = osp.join(DATA, 'multiview', 'pose2sim_singleperson.npz')
FEW = '--cfg-options train_dataloader.num_workers=0 train_dataloader.persistent_workers=False'
# What people would write into the query: keypoints of a detector for these very frames.
ANSWER = f"""
import json
import numpy as np
pool = json.load(open('walk/pool.json'))
query = json.load(open('walk/work_dirs/experiment/query/round_00/coco_keypoints.json'))
known = np.load({KEYPOINTS!r})
frames = {{f['id']: f['index'] for f in pool['frames']}}
images = {{i['id']: i for i in pool['images']}}
for entry in query['annotations']:
    image = images[entry['image_id']]
    points = known['kpts_openpose'][frames[image['frame_id']], image['camera_id'] - 1]
    inside = np.isfinite(points).all(1) & (points > 0).all(1) & (points < [1079, 1919]).all(1)
    rows = np.where(inside[:, None], np.c_[np.nan_to_num(points), np.full(17, 2)], 0)
    entry['keypoints'], entry['num_keypoints'] = rows.ravel().tolist(), int(inside.sum())
json.dump(query, open('answers.json', 'w'))
"""


def cut(source, target, frames=12):
    """The first frames of a video, as another one."""
    capture = cv2.VideoCapture(source)
    writer = None
    for _ in range(frames):
        picture = capture.read()[1]
        if writer is None:
            code = cv2.VideoWriter_fourcc(*'mp4v')
            writer = cv2.VideoWriter(target, code, 25, picture.shape[1::-1])
        writer.write(picture)
    writer.release()


@pytest.fixture(scope='module')
def clone():
    for name in ('dlc_openfield', 'rig_pose2sim'):
        if not osp.isdir(osp.join(DATA, name)):
            pytest.skip(f'../shared/data/{name} is absent')
    made = Clone()
    mouse, rig = (osp.join(made.folder, name) for name in ('openfield-Pranav-2018-10-30', 'rig'))
    for folder in (mouse, rig):
        os.makedirs(osp.join(folder, 'videos'))
    for name in ('config.yaml', 'labeled-data'):
        os.symlink(osp.realpath(osp.join(DATA, 'dlc_openfield', name)), osp.join(mouse, name))
    calibration = osp.realpath(osp.join(DATA, 'rig_pose2sim', 'calibration'))
    os.symlink(calibration, osp.join(rig, 'calibration'))
    film = osp.join(DATA, 'dlc_openfield', 'videos', 'm3v1mp4.mp4')
    for target in (osp.join(mouse, 'videos', 'm3v1mp4.mp4'), 'walk.mp4', 'run.mp4'):
        cut(film, osp.join(made.folder, target))
    for number in range(1, 5):
        name = osp.join('videos', f'cam{number:02d}.mp4')
        cut(osp.join(DATA, 'rig_pose2sim', name), osp.join(rig, name))
    with open(osp.join(made.folder, 'answer.py'), 'w') as file:
        file.write(ANSWER)
    yield made
    made.close()


def transcript(number):
    """The commands of a block, with few frames; the server makes trainings short."""
    text = [entry for entry in marked(PAGE) if entry.kind == 'test'][number].text
    lines = []
    for line in text.replace('\\\n', ' ').splitlines():
        command = line.partition('  #')[0].rstrip()
        if command.startswith('mmpose-al new'):
            command += ' --frames 6'
        if 'experiment.py' in command:
            command += f' {FEW} || [ $? = 3 ]'
        elif ' train ' in command:
            command += f' {FEW}'
        lines.append('python answer.py' if line.startswith('# ...') else command)
    return '\n'.join(lines)


def run(clone, number):
    text = transcript(number)
    status, output = clone.run('bash', text)
    assert status == 0, f'{text}\n{output[-3000:]}'
    return output


def test_a_deeplabcut_project_to_predictions_and_back(clone):
    output = run(clone, 0)
    assert 'left = right: leftear = rightear' in output
    with open(osp.join(clone.folder, 'mouse', 'project.json')) as file:
        assert json.load(file)['kind'] == 'deeplabcut'
    name = 'labeled-data/m4s1/CollectedData_Pranav.csv'
    with open(osp.join(clone.folder, 'openfield-Pranav-2018-10-30', name)) as file:
        before = file.read().splitlines()
    with open(osp.join(clone.folder, 'labels', name)) as file:
        after = file.read().splitlines()
    assert len(before) == len(after) == 119
    for one, two in zip(before[3:], after[3:]):
        numbers = [[float(v) for v in line.split(',')[-8:]] for line in (one, two)]
        np.testing.assert_array_equal(*numbers)
    found = os.listdir(osp.join(clone.folder, 'predictions'))
    assert any(name.endswith('.csv') for name in found), found
    run(clone, 3)
    with open(osp.join(clone.folder, 'labels.json')) as file:
        assert len(json.load(file)['images']) == 116
    output = run(clone, 4)
    assert '104 people with labels, 6 without' in output and 'method  supervised' in output


def test_a_rig_to_answers_and_3d(clone):
    output = run(clone, 1)
    assert 'round 0 waits for labels' in output and 'round 1 waits for labels' in output
    assert 'rig/reprojection_error' in output
    for name in ('labels.json', 'round_00/scores.npz', 'query/round_01/query.json'):
        assert osp.isfile(osp.join(clone.folder, 'walk/work_dirs/experiment', name))
    assert os.listdir(osp.join(clone.folder, 'walk3d'))


def test_videos_to_a_query(clone):
    output = run(clone, 2)
    assert 'left = right: left_ear = right_ear' in output and 'round 0 waits for labels' in output
