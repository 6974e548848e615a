"""The table: columns by name, rows by index, files of two versions."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest

from mmpose_al.active_learning.statistics import (
    MissingStatistic,
    ViewStatistics,
    concatenate,
    load_views,
    save_views,
    sort_views,
)
from tests.test_active_learning.rig import make_views

VERSION_2 = (
    'id image_id unit frame_id camera_id person_id keypoints scores margin entropy '
    'disagreement features keypoints_3d diagonal K R t dist'
)


def small():
    return ViewStatistics(id=np.array([3, 1, 2]), worth=np.array([0.3, 0.1, 0.2]))


def same(one, other):
    return list(one) == list(other) and all(
        one[n].dtype == other[n].dtype and one[n].tobytes() == other[n].tobytes() for n in one
    )


def test_columns_are_attributes_and_items():
    views = small()
    assert views.worth is views['worth'] and len(views) == 3
    assert list(views) == ['id', 'worth'] == list(views.columns)
    assert 'worth' in views and 'margin' not in views
    assert '3 views' in repr(views) and 'worth ()' in repr(views)
    views.columns['more'] = 1  # a dictionary of its own
    assert 'more' not in views
    assert len(ViewStatistics()) == 0


def test_an_absent_column_is_named_with_those_there_are():
    for ask in (lambda v: v.margin, lambda v: v['margin']):
        with pytest.raises(MissingStatistic, match=r"'margin'; they hold id, worth.*strategy"):
            ask(small())
    assert not hasattr(small(), 'margin') and getattr(small(), 'margin', None) is None


def test_other_tables_leave_the_first_alone():
    views = small()
    assert views.select([0, 2]).id.tolist() == [3, 2]
    assert views.select(views.worth > 0.15).id.tolist() == [3, 2]
    assert views.select(slice(0)).id.tolist() == []
    more = views.replace(worth=np.zeros(3), extra=np.ones((3, 2)))
    assert more.worth.sum() == 0 and more.extra.shape == (3, 2)
    assert list(more.drop('worth', 'nothing')) == ['id', 'extra']
    assert same(views, small())


@pytest.mark.parametrize('name', ['select', 'columns', 'version', 'file', '_hidden', 'two words'])
def test_names_that_no_column_can_have(name):
    with pytest.raises(ValueError, match='cannot be called'):
        ViewStatistics(**{name: np.zeros(2)})


def test_columns_have_a_row_for_each_view():
    with pytest.raises(ValueError, match='id 3, worth 2'):
        ViewStatistics(id=np.zeros(3), worth=np.zeros(2))
    with pytest.raises(ValueError, match='single value'):
        ViewStatistics(id=5)


def test_it_travels_between_processes():
    views = small()
    for again in (pickle.loads(pickle.dumps(views)), copy.deepcopy(views), copy.copy(views)):
        assert same(again, views)


def test_tables_are_put_together_by_name():
    views = small()
    turned = ViewStatistics(worth=views.worth, id=views.id)
    assert same(concatenate([views.select([0]), turned.select([1, 2])]), views)
    with pytest.raises(ValueError, match='some lack worth'):
        concatenate([views, views.drop('worth')])
    with pytest.raises(ValueError, match='no table'):
        concatenate([])


def test_repeated_views_of_several_ranks_count_once():
    views, _ = make_views(3)
    twice = concatenate([views, views.select(slice(5))]).select(slice(None, None, -1))
    assert same(sort_views(twice), sort_views(views))
    assert sort_views(views) is views  # nothing to do: no second copy


def test_views_with_camera_and_frame_are_calibrated():
    views, _ = make_views(2)
    assert views.calibrated.all()
    K, frame = views.K.copy(), views.frame_id.copy()
    K[0, 1, 1], frame[3] = np.nan, -1
    expected = [False, True, True, False, True, True, True, True]
    assert views.replace(K=K, frame_id=frame).calibrated.tolist() == expected
    assert not views.drop('K').calibrated.any() and not views.drop('frame_id').calibrated.any()


# ---- files -----------------------------------------------------------------------


def test_a_file_round_trip_keeps_every_bit(tmp_path):
    views, _ = make_views(3)
    views = views.replace(own=np.arange(24.0).reshape(12, 2), flag=np.arange(12) > 3)
    path = str(tmp_path / 'scores.npz')
    save_views(views, path)
    assert same(load_views(path), views)
    with np.load(path, allow_pickle=False) as file:
        assert int(file['version']) == 3


def test_files_of_version_2_are_read(tmp_path):
    views = make_views(3)[0].drop(
        'appearance', 'box_side', 'highest_probability'
    )  # they came later
    path = str(tmp_path / 'scores.npz')
    np.savez(path, version=np.array(2), **views.columns)
    again = load_views(path)
    assert set(views) == set(VERSION_2.split()) and same(again, views)
    # what was not computed was there all the same
    empty = views.replace(
        features=np.zeros((12, 0), np.float32),
        keypoints_3d=np.zeros((12, 0, 3), np.float32),
        disagreement=np.full(12, np.nan, np.float32),
    )
    np.savez(path, version=np.array(2), **empty.columns)
    assert same(load_views(path), views.drop('features', 'keypoints_3d', 'disagreement'))
    nobody = views.select(slice(0))
    np.savez(path, version=np.array(2), **nobody.columns)
    assert same(load_views(path), nobody)


def test_files_that_are_no_score_files(tmp_path):
    views, _ = make_views(3)
    save_views(views, str(tmp_path / 'scores.npz'))
    whole = (tmp_path / 'scores.npz').read_bytes()
    np.savez(str(tmp_path / 'evil.npz'), version=np.array([{}], dtype=object))
    np.savez(str(tmp_path / 'next.npz'), version=np.array(4), **views.columns)
    np.savez(str(tmp_path / 'anonymous.npz'), version=np.array(3), worth=np.zeros(3))
    np.savez(str(tmp_path / 'uneven.npz'), version=np.array(3), **views.replace().columns, x=[1])
    (tmp_path / 'half.npz').write_bytes(whole[: len(whole) // 2])
    (tmp_path / 'empty.npz').write_bytes(b'')
    (tmp_path / 'flipped.npz').write_bytes(whole[:1000] + b'\xff' * 200 + whole[1200:])
    for broken, why in dict(
        evil='', none='no such', half='', empty='', flipped='', next='version 4', uneven='x 1'
    ).items():
        with pytest.raises(ValueError, match=rf'{broken}.npz is no score file.*{why}'):
            load_views(str(tmp_path / f'{broken}.npz'))
    with pytest.raises(ValueError, match='lacks id, unit'):
        load_views(str(tmp_path / 'anonymous.npz'))


def test_a_score_file_is_read_without_pytorch(tmp_path):
    """A command that only looks answers at once."""
    path = str(tmp_path / 'scores.npz')
    save_views(make_views(2)[0], path)
    program = tmp_path / 'mmpose-al'  # as a command, the package imports nothing
    program.write_text(
        'import sys\n'
        'from mmpose_al.active_learning.statistics import PoolStatistics, load_views\n'
        f'views = load_views({path!r})\n'
        'PoolStatistics(views, [0, 10], [True, False])\n'
        "assert len(views) == 8 and 'torch' not in sys.modules, 'torch'\n"
    )
    done = subprocess.run([sys.executable, str(program)], stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr.decode()
