"""Whether frame n of every view is one moment."""

import json
import re

import numpy as np
import pytest

from mmpose_al.converters import moments
from mmpose_al.converters.sources import Source
from mmpose_al.datasets.format import FormatError

SIZE = (64, 48)


def video(name, count, fps, path=None):
    return Source(name, str(path or f'{name}.mp4'), None, count, SIZE, fps)


def folder(name, files):
    return Source(name, name, list(files), len(files), SIZE, None)


def test_drift_over_the_recording_decides():
    """Rates that differ by 0.8 % pass for a second, and not for 100 s."""
    views = [video('a', 3000, 30.0), video('b', 3000, 29.75)]
    times = np.stack([np.arange(3000) / view.fps for view in views])
    moments.check_times(views, times[:, :60])
    with pytest.raises(
        FormatError,
        match=r"b.mp4: \(view 'b', 29.75 frames a second\) has frame 60 at 2.017 s, a.mp4: "
        r"\(view 'a', 30 frames a second\) at 2.000 s: more than half a frame \(0.017 s\) "
        'apart. 2940 of 3000 frames are; the largest difference is 0.840 s, in frame 2999',
    ):
        moments.check_times(views, times)


def test_jitter_is_no_fault_and_a_dropped_frame_is():
    views = [video('a', 100, 30.0), video('b', 100, 30.0)]
    even = np.arange(100) / 30
    jitter = np.random.default_rng(0).uniform(-0.005, 0.005, 100)
    moments.check_times(views, np.stack([even, even + jitter]))
    moments.check_times(views, np.stack([even, np.round(even, 3)]))
    dropped = np.delete(np.arange(101) / 30, 40)
    with pytest.raises(FormatError, match=r'b.mp4: .* frame 40 at 1.367 s.*60 of 100 frames'):
        moments.check_times(views, np.stack([even, dropped]))


def test_a_single_frame_has_no_moments_to_compare():
    moments.check_times([video('a', 1, 30.0), video('b', 1, 60.0)], np.zeros((2, 1)))


@pytest.fixture
def stamps(monkeypatch):
    """Time stamps by path instead of those of files; counts the reading."""
    known, read = {}, []

    def time_stamps(path):
        read.append(path)
        return known[path]

    monkeypatch.setattr(moments, 'time_stamps', time_stamps)
    return known, read


def frame_times(tmp_path, views, stamps, **options):
    lines, paths = [], []
    for index, view in enumerate(views):
        if view.files is None:
            path = tmp_path / f'{view.name}.mp4'
            if not path.exists():
                path.write_bytes(view.name.encode())
            views[index] = view._replace(path=str(path))
            paths.append(str(path))
    stamps[0].update(zip(paths, options.pop('times', [])))
    found = moments.frame_times(
        views,
        min(view.count for view in views),
        [str(tmp_path / view.name) for view in views],
        report=lines.append,
        **options,
    )
    return found, lines


def test_times_are_those_of_the_rate_where_they_fit_it(tmp_path, stamps):
    views = [folder('c', ['1.png', '2.png', '3.png']), video('a', 3, 30.0), video('b', 3, 29.97)]
    times = [[0.0, 0.033, 0.067], [0.0, 0.034, 0.067]]
    found, lines = frame_times(tmp_path, views, stamps, times=times)
    assert found == [0, 0.033333, 0.066667]
    assert lines == [f'{name}: reads the time stamps of 3 frames' for name in 'ab']
    again, lines = frame_times(tmp_path, views, stamps, times=times)
    assert again == found and lines == [] and len(stamps[1]) == 2
    # Another video under the same name is read anew.
    (tmp_path / 'a' / moments.STAMPS).write_text(json.dumps(dict(digest='x', times=[9])))
    assert frame_times(tmp_path, views, stamps, times=times)[0] == found
    assert len(stamps[1]) == 3


def test_times_are_the_stamps_where_the_rate_is_wrong(tmp_path, stamps):
    times = 2 * [[0.0, 0.02, 0.1, 0.14]]
    views = [video('a', 4, 1000.0), video('b', 4, None)]
    assert frame_times(tmp_path, views, stamps, times=times)[0] == times[0]


def test_a_given_rate_takes_the_place_of_stamps(tmp_path, stamps):
    views = [video('a', 3, 30.0), video('b', 3, 60.0)]
    assert frame_times(tmp_path, views, stamps, fps=50.0)[0] == [0, 0.02, 0.04]
    assert stamps[1] == []


