"""Project folders: what is in them, and that the same command completes them."""

import os

import numpy as np
import pytest
from mmengine.config import Config
from mmpose.registry import DATASETS

from mmpose_al.active_learning.settings import read_settings
from mmpose_al.datasets.format import FormatError, load_multiview
from mmpose_al.fileio import read_json, sha256, write_json
from mmpose_al.projects import open_project
from mmpose_al.projects.sources import Options, read_sources
from mmpose_al.projects.writing import Plan, choose_skeleton, write_project
from tests.test_projects.files import JOINTS, ROWS, calibration, coco, deeplabcut, picture, video


def write(folder, *sources, options=Options(), pairs=None, names=None, **plan):
    table = read_sources([str(each) for each in sources], options)
    skeleton = choose_skeleton(table, names, None, pairs)
    said = []
    facts = write_project(str(folder), table, Plan(skeleton, **plan), report=said.append)
    return facts, said


def built(folder, name):
    """The data sets of a config, and the config."""
    cfg = Config.fromfile(str(folder / 'configs' / f'{name}.py'))
    return cfg, DATASETS.build(cfg.train_dataloader.dataset)


def test_a_deeplabcut_project_trains(tmp_path):
    source = deeplabcut(tmp_path / 'source', with_video=True)
    facts, said = write(tmp_path / 'p', source, options=Options(frames=4), validation=0.5)
    assert 'left = right: leftear = rightear' in said
    project = open_project(str(tmp_path / 'p'))
    assert project.kind == 'deeplabcut' and project.config.endswith('supervised.py')
    link = tmp_path / 'p' / 'images' / 'labeled-data'
    assert link.is_symlink() and os.path.samefile(str(link), str(source / 'labeled-data'))
    cfg, data = built(tmp_path / 'p', 'supervised')
    assert cfg.model.head.out_channels == 3 and cfg.work_dir == str(
        tmp_path / 'p' / 'work_dirs' / 'supervised'
    )
    assert data.num_labeled == 1 and data[0]['inputs'].shape == (3, 128, 128)
    _, data = built(tmp_path / 'p', 'posedual')
    assert (data.num_labeled, data.num_unlabeled) == (1, facts.unlabeled) == (1, 3)
    validation = DATASETS.build(cfg.val_dataloader.dataset)
    assert len(validation) == 1
    np.testing.assert_allclose(
        validation.get_data_info(0)['keypoints'][0][0], [30.1, 20.2], atol=1e-5
    )
    experiment = Config.fromfile(str(tmp_path / 'p' / 'configs' / 'experiment.py'))
    assert read_settings(experiment).initial == 'labeled'


def test_a_folder_with_an_apostrophe_trains(tmp_path):
    write(tmp_path / "Bob's" / 'p', deeplabcut(tmp_path / "Ann's"), input_size=64)
    assert built(tmp_path / "Bob's" / 'p', 'supervised')[1].num_labeled == 1


def test_a_project_without_labels_starts_with_an_experiment(tmp_path):
    facts, said = write(
        tmp_path / 'p', video(tmp_path / 'v.avi'), names=['a', 'b'], pairs=['none'], input_size=64
    )
    assert facts.labeled == 0 and not (tmp_path / 'p' / 'val.json').exists()
    cfg = Config.fromfile(str(tmp_path / 'p' / 'configs' / 'experiment.py'))
    settings = read_settings(cfg)
    assert settings.unit == 'images' and settings.initial == 3 and cfg.val_dataloader is None
    assert cfg.test_dataloader.dataset.pipeline[0].type == 'LoadImage'
    assert len(load_multiview(str(tmp_path / 'p' / 'pool.json'))['images']) == 12


def test_a_rig_is_asked_for_by_frames(tmp_path):
    for name in 'ab':
        video(tmp_path / 'walk' / f'{name}.avi')
    calibration(tmp_path / 'walk' / 'calib.toml', 'ab')
    _, said = write(tmp_path / 'p', tmp_path / 'walk', options=Options(unit='m', frames=4))
    assert 'COCO' in ' '.join(said)
    data = load_multiview(str(tmp_path / 'p' / 'pool.json'))
    assert len(data['cameras']) == 2 and len(data['frames']) == 4 and len(data['images']) == 8
    cfg = Config.fromfile(str(tmp_path / 'p' / 'configs' / 'experiment.py'))
    assert read_settings(cfg).unit == 'frames'


