"""`mmpose-al draw` on the synthetic benchmark; what is drawn."""

import json
import os.path as osp
import shutil

import cv2
import numpy as np
import pytest

from mmpose_al.active_learning.statistics import ViewStatistics, save_views
from mmpose_al.analysis import multiview_pictures
from mmpose_al.analysis.multiview_pictures import choose_frames, read_image
from mmpose_al.datasets.format import load_multiview
from mmpose_al.synthetic import write_benchmark
from tests.commands import command


@pytest.fixture(scope='module')
def tiny(tmp_path_factory):
    out = str(tmp_path_factory.mktemp('draw') / 'tiny')
    write_benchmark(out, 'tiny', seed=1, workers=1, progress=False)
    return out


@pytest.fixture
def drawn(monkeypatch):
    """What the three drawing functions are called with, in place of pictures."""
    calls = {}
    for name in ('draw_views', 'draw_scene', 'plot_residuals'):
        calls[name] = []
        monkeypatch.setattr(
            multiview_pictures,
            name,
            lambda *args, _name=name, **more: calls[_name].append((args, more)),
        )
    return calls


def words(tiny, out, *more):
    return [
        osp.join(tiny, 'test.json'),
        '--img-root',
        osp.join(tiny, 'images'),
        '--out',
        str(out),
        *map(str, more),
    ]


def labels(tiny):
    data = load_multiview(osp.join(tiny, 'test.json'))
    return data, {
        a['id']: np.array(a['keypoints'], float).reshape(-1, 3) for a in data['annotations']
    }


def results(data, points):
    """As CocoMetric writes them: one a person and image."""
    return [
        dict(
            image_id=a['image_id'],
            category_id=1,
            score=1.0,
            keypoints=points[a['id']].ravel().tolist(),
            bbox=a['bbox'],
        )
        for a in data['annotations']
    ]


def predict(tiny, path):
    """Perfect predictions, but camera 1 (the second) of frame 1 is 30 px off."""
    data, points = labels(tiny)
    poses = {p['frame_id']: p['keypoints_3d'] for p in data['poses_3d']}
    images = {i['id']: i for i in data['images']}
    cameras = {c['id']: c for c in data['cameras']}
    second = sorted(cameras)[1]
    first = min(poses)
    for annotation in data['annotations']:
        image = images[annotation['image_id']]
        camera = cameras[image['camera_id']]
        pixels = cv2.projectPoints(
            poses[image['frame_id']][:, :3].copy(),
            cv2.Rodrigues(camera['R'])[0],
            camera['t'],
            camera['K'],
            camera['dist'],
        )[0][:, 0]
        if (image['camera_id'], image['frame_id']) == (second, first):
            pixels = pixels + 30
        points[annotation['id']] = np.concatenate([pixels, np.ones((17, 1))], 1)
    path.write_text(json.dumps(results(data, points)))
    return data, points, first


def test_pictures_of_the_labels(tiny, tmp_path, capsys):
    out = tmp_path / 'pictures'
    command('draw', *words(tiny, out, '--crop', 1.5, '--height', 120))
    names = sorted(path.name for path in out.iterdir())
    assert names == [
        'frame_000001_person_0.png',
        'frame_000001_scene.png',
        'frame_000002_person_0.png',
        'frame_000002_scene.png',
        'residuals.png',
    ]
    for path in out.iterdir():
        picture = cv2.imread(str(path))
        assert picture.std() > 5 and min(picture.shape[:2]) > 240
    assert '2 sheets, 2 scenes, residuals of 4 cameras' in capsys.readouterr().out


