"""Labels out of a project, and round trips through other tools' files."""

import json
import os

import numpy as np
import pytest

from mmpose_al.datasets.format import FormatError, load_multiview
from mmpose_al.fileio import read_json, write_json
from mmpose_al.projects import open_project
from mmpose_al.projects.dlc_tables import read_labels
from mmpose_al.projects.exports import FORMATS, format_of, labeled_images, labeled_otherwise
from mmpose_al.projects.sources import Options, read_sources
from mmpose_al.projects.writing import Plan, choose_skeleton, write_project
from tests.test_projects.files import coco, deeplabcut, real, rig, video


def project(folder, source, options=Options(frames=3), **plan):
    table = read_sources([str(source)], options)
    write_project(
        str(folder),
        table,
        Plan(choose_skeleton(table, options.keypoints), **plan),
        report=lambda line: None,
    )
    return open_project(str(folder))


def test_deeplabcut_to_a_project_and_back(tmp_path):
    source = deeplabcut(tmp_path / 's', columns=3, with_video=True)
    made = project(tmp_path / 'p', source, validation=0.5)
    (path, *_) = FORMATS['deeplabcut'](made, str(tmp_path / 'out'))
    name = 'labeled-data/walk/CollectedData_Ann.csv'
    assert path == str(tmp_path / 'out' / name)
    before, after = read_labels(str(source / name)), read_labels(path)
    np.testing.assert_array_equal(after.points, before.points)
    assert after._replace(points=None) == before._replace(points=None)
    image = tmp_path / 'out' / 'labeled-data' / 'walk' / 'img003.png'
    assert os.path.samefile(str(image), str(source / 'labeled-data' / 'walk' / 'img003.png'))
    again = project(tmp_path / 'q', deeplabcut_config(tmp_path / 'out', source))
    assert len(labeled_images(again)[0]) == 2


def deeplabcut_config(folder, source):
    (folder / 'config.yaml').write_text((source / 'config.yaml').read_text())
    return folder


def test_the_real_project_to_a_project_and_back(tmp_path):
    source = real('dlc_openfield')
    made = project(tmp_path / 'p', source)
    path = FORMATS['deeplabcut'](made, str(tmp_path / 'out'))[0]
    before = read_labels(source + '/labeled-data/m4s1/CollectedData_Pranav.csv')
    after = read_labels(path)
    assert before.images == after.images
    np.testing.assert_array_equal(before.points, after.points)


def test_several_animals_to_a_project_and_back(tmp_path):
    source = deeplabcut(tmp_path / 's')
    path = source / 'labeled-data' / 'walk' / 'CollectedData_Ann.csv'
    config = source / 'config.yaml'
    config.write_text(config.read_text().replace('snout, leftear, rightear', 'la, ra'))
    path.write_text(
        'scorer,Ann,Ann,Ann,Ann,Ann,Ann,Ann,Ann\nindividuals,m1,m1,m1,m1,m2,m2,m2,m2\n'
        'bodyparts,la,la,ra,ra,la,la,ra,ra\ncoords,x,y,x,y,x,y,x,y\n'
        'labeled-data/walk/img003.png,1.25,2,30,4,,,,\n'
        'labeled-data/walk/img007.png,,,5,6,7,8,20,30\n'
    )
    made = project(tmp_path / 'p', source, validation=0.0)
    out = read_labels(FORMATS['deeplabcut'](made, str(tmp_path / 'out'))[0])
    np.testing.assert_array_equal(out.points, read_labels(str(path)).points)
    assert out.individuals == ['m1', 'm2']


