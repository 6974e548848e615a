"""Keypoints of a rig from archives and tables, by hand."""

import numpy as np
import pytest

from mmpose_al.fileio import FileError
from mmpose_al.prediction.formats import deeplabcut
from mmpose_al.prediction.keypoint_files import read_keypoints, read_table
from tests.test_prediction.models import predictions


def arrays():
    random = np.random.RandomState(0)
    return dict(
        kpts_one=random.rand(5, 2, 3, 2).astype(np.float32),
        score_one=np.full((5, 2, 3), 0.5, np.float32),
        K=np.tile(np.diag([500.0, 500, 1]), (2, 1, 1)),
        R=np.tile(np.eye(3), (2, 1, 1)),
        t=np.array([[0.0, 0, 5], [1, 0, 5]]),
        dist=np.zeros((2, 5)),
        image_size=np.array([[64, 48], [64, 48]]),
        video_size=np.array([[62, 48], [64, 48]]),
        anything=np.zeros(3),
    )


def test_an_archive_with_cameras(tmp_path):
    content = arrays()
    content['kpts_one'][1, 0, 2] = np.nan
    content['score_one'][2, 1, 0] = 0
    np.savez(tmp_path / 'a.npz', **content)
    found = read_keypoints(str(tmp_path / 'a.npz'))['']
    assert (found.name, found.scorer, found.joints, found.views) == ('a', 'kpts_one', None, None)
    assert np.isnan(found.pixels[1, 0, 2]).all() and found.scores[1, 0, 2] == 0
    assert np.isnan(found.pixels[2, 1, 0]).all() and np.isnan(found.pixels).sum() == 4
    np.testing.assert_allclose(found.pixels[3], content['kpts_one'][3])
    assert [camera['name'] for camera in found.cameras] == ['view1', 'view2']
    assert found.sizes == [(62, 48), (64, 48)] and found.cameras[0]['size'] == (64, 48)


def test_one_of_several_arrays(tmp_path):
    content = arrays()
    np.savez(
        tmp_path / 'a.npz', kpts_two=content['kpts_one'] + 1, joints=['a', 'b', 'c'], **content
    )
    path = str(tmp_path / 'a.npz')
    with pytest.raises(FileError, match=r'several arrays of keypoints. Name one of .*kpts_one'):
        read_keypoints(path)
    with pytest.raises(FileError, match="'kpts_six' is none. Name one of"):
        read_keypoints(path, 'kpts_six')
    found = read_keypoints(path, 'kpts_two')['']
    np.testing.assert_allclose(found.pixels, content['kpts_one'] + 1)
    assert (found.scores == 1).all() and found.joints == ['a', 'b', 'c']


@pytest.mark.parametrize(
    'array, scores, expected',
    [
        ('points2d', 'scores', 0.5),  # a name of its own: no scores of that name
        ('my_keypoints', 'scores', 0.5),
        ('my_keypoints', 'my_score', 0.5),
        ('keypoints', 'confidence', 1.0),  # none that is known
    ],
)
def test_confidences_of_an_array_of_any_name(tmp_path, array, scores, expected):
    pixels = np.ones((3, 2, 4, 2))
    np.savez(tmp_path / 'a.npz', **{array: pixels, scores: np.full((3, 2, 4), 0.5)})
    found = read_keypoints(str(tmp_path / 'a.npz'))['']
    assert found.pixels.shape == pixels.shape and (found.scores == expected).all()


@pytest.mark.parametrize(
    'change, problem',
    [
        (dict(kpts_one=np.zeros(3)), 'holds no array of keypoints'),
        (dict(score_one=np.zeros(3)), 'score_one has the shape'),
        (dict(R=np.zeros((3, 3, 3))), r'field "R": is \(3, 3, 3\), for 2 views it is \(2, 3, 3\)'),
        (dict(cameras=['a', 'a']), 'not 2 names'),
    ],
)
def test_what_is_wrong_with_an_archive(tmp_path, change, problem):
    np.savez(tmp_path / 'a.npz', **dict(arrays(), **change))
    with pytest.raises(FileError, match=problem):
        read_keypoints(str(tmp_path / 'a.npz'))