def test_stamps_that_do_not_rise_are_said(tmp_path, stamps):
    views = [video('a', 3, 25.0), video('b', 3, 25.0)]
    times = [[0.0, 0.0, 0.0], [0.0, 0.04, 0.08]]
    found, lines = frame_times(tmp_path, views, stamps, times=times)
    assert found == [0, 0.04, 0.08]
    assert 'a: the time stamps do not rise; taken is 25 frames a second' in lines
    views = [view._replace(fps=None) for view in views[:1]]
    found, lines = frame_times(tmp_path, views, stamps)
    assert found is None and lines == ['a: the video tells neither time stamps nor a rate']


def test_a_video_that_ends_early_is_an_error(tmp_path, stamps):
    with pytest.raises(
        FormatError, match=r"a.mp4: \(view 'a'\) frame 2 cannot be read, though the file tells of 3"
    ):
        frame_times(tmp_path, [video('a', 3, 25.0)], stamps, times=[[0, 0.04]])


def test_folders_alone_tell_no_times(tmp_path, stamps):
    views = [folder('a', ['x.png', 'y.png']), folder('b', ['1.png', '2.png'])]
    assert frame_times(tmp_path, views, stamps)[0] is None


def test_an_image_that_one_view_lacks_is_named():
    one = [f'frame_{n:03d}.png' for n in range(1, 11)]
    other = [f'cam2-{n}.jpg' for n in range(100, 111) if n != 104]
    with pytest.raises(
        FormatError,
        match=re.escape(
            "b: (view 'b') image 4 in order is cam2-105.jpg, a (view 'a') has frame_005.png "
            'there: one of them lacks a frame.'
        ),
    ):
        moments.check_numbers([folder('a', one), folder('b', other)], 10)
    moments.check_numbers([folder('a', one), folder('b', [o for o in other if '110' not in o])], 4)
    with pytest.raises(FormatError, match='b: .* cam2-105.jpg, a.mp4 .* frame 4 there'):
        moments.check_numbers([video('a', 10, 25.0), folder('b', other)], 10)


def test_numbers_that_overlap_begin_alike():
    """The first two images of a view are gone, and its last two are there, too."""
    one = [f'img{n:04d}.png' for n in range(10, 40)]
    other = [f'img{n:04d}.png' for n in range(12, 42)]
    with pytest.raises(FormatError, match='b: .* begins with img0012.png, a .* with img0010.png'):
        moments.check_numbers([folder('a', one), folder('b', other)], 30)
    counter = [f'img{n:04d}.png' for n in range(500, 530)]  # of a camera that counts on its own
    moments.check_numbers([folder('a', one), folder('b', counter), video('c', 30, 25.0)], 30)


@pytest.mark.parametrize(
    'files',
    [
        ['a.png', 'b.png', 'c.png', 'd.png'],
        ['16234.031.png', '16234.064.png', '16234.098.png', '16234.131.png'],  # times
        ['1-5.png', '2-7.png', '3-2.png', '4-4.png'],
        ['x1.png', 'x3.png', 'y4.png', 'y6.png'],
    ],
)
def test_names_that_do_not_count_are_passed_over(files):
    moments.check_numbers(
        [folder('a', ['1.png', '2.png', '3.png', '4.png']), folder('b', files)], 4
    )


def test_an_image_that_is_named_otherwise_is_named():
    files = [f'{n}.jpg' for n in range(1, 9)]
    for odd in ('folder.jpg', '8 (1).jpg', 'cover2.png'):
        with pytest.raises(FormatError, match=re.escape(f'a/{odd}: (view') + '.*such as 1.jpg'):
            moments.check_numbers([folder('a', [*files, odd])], 9)
    moments.check_numbers([folder('a', [f'{c}{n}.jpg' for c in 'xy' for n in range(9)])], 18)
    moments.check_numbers([folder('a', ['first.jpg', 'second.jpg', '3.jpg'])], 3)


def test_views_must_have_equal_numbers_of_frames():
    views = [video('a', 12, 25.0), video('b', 9, 25.0)]
    with pytest.raises(FormatError, match=r"b.mp4: \(view 'b'\) has 9 frames, a.mp4"):
        moments.common_count(views)
    assert moments.common_count(views, allow_unequal=True) == 9