def test_coco_to_a_project_and_back(tmp_path):
    source = coco(tmp_path / 'a.json')
    made = project(tmp_path / 'p', source)
    (path,) = FORMATS['coco'](made, str(tmp_path / 'out.json'))
    before, after = load_multiview(str(source)), load_multiview(path)
    points = {}
    for data in (before, after):
        names = {i['id']: i['file_name'].rpartition('/')[2] for i in data['images']}
        points[id(data)] = {
            names[a['image_id']]: (a['keypoints'], a['bbox'], a['area'])
            for a in data['annotations']
            if a.get('keypoints')
        }
    assert points[id(before)] == points[id(after)] and len(points[id(after)]) == 2
    assert after['categories'][0]['keypoints'] == before['categories'][0]['keypoints']
    assert after['categories'][0]['name'] == 'mouse'


def test_answers_of_people_count_and_come_last(tmp_path):
    made = project(tmp_path / 'p', deeplabcut(tmp_path / 's', with_video=True), validation=0.0)
    content = read_json(made.pool)
    first, bare = content['annotations'][0], content['annotations'][-1]
    bare['keypoints'] = [1, 2, 2, 3.5, 4, 2, 0, 0, 0]
    first['keypoints'] = [9, 9, 2, 8, 8, 2, 7, 7, 2]
    write_json(os.path.join(made.folder, 'work_dirs', 'experiment', 'labels.json'), content)
    images, _ = labeled_images(made)
    found = {each.file_name: each.people[0][1].ravel().tolist() for each in images}
    assert found['videos/walk/000010.jpg'] == bare['keypoints']
    assert found['labeled-data/walk/img003.png'] == first['keypoints'] and len(found) == 3
    written = FORMATS['deeplabcut'](made, str(tmp_path / 'out'))
    labels = read_labels(written[0])
    assert labels.images[-1] == 'labeled-data/walk/img000010.jpg'
    assert (tmp_path / 'out' / labels.images[-1]).is_file()


def test_experiments_that_label_an_image_otherwise_are_told(tmp_path):
    made = project(tmp_path / 'p', str(deeplabcut(tmp_path / 's', with_video=True)))
    content = read_json(made.pool)
    bare = next(e for e in content['annotations'] if not e['num_keypoints'])
    paths = []
    for number, name in enumerate(('b', 'a')):
        bare.update(keypoints=[1 + number, 2, 2] * 3, num_keypoints=3)
        paths.append(os.path.join(made.folder, 'work_dirs', name, 'labels.json'))
        write_json(paths[-1], content)
        os.utime(paths[-1], (number, number))
    (line,) = labeled_otherwise(made)
    image = next(i for i in content['images'] if i['id'] == bare['image_id'])
    assert line.startswith(f'{paths[1]}: labels images otherwise than {paths[0]}: 1, such as ')
    assert image['file_name'] in line
    latest = {each.file_name: each for each in labeled_images(made)[0]}[image['file_name']]
    np.testing.assert_array_equal(latest.people[0][1][0], [2, 2, 2])
    write_json(paths[0], content)
    assert labeled_otherwise(made) == []


def test_labels_of_a_rig_keep_cameras_and_frames_and_become_a_new_project(tmp_path):
    """As where an experiment has begun, and another recording is to join its labels."""
    first, second = rig(tmp_path / 'day1'), rig(tmp_path / 'day2', distance=3.0)
    options = Options(unit='m', frames=3, keypoints=['nose'])
    made = project(tmp_path / 'p', first, options=options)
    content = read_json(made.pool)
    for entry in content['annotations'][:2]:
        entry['keypoints'] = [entry['id'], 7.25, 2]
    write_json(os.path.join(made.folder, 'work_dirs', 'experiment', 'labels.json'), content)
    (path,) = FORMATS['coco'](made, str(tmp_path / 'labels.json'))
    again = load_multiview(path)
    assert [i['file_name'] for i in again['images']] == [
        i['file_name'] for i in content['images'][:2]
    ]
    assert [f['index'] for f in again['frames']] == [f['index'] for f in content['frames'][:2]]
    assert [c['name'] for c in again['cameras']] == ['a']
    np.testing.assert_array_equal(again['cameras'][0]['t'], content['cameras'][0]['t'])
    images = os.path.join(made.folder, 'images')
    whole = read_sources([path, second], options._replace(images=images))
    depth = {(s.sequence, s.camera.t[2]) for s in whole.shots}
    assert depth == {('day1', 2000), ('day2', 3000)} and whole.labeled == 2
    assert len(read_sources([path, first], options._replace(images=images)).shots) == 6