def test_the_same_again_completes_and_keeps_what_people_edited(tmp_path):
    source = deeplabcut(tmp_path / 's', with_video=True)
    folder = tmp_path / 'p'
    write(folder, source)
    before = {path.name: read_json(str(path)) for path in folder.glob('*.json')}
    stamp = (folder / 'pool.json').stat().st_mtime_ns
    mine = (folder / 'metainfo.py').read_text() + '# mine'
    (folder / 'metainfo.py').write_text(mine)
    (folder / 'project.json').unlink()
    (folder / 'images' / 'videos' / 'walk' / '000002.jpg').unlink()
    (folder / 'configs' / 'posedual.py').unlink()
    _, said = write(folder, source)
    assert any('metainfo.py: was edited and stays' in line for line in said)
    after = {path.name: read_json(str(path)) for path in folder.glob('*.json')}
    for content in (before, after):
        del content['project.json']['made']['README.md']  # it says that metainfo.py was edited
    assert after == before
    assert (folder / 'pool.json').stat().st_mtime_ns == stamp
    assert (folder / 'metainfo.py').read_text() == mine
    assert (folder / 'images' / 'videos' / 'walk' / '000002.jpg').is_file()
    assert (folder / 'configs' / 'posedual.py').is_file()


def test_what_is_held_out_stays_so_when_labels_are_added(tmp_path):
    rows = {f'img{i:03d}.png': [(9.5, 8.0), (5.0, 6.0), (7.0, 8.0)] for i in range(10)}
    source = deeplabcut(tmp_path / 's', dict(list(rows.items())[:6]))
    write(tmp_path / 'p', source, validation=0.2)
    held = load_multiview(str(tmp_path / 'p' / 'val.json'))['images']
    deeplabcut(tmp_path / 's', rows)
    facts, _ = write(tmp_path / 'p', source, validation=0.2)
    again = load_multiview(str(tmp_path / 'p' / 'val.json'))['images']
    assert [i['file_name'] for i in again] == [i['file_name'] for i in held]
    assert facts.labeled == 10 - len(held)


def test_what_nobody_edited_follows_and_what_was_edited_is_told(tmp_path):
    folder, source = tmp_path / 'p', deeplabcut(tmp_path / 's', dict(list(ROWS.items())[:1]))
    write(folder, source)
    data = folder / 'configs' / 'data.py'
    assert not (folder / 'val.json').exists() and 'val_cfg = None' in data.read_text()
    deeplabcut(tmp_path / 's')
    _, said = write(folder, source, validation=0.5, input_size=64)
    assert (folder / 'val.json').exists() and 'val.json' in data.read_text()
    assert built(folder, 'supervised')[0].val_dataloader.dataset.ann_file == 'val.json'
    assert 'lite0_64x64' in data.read_text() and 'edited' not in ' '.join(said)
    data.write_text(data.read_text() + '# mine\n')
    for told in (True, False):  # once
        _, said = write(folder, source, validation=0.5, input_size=128)
        assert (
            'data.py: was edited and stays. Made anew it would have: `_base_' in str(said)
        ) == told
    assert data.read_text().endswith('# mine\n')


def test_a_validation_set_stays_when_its_source_is_not_named_again(tmp_path):
    train = coco(tmp_path / 'a.json')
    (tmp_path / 'other').mkdir()
    table = read_sources([str(coco(tmp_path / 'other' / 'b.json'))], Options())
    write(tmp_path / 'p', train, val=table, pairs=['leftear=rightear'])
    facts, _ = write(tmp_path / 'p', train, pairs=['leftear=rightear'])
    assert facts.validates
    assert built(tmp_path / 'p', 'supervised')[0].val_dataloader.dataset.ann_file == 'val.json'
    source = deeplabcut(tmp_path / 's', dict(list(ROWS.items())[:1]), joints=['x', 'left', 'right'])
    (source / 'config.yaml').write_text('bodyparts: [x, left, right]\n')
    with pytest.raises(FormatError, match='val.json: its joints are .*Name its source again'):
        write(tmp_path / 'p', source)


