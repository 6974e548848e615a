"""Frames that files name come first."""

import json

import numpy as np
import pytest

from mmpose_al.fileio import FileError
from tests.test_active_learning.rig import make_pool
from tests.test_active_learning.test_strategies.cases import build


def pool_of(labeled=()):
    """Units 0, 10, ..., 110: frames 0, 5, ..., 25 of the recordings 'walk' and 'run'."""
    times = np.tile(5 * np.arange(6), 2)
    pool = make_pool(12, labeled, sequences=np.repeat([0, 1], 6), times=times)
    pool.recordings = ['walk', 'run']
    return pool


def summary(folder, frames, recording='walk', name='walk.summary.json'):
    path = folder / name
    entries = [dict(frame=frame, error=9.0, not_found=[]) for frame in frames]
    path.write_text(json.dumps(dict(recording=recording, look_at=entries)))
    return str(path)


def listed(files, **options):
    return build(dict(type='Listed', files=files, **options))


def test_the_named_frames_come_first_in_their_order(tmp_path):
    strategy = listed(summary(tmp_path, [20, 5]), then=dict(type='MultiViewConsistency'))
    ids, utilities = strategy.select(pool_of(), 4)
    worst = build(dict(type='MultiViewConsistency')).select(pool_of(labeled=[40, 10]), 2)
    assert ids == [40, 10, *worst.ids] and utilities == [2.0, 1.0, 0.0, 0.0]
    assert strategy.needs == build(dict(type='MultiViewConsistency')).needs
    assert strategy.shown(2.0) == 'named by a file'
    assert strategy.shown(0.0) == 'chosen by MultiViewConsistency'


def test_the_budget_holds_and_what_is_labelled_is_passed_over(tmp_path):
    strategy = listed(summary(tmp_path, [20, 5, 0]))
    assert strategy.select(pool_of(labeled=[40]), 1).ids == [10]
    assert strategy.select(pool_of(labeled=[40]), 2).ids == [10, 0]


def test_of_a_frame_that_the_pool_has_not_the_nearest_is_taken_once(tmp_path):
    strategy = listed(summary(tmp_path, [21, 19, 8, 900], 'run'))
    assert strategy.select(pool_of(), 3).ids == [100, 80, 110]


def test_spacing_holds_for_named_frames_too(tmp_path):
    strategy = listed(summary(tmp_path, [0, 5, 10]), min_spacing=10)
    assert strategy.select(pool_of(), 2).ids == [0, 20]


def test_several_files_a_pattern_and_a_list(tmp_path):
    path = tmp_path / 'mine.json'
    path.write_text(json.dumps([dict(sequence='run', frame=10)]))
    summary(tmp_path, [25], name='b.summary.json')
    strategy = listed([str(path), str(tmp_path / '*.summary.json')])
    assert strategy.select(pool_of(), 2).ids == [80, 50]


def test_a_pattern_may_fit_no_file_yet(tmp_path):
    first = build(dict(type='FirstFrames')).select(pool_of(), 3).ids
    strategy = listed(str(tmp_path / '*.json'), then=dict(type='FirstFrames'))
    assert strategy.select(pool_of(), 3).ids == first


def test_a_recording_that_the_pool_calls_otherwise_is_named(tmp_path):
    path = summary(tmp_path, [10], recording='videos')
    with pytest.raises(FileError, match="recording 'videos', and .* are 'run, walk'"):
        listed(path).select(pool_of(), 1)
    assert listed(path, sequence='walk').select(pool_of(), 1).ids == [20]
    with pytest.raises(FileError, match="recording 'swim'"):
        listed(path, sequence='swim').select(pool_of(), 1)


@pytest.mark.parametrize(
    'content, words',
    [
        ({}, 'neither a summary'),
        (3, 'neither a summary'),
        ([3], r'\[0\], field "sequence": is None'),
        ([dict(sequence='walk', frame=1.5)], r'\[0\], field "frame": is 1.5'),
        (dict(look_at=[dict(frame=1)]), r'look_at\[0\], field "sequence"'),
        (dict(recording='walk', look_at=[{}]), r'look_at\[0\], field "frame"'),
    ],
)
def test_a_file_that_names_nothing_is_refused(tmp_path, content, words):
    path = tmp_path / 'x.json'
    path.write_text(json.dumps(content))
    with pytest.raises(FileError, match=words):
        listed(str(path)).select(pool_of(), 1)


def test_a_file_that_is_named_is_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        listed(str(tmp_path / 'gone.json')).select(pool_of(), 1)
    with pytest.raises(ValueError, match='files names none'):
        listed([])


def test_the_rest_is_chosen_by_the_rules_of_its_strategy(tmp_path):
    """Of what is named, neighbours too; the rest keeps its distance from that and from itself."""
    then = dict(type='MultiViewConsistency', min_spacing=20)
    strategy = listed(summary(tmp_path, [0, 5]), then=then)
    with pytest.warns(UserWarning, match='was asked for 6 units'):
        ids = strategy.select(pool_of(), 6).ids
    assert ids[:2] == [0, 10]
    times = dict(zip(range(0, 120, 10), pool_of().times))
    for number, unit in enumerate(ids[2:], 2):
        near = [other for other in ids[:number] if (other < 60) == (unit < 60)]
        assert all(abs(times[unit] - times[other]) >= 20 for other in near)
    assert 2 < len(ids) < 6


def test_a_k_centre_after_the_named_ones_is_far_from_them(tmp_path):
    then = dict(type='CoreSetFeatures')
    ids = listed(summary(tmp_path, [20, 5]), then=then).select(pool_of(), 5).ids
    assert ids[2:] == build(then).select(pool_of(labeled=[40, 10]), 3).ids