def test_labels_of_two_projects_keep_their_folders_apart(tmp_path):
    sources = [str(deeplabcut(tmp_path / name)) for name in ('one', 'two')]
    table = read_sources(sources, Options())
    plan = Plan(choose_skeleton(table), validation=0.0)
    write_project(str(tmp_path / 'p'), table, plan, report=lambda line: None)
    written = FORMATS['deeplabcut'](open_project(str(tmp_path / 'p')), str(tmp_path / 'out'))
    homes = sorted(os.path.relpath(os.path.dirname(path), tmp_path) for path in written)
    assert homes == ['out/labeled-data/two_walk', 'out/labeled-data/walk']
    again = read_sources([str(tmp_path / 'out')], Options())  # it has no config.yaml
    assert again.labeled == 4 and again.joints == table.joints


def test_images_that_would_be_one_are_refused(tmp_path):
    source = coco(tmp_path / 'a.json')
    content = read_json(str(source))
    for folder, image in zip(('x/y', 'x_y'), content['images']):
        name = f'{folder}/1.png'
        (tmp_path / 'images' / folder).mkdir(parents=True)
        os.rename(str(tmp_path / 'images' / image['file_name']), str(tmp_path / 'images' / name))
        image['file_name'] = name
    write_json(str(source), content)
    table = read_sources([str(source)], Options())
    skeleton = choose_skeleton(table, pairs=['leftear=rightear'])
    write_project(str(tmp_path / 'p'), table, Plan(skeleton), report=lambda line: None)
    with pytest.raises(FormatError, match='would both be labeled-data/images_x_y/1.png. Rename'):
        FORMATS['deeplabcut'](open_project(str(tmp_path / 'p')), str(tmp_path / 'out'))


def test_images_that_are_gone_are_not_linked(tmp_path):
    made = project(tmp_path / 'p', deeplabcut(tmp_path / 's'))
    os.rename(str(tmp_path / 's'), str(tmp_path / 'moved'))
    with pytest.raises(FormatError, match='labelled image is not there: .* is a link to'):
        FORMATS['deeplabcut'](made, str(tmp_path / 'out'))
    assert not (tmp_path / 'out').exists()


def test_nothing_labelled_is_an_error(tmp_path):
    table = read_sources([str(video(tmp_path / 'v.avi'))], Options(frames=2))
    plan = Plan(choose_skeleton(table, ['a']))
    write_project(str(tmp_path / 'p'), table, plan, report=lambda line: None)
    with pytest.raises(FormatError, match='nothing is labelled yet'):
        labeled_images(open_project(str(tmp_path / 'p')))


def test_the_ending_names_the_format():
    assert [format_of(out) for out in ('x.json', 'x.slp', 'x.NWB', 'folder/')] == [
        'coco',
        'sleap',
        'nwb',
        'deeplabcut',
    ]
    with pytest.raises(FormatError, match='.json, .slp, .nwb'):
        format_of('x.txt')


