"""SLEAP projects, by an object like sleap-io's, and by sleap-io where it is installed."""

import sys
from types import SimpleNamespace as Thing

import numpy as np
import pytest

from mmpose_al.datasets.format import FormatError
from mmpose_al.projects.sources import Options
from mmpose_al.projects.sources.sleap import import_sleap_io, read_labels
from tests.test_projects.files import video


def instance(points, visible, track=None):
    points = np.array(points, float)
    rows = np.zeros(len(points), [('xy', 'f8', 2), ('visible', '?')])
    rows['xy'], rows['visible'] = points, visible
    return Thing(points=rows, numpy=lambda: points, track=track)


def labels(path, several=False):
    """Two labelled frames of a video, as sleap-io's ``Labels``."""
    one, two = Thing(name='m1'), Thing(name='m2')
    film = Thing(filename=str(path))
    nan = [np.nan, np.nan]
    frames = [
        Thing(video=film, frame_idx=2, user_instances=[instance([[1.5, 2], nan], [True, False])]),
        Thing(video=film, frame_idx=5, user_instances=[instance([[3, 4], [5, 6]], [False, True])]),
    ]
    if several:
        frames[0].user_instances = [
            instance([[7, 8], nan], [True, False], two),
            instance([[1.5, 2], nan], [True, False], one),
        ]
    nodes = [Thing(name=name) for name in ('left_ear', 'right_ear')]
    skeleton = Thing(
        nodes=nodes, edge_names=[('left_ear', 'right_ear')], symmetries=[Thing(nodes=nodes[::-1])]
    )
    return Thing(
        skeletons=[skeleton],
        skeleton=skeleton,
        user_labeled_frames=frames,
        videos=[film],
        tracks=[one, two],
    )


def test_labelled_frames_and_others_of_the_video(tmp_path):
    path = video(tmp_path / 'walk.avi')
    table = read_labels('x.slp', labels(path), Options(frames=2))
    assert table.joints == ['left_ear', 'right_ear'] and table.pairs == [('left_ear', 'right_ear')]
    assert table.clips[0].numbers == [2, 3, 5, 9] and table.labeled == 2
    first, _, third, _ = table.shots
    assert first.people[0].keypoints.tolist() == [[1.5, 2, 2], [0, 0, 0]]
    assert third.people[0].keypoints.tolist() == [[3, 4, 1], [5, 6, 2]]
    assert first.file_name == 'walk/000002.jpg' and table.individuals == []


def test_tracks_are_individuals(tmp_path):
    table = read_labels('x.slp', labels(video(tmp_path / 'w.avi'), True), Options(frames=1))
    assert table.individuals == ['m1', 'm2']
    people = next(shot.people for shot in table.shots if shot.index == 2)
    assert [(p.number, p.keypoints[0, 0]) for p in people] == [(1, 7.0), (0, 1.5)]


def test_the_video_is_found_beside_the_project(tmp_path):
    video(tmp_path / 'walk.avi')
    table = read_labels(str(tmp_path / 'x.slp'), labels('/gone/walk.avi'), Options(frames=1))
    assert table.labeled == 2


@pytest.mark.parametrize(
    'change, problem',
    [
        (dict(skeletons=[1, 2]), '2 skeletons'),
        (dict(user_labeled_frames=[]), 'no frame that a person labelled'),
        (dict(videos=[Thing(filename='/gone/v.mp4')]), 'v.mp4 is not there'),
        (dict(videos=[Thing(filename='x.pkg.slp')]), 'a package that does not tell which videos'),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, change, problem):
    broken = labels(video(tmp_path / 'w.avi'))
    vars(broken).update(change)
    with pytest.raises(FormatError, match=problem):
        read_labels('x.slp', broken, Options())


def test_a_label_beyond_the_video_is_of_another_one(tmp_path):
    path = video(tmp_path / 'w.avi', frames=4)
    with pytest.raises(FormatError, match='frame 5 is labelled.*another video'):
        read_labels('x.slp', labels(path), Options())


def test_without_the_library_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, 'sleap_io', None)
    with pytest.raises(ImportError, match=r'mmpose_al\[labs\]'):
        import_sleap_io()


def test_a_package_leads_to_its_videos(tmp_path):
    """What has its images inside, as ``.pkg.slp``, names the video that they were taken from."""
    path = video(tmp_path / 'w.avi')
    packed = labels(path)
    packed.videos[0].source_video = Thing(filename=str(path))
    packed.videos[0].filename = 'x.pkg.slp'
    one, two = (read_labels('x.pkg.slp', each, Options()) for each in (labels(path), packed))
    assert [shot.file_name for shot in one.shots] == [shot.file_name for shot in two.shots]
    packed.videos[0].source_video = Thing(filename='/gone/v.mp4')
    with pytest.raises(FormatError, match='its video /gone/v.mp4 is not there'):
        read_labels('x.pkg.slp', packed, Options())
