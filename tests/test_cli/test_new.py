"""``mmpose-al new``: from sources to a project, and errors that leave nothing behind."""

import json
import re

import numpy as np
import pytest

from mmpose_al.cli.launch import read_config
from mmpose_al.cli.main import main
from mmpose_al.cli.new import can_be_project
from mmpose_al.cli.train import tell_waiting
from mmpose_al.fileio import read_json
from tests.commands import command
from tests.test_projects.files import ROWS, coco, deeplabcut, picture, video
from tests.test_projects.test_labels import label, label_session


def test_a_project_and_the_next_commands(tmp_path, capsys):
    command('new', tmp_path / 'p', deeplabcut(tmp_path / 's'))
    said = capsys.readouterr().out
    assert 'left = right: leftear = rightear' in said and 'configs/supervised.py' in said
    assert json.loads((tmp_path / 'p' / 'project.json').read_text())['kind'] == 'deeplabcut'


@pytest.mark.parametrize(
    'words, problem',
    [
        (['gone'], 'no such file or folder'),
        (['s', '--pairs', 'a=b'], '--pairs a=b'),
        (['s', '--keypoints', 'nose'], '--keypoints are nose'),
        (['broken.avi', '--keypoints', 'a', '--pairs', 'none'], 'cannot read a frame'),
        (['images', '--keypoints', 'a', 'b'], '--pairs LEFT=RIGHT'),
        (['images', '--keypoints', 'a', 'a', '--pairs', 'none'], "'a' twice|twice"),
        (['images', '--boxes', 'boxes.json'], 'no such file'),
        (['s', '--val', 'images'], 'has no labels'),
        (['s', '--val', '1.5'], 'from 0 to below 1'),
    ],
)
def test_bad_input_leaves_nothing_behind(tmp_path, monkeypatch, words, problem):
    monkeypatch.chdir(tmp_path)
    deeplabcut(tmp_path / 's')
    picture(tmp_path / 'images' / '1.png')
    (tmp_path / 'broken.avi').write_text('no video')
    with pytest.raises(SystemExit) as stop:
        command('new', 'p', *words)
    assert not (tmp_path / 'p').exists()
    if stop.value.code != 2:
        assert re.search(problem, str(stop.value))


def test_a_share_of_the_answers_validates(tmp_path, capsys):
    picture(tmp_path / 'images' / '1.png')  # somebody is left to be asked about
    words = (deeplabcut(tmp_path / 's'), tmp_path / 'images', '--val', 'answers')
    command('new', tmp_path / 'p', *words)
    assert 'a tenth of what people answer validates' in capsys.readouterr().out
    assert not (tmp_path / 'p' / 'val.json').exists()
    from mmengine.config import Config

    from mmpose_al.active_learning.settings import read_settings

    config = Config.fromfile(str(tmp_path / 'p' / 'configs' / 'experiment.py'))
    assert read_settings(config).validation == dict(share=0.1)
    assert config.val_dataloader is None and config.test_evaluator


def test_labels_that_cannot_be_divided_are_told_before_anything_is_made(tmp_path):
    picture(tmp_path / 'images' / '1.png')
    source = deeplabcut(tmp_path / 's', rows=dict(list(ROWS.items())[:1]))
    with pytest.raises(SystemExit, match='images, and 1 cannot be divided. Label one more'):
        command('new', tmp_path / 'p', source, tmp_path / 'images', '--val', 'answers')
    assert not (tmp_path / 'p').exists()
    command('new', tmp_path / 'p', source, tmp_path / 'images', '--val', 'none')


def test_a_video_that_ends_early_leaves_nothing_behind(tmp_path, monkeypatch):
    from mmpose_al.projects import writing

    def fail(*args, **more):
        raise ValueError('frame 5 cannot be read')

    monkeypatch.setattr(writing, 'extract', fail)
    path = video(tmp_path / 'v.avi')
    with pytest.raises(SystemExit, match='frame 5'):
        command('new', tmp_path / 'p', path, '--keypoints', 'a')
    assert not (tmp_path / 'p').exists()


def test_a_folder_of_other_things_is_left_alone(tmp_path, capsys):
    picture(tmp_path / 'images' / '1.png')
    with pytest.raises(SystemExit) as stop:
        main(['new', str(tmp_path), str(tmp_path / 'images')])
    assert stop.value.code == 2 and 'folder of other things' in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ['images']