def test_a_table_is_read_as_it_was_written(tmp_path):
    found = predictions()
    deeplabcut.write(str(tmp_path / 'v.csv'), found)
    table = read_table(str(tmp_path / 'v.csv'))
    assert table.scorer == 'net' and table.joints == ['nose', 'tail']
    assert list(table.bodies) == ['']
    np.testing.assert_array_equal(table.bodies[''], found.table()[:, 0])


def test_a_folder_has_a_table_for_each_view(tmp_path):
    for name in ('left', 'right'):
        deeplabcut.write(str(tmp_path / 'r' / f'{name}.csv'), predictions())
    (tmp_path / 'r' / 'walk.3d.csv').write_text('fnum,time\n')
    (found,) = read_keypoints(str(tmp_path / 'r')).values()
    assert found.views == ['left', 'right'] and found.joints == ['nose', 'tail']
    assert found.pixels.shape == (3, 2, 2, 2) and np.isnan(found.pixels[1]).all()
    np.testing.assert_array_equal(found.scores[0, 1], [0.9, 0.4])
    deeplabcut.write(str(tmp_path / 'r' / 'third.csv'), predictions(persons=2))
    with pytest.raises(FileError, match='third.csv: is of individuals, and left.csv names none'):
        read_keypoints(str(tmp_path / 'r'))
    (tmp_path / 'r' / 'third.csv').write_text('a,b\n1,2\n')
    with pytest.raises(FileError, match='header rows are not scorer, bodyparts and coords'):
        read_keypoints(str(tmp_path / 'r'))


def test_rows_of_all_views_are_the_same_moments(tmp_path):
    """The head of one table was cut off, and the tail of the other."""
    for name in ('left', 'right'):
        deeplabcut.write(str(tmp_path / f'{name}.csv'), predictions())
    right = tmp_path / 'right.csv'
    right.write_bytes(b'\xef\xbb\xbf' + right.read_bytes().replace(b'\n', b'\r\n'))  # of Excel
    assert len(read_keypoints(str(tmp_path))[''].pixels) == 3
    text = right.read_text()
    for number in (2, 1, 0):
        text = text.replace(f'\n{number},', f'\n{number + 2},')
    right.write_text(text)
    with pytest.raises(FileError, match='right.csv: row 1 is of frame 2, in left.csv of frame 0'):
        read_keypoints(str(tmp_path))
    with pytest.raises(FileError, match="no array 'walk'. Name a recording before --keypoints"):
        read_keypoints(str(tmp_path), 'walk')


def called(folder, **rows):
    """Tables of three rows with other names of the rows, one a view."""
    for view, names in rows.items():
        path = folder / f'{view}.csv'
        deeplabcut.write(str(path), predictions())
        lines = path.read_text().splitlines()
        body = [name + line[line.index(',') :] for name, line in zip(names, lines[-3:])]
        path.write_text('\n'.join(lines[:-3] + body) + '\n')
    return str(folder)


def test_rows_are_of_the_frames_that_they_name(tmp_path):
    """As of a recording that was cut, or of every third frame."""
    folder = called(tmp_path, left=['6', '9', '12'], right=['6', '9', '12.0'])
    found = read_keypoints(folder)['']
    assert found.pixels.shape == (13, 2, 2, 2) and found.images is None
    seen = np.isfinite(found.pixels).all((1, 2, 3))
    assert np.flatnonzero(seen).tolist() == [6, 12]  # of the second row nothing was found
    np.testing.assert_array_equal(found.scores[12, 1], found.scores[12, 0])
    for rows in (
        ['6', '6', '9'],
        ['9', '6', '12'],
        ['6', '7.5', '9'],
        ['-1', '0', '1'],
        ['0', '1', '1e12'],
    ):
        with pytest.raises(FileError, match='left.csv: row .* is no frame after that before it'):
            read_keypoints(called(tmp_path, left=rows, right=rows))