def test_a_folder_of_the_same_name_does_not_take_the_place_of_another(tmp_path):
    for home in 'ab':
        picture(tmp_path / home / 'images' / '1.png', value=ord(home))
    write(tmp_path / 'p', tmp_path / 'a' / 'images', names=['l_a', 'r_a'])
    with pytest.raises(FormatError, match='another folder of this name, .*if the images were'):
        write(tmp_path / 'p', tmp_path / 'b' / 'images', names=['l_a', 'r_a'])
    link = tmp_path / 'p' / 'images' / 'images'
    assert os.path.samefile(str(link), str(tmp_path / 'a' / 'images'))
    os.rename(str(tmp_path / 'a'), str(tmp_path / 'c'))  # moved: the old place is gone
    write(tmp_path / 'p', tmp_path / 'c' / 'images', names=['l_a', 'r_a'])
    assert os.path.samefile(str(link), str(tmp_path / 'c' / 'images'))


def test_an_experiment_keeps_its_pool(tmp_path):
    source = deeplabcut(tmp_path / 's')
    write(tmp_path / 'p', source)
    begun = tmp_path / 'p' / 'work_dirs' / 'experiment' / 'active_learning.json'
    begun.parent.mkdir(parents=True)
    begun.write_text('{}')
    write(tmp_path / 'p', source)
    picture(tmp_path / 'more' / '1.png')
    with pytest.raises(FormatError, match='experiment is bound to its pool'):
        write(tmp_path / 'p', source, tmp_path / 'more')


def test_another_source_may_validate(tmp_path):
    train = coco(tmp_path / 'a.json')
    (tmp_path / 'other').mkdir()
    val = coco(tmp_path / 'other' / 'b.json')
    table = read_sources([str(val)], Options())
    facts, _ = write(tmp_path / 'p', train, val=table, pairs=['leftear=rightear'])
    assert facts.validates and facts.labeled == 2
    held = load_multiview(str(tmp_path / 'p' / 'val.json'))
    assert held['images'][0]['file_name'] == 'val-images/0.png'
    for name, home in (('images', tmp_path), ('val-images', tmp_path / 'other')):
        link = tmp_path / 'p' / 'images' / name
        assert os.path.samefile(str(link), str(home / 'images'))


def test_joints_come_from_the_source_a_file_or_names(tmp_path):
    table = read_sources([str(coco(tmp_path / 'a.json'))], Options())
    assert choose_skeleton(table).joints == JOINTS
    with pytest.raises(FormatError, match='--keypoints are x'):
        choose_skeleton(table, ['x'])
    with pytest.raises(FormatError, match='those of the labels are snout'):
        choose_skeleton(table, metainfo='configs/_base_/datasets/coco.py')
    table.joints = None
    assert len(choose_skeleton(table).joints) == 17 and "COCO's 17" in table.said[-1]
    assert choose_skeleton(table, ['l_a', 'r_a']).pairs == [('l_a', 'r_a')]


def test_an_experiment_that_has_begun_keeps_its_config(tmp_path):
    """An earlier version made it otherwise, and the experiment is bound to what it says."""
    source, options = deeplabcut(tmp_path / 'source', with_video=True), Options(frames=4)
    write(tmp_path / 'p', source, options=options)
    path = tmp_path / 'p' / 'configs' / 'experiment.py'
    older = path.read_text().replace('limits=dict(rounds=5)', 'limits=dict(rounds=4)')
    content = read_json(str(tmp_path / 'p' / 'project.json'))
    content['made']['configs/experiment.py'] = sha256(older.encode())  # nobody edited it
    path.write_text(older)
    write_json(str(tmp_path / 'p' / 'project.json'), content)
    begun = tmp_path / 'p' / 'work_dirs' / 'experiment' / 'active_learning.json'
    begun.parent.mkdir(parents=True)
    begun.write_text('{}')
    _, said = write(tmp_path / 'p', source, options=options)
    assert path.read_text() == older
    (told,) = (line for line in said if 'experiment.py' in line)
    assert 'stays as the experiment that has begun' in told and 'rounds=5' in told
    begun.unlink()
    write(tmp_path / 'p', source, options=options)
    assert 'rounds=5' in path.read_text()