def test_a_folder_that_a_killed_run_left_is_taken(tmp_path):
    assert not can_be_project(str(tmp_path / 'gone')) and can_be_project(str(tmp_path))
    (tmp_path / 'images').mkdir()
    assert not can_be_project(str(tmp_path))
    (tmp_path / '.lock').write_text('')
    assert can_be_project(str(tmp_path))
    (tmp_path / 'images').rmdir()
    assert can_be_project(str(tmp_path))


def test_a_killed_run_is_completed(tmp_path, monkeypatch):
    from mmpose_al.projects import writing

    path, kept = video(tmp_path / 'v.avi'), writing.write_annotations

    def stop(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(writing, 'write_annotations', stop)
    with pytest.raises(SystemExit):
        command('new', tmp_path / 'p', path, '--keypoints', 'a')
    image = tmp_path / 'p' / 'images' / 'v' / '000003.jpg'
    stamp = image.stat().st_mtime_ns
    monkeypatch.setattr(writing, 'write_annotations', kept)
    command('new', tmp_path / 'p', path, '--keypoints', 'a')
    assert image.stat().st_mtime_ns == stamp and (tmp_path / 'p' / 'project.json').is_file()


def test_boxes_of_a_detector(tmp_path):
    """A detector that sees the right half of every image; labelled people keep their boxes."""
    path = coco(tmp_path / 'a.json')
    picture(tmp_path / 'more' / '1.png')
    words = [tmp_path / 'p', path, tmp_path / 'more', '--detector', 'c.py', 'w.pth']
    seen = []

    def detector(image):
        seen.append(image.shape)
        return np.array([[32.0, 0, 64, 48, 0.9]])

    command('new', *words, '--val', 'none', detector=detector)
    data = json.loads((tmp_path / 'p' / 'pool.json').read_text())
    names = {image['id']: image['file_name'] for image in data['images']}
    boxes = {names[a['image_id']]: a['bbox'] for a in data['annotations']}
    assert boxes['images/0.png'] == [5.5, 4.25, 30, 40]
    assert boxes['images/2.png'] == [5.5, 4.25, 30, 40]
    # MMDetection's corners are the last pixels inside
    assert boxes['more/1.png'] == [32, 0, 31, 47] and len(seen) == 1


def test_a_project_that_is_completed_keeps_its_joints_and_its_input(tmp_path, capsys):
    source, folder = video(tmp_path / 'v.avi'), tmp_path / 'p'
    words = ['--keypoints', 'b', 'a', '--pairs', 'a=b', '--input-size', '64']
    assert main(['new', str(folder), str(source), *words]) == 0
    assert main(['new', str(folder), str(source), str(video(tmp_path / 'w.avi', 3))]) == 0
    assert 'edited' not in capsys.readouterr().out
    text = (folder / 'configs' / 'data.py').read_text()
    assert 'out_channels=2' in text and 'lite0_64x64' in text
    pool = read_json(str(folder / 'pool.json'))
    assert pool['categories'][0]['keypoints'] == ['b', 'a'] and len(pool['images']) == 15
    made = label_session(folder, num=2)
    label(made, made.query.units[0], (5, 6), (7, 8))
    assert main(['new', str(folder), str(source)]) == 1
    assert 'labels that were not handed over: 1. Do that first' in capsys.readouterr().err
    assert main(['train', str(folder / 'configs' / 'experiment.py')]) == 1
    assert 'An experiment that has begun takes them no more' in capsys.readouterr().err
    assert not (folder / 'work_dirs').exists()
    made.hand_over('Anna', 'tab')
    assert main(['new', str(folder), str(source), '--frames', '2']) == 0  # frame 0 stays
    assert 'videos: 3 images in the pool, 1 of them labelled' in capsys.readouterr().out
    label(made, made.query.units[1], (5, 6), (7, 8))
    config = str(folder / 'configs' / 'supervised.py')
    tell_waiting(config, read_config(config))
    assert 'not handed over: 1. To train on them: ' in capsys.readouterr().out
    begun = folder / 'work_dirs' / 'experiment' / 'active_learning.json'
    begun.parent.mkdir(parents=True)
    begun.write_text('{}')
    assert main(['new', str(folder), str(source), '--frames', '2']) == 0  # the pool is the same