def test_rows_that_images_name_are_compared_by_their_numbers(tmp_path):
    rows = ['a/img0009.png', 'a/img0010.png', 'a/img0012.png']
    found = read_keypoints(called(tmp_path, left=rows, right=[r.replace('a/', '') for r in rows]))
    assert len(found[''].pixels) == 4
    assert found[''].images[1] == ['img0009.png', 'img0010.png', '', 'img0012.png']
    later = ['img0010.png', 'img0011.png', 'img0013.png']
    with pytest.raises(FileError, match='row 1 is of frame 10, in left.csv of frame 9'):
        read_keypoints(called(tmp_path, left=rows, right=later))
    counter = ['img0500.png', 'img0501.png', 'img0503.png']  # of a camera of its own
    assert len(read_keypoints(called(tmp_path, left=rows, right=counter))[''].pixels) == 4
    times = ['1672034412345.png', '1672034412378.png', '1672034999412.png']
    assert len(read_keypoints(called(tmp_path, left=times, right=times))[''].pixels) == 3
    names = ['x.png', 'y.png', 'z.png']
    assert len(read_keypoints(called(tmp_path, left=names, right=names))[''].pixels) == 3


def test_individuals_are_bodies_under_one_name_in_all_views(tmp_path):
    """The second view does not see the second body."""
    both = predictions(persons=2)
    deeplabcut.write(str(tmp_path / 'left.csv'), both)
    rows = (tmp_path / 'left.csv').read_text().splitlines()
    first = [','.join(row.split(',')[:7]) for row in rows]  # two keypoints of three numbers
    (tmp_path / 'right.csv').write_text('\n'.join(first) + '\n')
    bodies = read_keypoints(str(tmp_path))
    assert list(bodies) == ['individual1', 'individual2']
    for person, found in enumerate(bodies.values()):
        expected = both.table()[:, person]
        np.testing.assert_array_equal(found.pixels[:, 0], expected[..., :2])
        np.testing.assert_array_equal(found.scores[:, 0], np.nan_to_num(expected[..., 2]))
    np.testing.assert_array_equal(bodies['individual1'].pixels[:, 1], both.table()[:, 0, :, :2])
    unseen = bodies['individual2']
    assert np.isnan(unseen.pixels[:, 1]).all() and not unseen.scores[:, 1].any()
    assert not np.isnan(unseen.pixels[:, 0]).all()


@pytest.mark.parametrize(
    'old, new, problem',
    [
        ('individual2', '../mouse', "individual '../mouse' would be no name of a file"),
        ('bodyparts,nose', 'bodyparts,ear', 'individual2 has the keypoints nose, tail'),
    ],
)
def test_individuals_that_are_no_bodies(tmp_path, old, new, problem):
    deeplabcut.write(str(tmp_path / 'v.csv'), predictions(persons=2))
    text = (tmp_path / 'v.csv').read_text()
    (tmp_path / 'v.csv').write_text(text.replace(old, new))
    with pytest.raises(FileError, match=problem):
        read_table(str(tmp_path / 'v.csv'))


def test_views_of_other_lengths_or_keypoints(tmp_path):
    one = predictions()
    deeplabcut.write(str(tmp_path / 'a.csv'), one)
    with pytest.raises(FileError, match='holds 1 tables'):
        read_keypoints(str(tmp_path))
    deeplabcut.write(
        str(tmp_path / 'b.csv'),
        one._replace(
            frames=one.frames[:2],
            frame=one.frame[:1],
            person=one.person[:1],
            keypoints=one.keypoints[:1],
            scores=one.scores[:1],
        ),
    )
    with pytest.raises(FileError, match='b.csv: has 2 frames, a.csv has 3'):
        read_keypoints(str(tmp_path))
    other = one._replace(skeleton=one.skeleton._replace(joints=['nose', 'ear']))
    deeplabcut.write(str(tmp_path / 'b.csv'), other)
    with pytest.raises(FileError, match='b.csv: has the keypoints nose, ear'):
        read_keypoints(str(tmp_path))


def test_other_files_are_refused(tmp_path):
    (tmp_path / 'k.json').write_text('{}')
    with pytest.raises(FileError, match='neither an .npz file nor a folder of tables'):
        read_keypoints(str(tmp_path / 'k.json'))