def test_labels_agree_with_the_calibration(tiny, tmp_path, drawn):
    command('draw', *words(tiny, tmp_path, '--frames', 2))
    data, points = labels(tiny)
    ((args, more),) = drawn['draw_views']
    images, titles, skeleton, path = args
    assert osp.basename(path) == 'frame_000002_person_0.png' and len(images) == 4
    assert [title.split()[0] for title in titles] == [c['name'] for c in data['cameras']]
    assert all(title.endswith('reproj. 0.0 px') for title in titles)
    assert more['predicted'] is None and more['inliers'] is None
    annotations = [
        a
        for a in data['annotations']
        if a['image_id'] in {i['id'] for i in data['images'] if i['frame_id'] == 2}
    ]
    for annotation, true, again in zip(annotations, more['true'], more['reprojected']):
        known = points[annotation['id']][:, 2] > 0
        assert (np.isfinite(true).all(1) == known).all()
        np.testing.assert_array_equal(true[known], points[annotation['id']][known, :2])
        both = known & np.isfinite(again).all(1)
        assert both.sum() > 10 and np.abs(true[both] - again[both]).max() < 0.05
    (poses, bones, _, cameras), _ = drawn['draw_scene'][0]
    assert len(bones) == len(data['categories'][0]['skeleton'])
    assert min(map(min, bones)) == 0 and max(map(max, bones)) <= 16
    apart = np.linalg.norm(poses['person 0, true'] - poses['person 0, triangulated'], axis=1)
    assert np.nanmax(apart) < 1 and np.isfinite(apart).sum() > 10  # mm
    assert [c['name'] for c in cameras] == [c['name'] for c in data['cameras']]
    (residuals, path, _), _ = drawn['plot_residuals'][0]
    assert list(residuals) == [c['name'] for c in data['cameras']]
    for values in residuals.values():  # of both frames, though one is drawn
        assert len(values) > 20 and np.abs(values).max() < 0.05


def check_predictions(drawn, data, points, first):
    ((args, more),) = drawn['draw_views']
    assert f'frame_{first:06d}' in args[3]
    predicted = more['predicted']
    shown = {i['id']: i['camera_id'] for i in data['images'] if i['frame_id'] == first}
    for annotation in data['annotations']:
        if annotation['image_id'] in shown:
            row = shown[annotation['image_id']] - min(shown.values())
            np.testing.assert_allclose(predicted[row], points[annotation['id']][:, :2], atol=1e-4)
    # The reprojection comes from the other three views.
    np.testing.assert_allclose(predicted[1] - more['reprojected'][1], 30, atol=0.1)
    assert more['inliers'].tolist() == [[i != 1] * 17 for i in range(4)]
    (poses, _, _, _), _ = drawn['draw_scene'][0]
    np.testing.assert_allclose(poses['person 0, true'], poses['person 0, triangulated'], atol=0.5)
    (residuals, _, limit), _ = drawn['plot_residuals'][0]
    assert limit == 3.0
    counts = [len(values) for values in residuals.values()]
    assert counts == [34, 17, 34, 34]  # inliers only, of both frames
    assert max(np.abs(values).max() for values in residuals.values()) < 0.01


def test_predictions_of_coco_results(tiny, tmp_path, drawn):
    data, points, first = predict(tiny, tmp_path / 'results.json')
    command(
        'draw',
        *words(
            tiny,
            tmp_path,
            '--predictions',
            tmp_path / 'results.json',
            '--frames',
            first,
            '--limit',
            3,
        ),
    )
    check_predictions(drawn, data, points, first)


def test_predictions_of_an_active_learning_round(tiny, tmp_path, drawn):
    data, points, first = predict(tiny, tmp_path / 'results.json')
    ids = np.array(sorted(points))
    views = ViewStatistics(
        id=ids,
        unit=ids,
        scores=np.ones((len(ids), 17), np.float32),
        keypoints=np.stack([points[i][:, :2] for i in ids]).astype(np.float32),
    )
    path = str(tmp_path / 'scores.npz')
    save_views(views, path)
    command('draw', *words(tiny, tmp_path, '--predictions', path, '--frames', first, '--limit', 3))
    check_predictions(drawn, data, points, first)


def test_chosen_cameras_and_no_images(tiny, tmp_path, drawn):
    data, _ = labels(tiny)
    last = data['cameras'][3]
    command(
        'draw',
        osp.join(tiny, 'test.json'),
        '--out',
        str(tmp_path),
        '--blank',
        '--num',
        '1',
        '--cameras',
        data['cameras'][0]['name'],
        str(last['id']),
    )
    ((args, _),) = drawn['draw_views']
    assert [title.split()[0] for title in args[1]] == [data['cameras'][0]['name'], last['name']]
    assert all((image == 255).all() for image in args[0])
    command('draw', *words(tiny, tmp_path, '--num', 0))
    assert len(drawn['draw_views']) == 1 and len(drawn['plot_residuals']) == 2