def test_sleap_to_a_project_and_back(tmp_path):
    """Where sleap-io is installed: labels of a video, out and in again."""
    sio = pytest.importorskip('sleap_io')
    film = video(tmp_path / 'walk.avi')
    skeleton = sio.Skeleton(['snout', 'left_ear', 'right_ear'], [('snout', 'left_ear')])
    reader = sio.Video.from_filename(str(film))
    points = np.array([[10.123456789, 20 / 3], [1.5, 2.5], [np.nan, np.nan]])
    frames = [
        sio.LabeledFrame(
            video=reader,
            frame_idx=number,
            instances=[sio.Instance.from_numpy(points + number, skeleton=skeleton)],
        )
        for number in (2, 7)
    ]
    source = str(tmp_path / 'walk.slp')
    sio.save_slp(sio.Labels(frames, [reader], [skeleton]), source)
    made = project(tmp_path / 'p', source, validation=0.0)
    (path,) = FORMATS['sleap'](made, str(tmp_path / 'out.slp'))
    before, after = (sio.load_slp(each) for each in (source, path))
    assert [f.frame_idx for f in after.labeled_frames] == [2, 7]
    for one, two in zip(before.labeled_frames, after.labeled_frames):
        np.testing.assert_allclose(two.instances[0].numpy(), one.instances[0].numpy(), atol=1e-9)
    assert after.skeleton.edge_names == [('snout', 'left_ear')]
    images = project(tmp_path / 'd', deeplabcut(tmp_path / 's'), validation=0.0)
    (path,) = FORMATS['sleap'](images, str(tmp_path / 'images.slp'))
    again = project(tmp_path / 'q', path, validation=0.0)
    one, two = (labeled_images(each)[0] for each in (images, again))
    for a, b in zip(one, two):
        np.testing.assert_allclose(a.people[0][1], b.people[0][1], atol=1e-9)
    assert FORMATS['nwb'](made, str(tmp_path / 'out.nwb')) and (tmp_path / 'out.nwb').is_file()


def test_the_h5_is_the_csv(tmp_path):
    """Where pandas and tables are installed."""
    pandas = pytest.importorskip('pandas')
    pytest.importorskip('tables')
    made = project(tmp_path / 'p', deeplabcut(tmp_path / 's', columns=3), validation=0.0)
    csv, h5 = FORMATS['deeplabcut'](made, str(tmp_path / 'out'))
    frame = pandas.read_hdf(h5)
    text = pandas.read_csv(csv, index_col=[0, 1, 2], header=[0, 1, 2])
    np.testing.assert_array_equal(frame.to_numpy(), text.to_numpy())
    assert frame.index.tolist() == text.index.tolist()
    assert frame.columns.tolist() == text.columns.tolist()


def test_the_file_is_plain_coco(tmp_path):
    made = project(tmp_path / 'p', deeplabcut(tmp_path / 's', with_video=True), validation=0.0)
    (path,) = FORMATS['coco'](made, str(tmp_path / 'out.json'))
    with open(path) as file:
        content = json.load(file)
    assert set(content) == {'images', 'annotations', 'categories'}
    assert [i['id'] for i in content['images']] == [1, 2]
    assert not {'frame_id', 'camera_id'} & set(content['images'][0])


def test_nwb_is_read_back_by_pynwb(tmp_path):
    """Where the extra is installed: ndx-pose's training data holds the labels to 1e-6 px."""
    pytest.importorskip('sleap_io', reason='extra labs')
    pynwb = pytest.importorskip('pynwb', reason='comes with sleap-io')
    made = project(tmp_path / 'p', deeplabcut(tmp_path / 's'), validation=0.0)
    (path,) = FORMATS['nwb'](made, str(tmp_path / 'out.nwb'))
    images, category = labeled_images(made)
    with pynwb.NWBHDF5IO(path, 'r', load_namespaces=True) as io:
        pose = io.read().processing['behavior']['PoseTraining']
        frames = sorted(
            pose.training_frames.training_frames.values(),
            key=lambda frame: frame.source_video_frame_index,
        )
        assert len(frames) == len(images) == 2
        for frame, image in zip(frames, images):
            (instance,) = frame.skeleton_instances.skeleton_instances.values()
            points = image.people[0][1]
            seen = points[:, 2] > 0
            np.testing.assert_allclose(instance.node_locations[seen], points[seen, :2], atol=1e-6)
            np.testing.assert_array_equal(np.isnan(instance.node_locations[:]).any(1), ~seen)
            assert list(instance.skeleton.nodes) == category['keypoints']