def test_frames_are_spread_over_those_with_something_to_draw():
    data = dict(frames=[dict(id=i) for i in range(1, 12)])
    drawable = [9, 1, 3, 5, 5, 7]
    assert choose_frames(None, 3, data, drawable, 'f') == [1, 5, 9]
    assert choose_frames(None, 99, data, drawable, 'f') == [1, 3, 5, 7, 9]
    assert choose_frames([7, 1, 7], 3, data, drawable, 'f') == [7, 1]
    for frame, problem in ((12, 'has no frame 12'), (2, 'frame 2 has no view')):
        with pytest.raises(ValueError, match=problem + '.*; there are 5, such as 1, 3'):
            choose_frames([frame], 3, data, drawable, 'f')


def test_errors_are_one_line(tiny, tmp_path, drawn):
    def fails(problem, *arguments):
        with pytest.raises(SystemExit) as stop:
            command('draw', *arguments)
        assert str(stop.value.code).startswith('error: ')
        assert problem in stop.value.code

    pickled = tmp_path / 'results.pkl'
    pickled.write_bytes(b'')
    fails('a pickle can run any code', *words(tiny, tmp_path, '--predictions', pickled))
    data, points, _ = predict(tiny, tmp_path / 'results.json')
    rows = results(data, points)
    for row in rows:
        row['keypoints'] = row['keypoints'][:-3]
    (tmp_path / 'results.json').write_text(json.dumps(rows))
    fails(
        'other numbers of joints',
        *words(tiny, tmp_path, '--predictions', tmp_path / 'results.json'),
    )
    (tmp_path / 'results.json').write_text('[]')
    fails('holds no prediction', *words(tiny, tmp_path, '--predictions', tmp_path / 'results.json'))
    (tmp_path / 'results.json').write_text('{')
    fails('is not JSON', *words(tiny, tmp_path, '--predictions', tmp_path / 'results.json'))
    fails('no such image', osp.join(tiny, 'test.json'), '--out', tmp_path)
    fails("unknown: 'left'", *words(tiny, tmp_path, '--cameras', 'left'))
    fails('has no frame 77', *words(tiny, tmp_path, '--frames', 77))
    with open(osp.join(tiny, 'test.json')) as file:
        content = json.load(file)
    for image in content['images']:
        del image['camera_id'], image['frame_id']
    plain = tmp_path / 'plain.json'
    plain.write_text(json.dumps(content))
    fails('no image with a frame and a camera', plain, '--out', tmp_path, '--blank')
    root = tmp_path / 'images'
    shutil.copytree(osp.join(tiny, 'images'), str(root))
    path = root / data['images'][0]['file_name']
    cv2.imwrite(str(path), np.zeros((50, 96, 3), np.uint8))
    fails(
        'is 96x50, the file says 96x96',
        osp.join(tiny, 'test.json'),
        '--img-root',
        root,
        '--out',
        tmp_path,
    )
    path.write_bytes(b'x')
    fails(
        'cannot be read as an image',
        osp.join(tiny, 'test.json'),
        '--img-root',
        root,
        '--out',
        tmp_path,
    )
    for option in (['--crop', 0], ['--threshold', -1], ['--num', -1]):
        with pytest.raises(SystemExit) as stop:
            command('draw', *words(tiny, tmp_path, *option))
        assert stop.value.code == 2


def test_pictures_outside_the_image_folder_are_not_drawn(tmp_path):
    (tmp_path / 'images').mkdir()
    cv2.imwrite(str(tmp_path / 'secret.png'), np.zeros((3, 4, 3), np.uint8))
    image, root = dict(file_name='../secret.png', width=4, height=3), str(tmp_path / 'images')
    with pytest.raises(ValueError, match='secret.png.* outside the image folder .*--image-folder'):
        read_image(image, root)
    assert read_image(image, root, image_folders=[str(tmp_path)]).shape == (3, 4, 3)
