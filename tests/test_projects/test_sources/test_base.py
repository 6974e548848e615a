"""Telling and reading the sources of a command."""

import pytest

from mmpose_al.datasets.format import FormatError
from mmpose_al.projects.sources import Options, all_sources, read_sources
from mmpose_al.projects.sources.base import shown_size, source_of, without_missing
from tests.test_projects.files import calibration, coco, deeplabcut, picture, video

OPTIONS = Options()


def test_projects_of_other_tools_are_asked_for_before_videos_and_images():
    names = [source.name for source in all_sources()]
    assert names[:-3] == ['deeplabcut', 'yolo', 'lightning-pose', 'sleap', 'coco']
    assert names[-3:] == ['rig', 'videos', 'images']


def test_each_kind_is_told_from_its_content(tmp_path):
    deeplabcut(tmp_path / 'dlc', with_video=True)
    (tmp_path / 'lp').mkdir()
    picture(tmp_path / 'lp' / 'labeled-data' / 'a' / '1.png')
    (tmp_path / 'lp' / 'CollectedData.csv').write_text('scorer')
    (tmp_path / 'x.slp').write_bytes(b'\x89HDF\r\n\x1a\n' + bytes(8))
    coco(tmp_path / 'c.json')
    for name in 'ab':
        video(tmp_path / 'rig' / f'{name}.avi')
        picture(tmp_path / 'views' / name / '1.png')
    calibration(tmp_path / 'rig' / 'calib.toml', 'ab')
    video(tmp_path / 'v' / 'one.avi')
    expected = {
        'dlc': 'deeplabcut',
        'dlc/config.yaml': 'deeplabcut',
        'lp': 'lightning-pose',
        'x.slp': 'sleap',
        'c.json': 'coco',
        'rig': 'rig',
        'rig/a.avi': 'videos',
        'v': 'videos',
        'views': 'images',
        'images': 'images',
    }
    found = {name: source_of(str(tmp_path / name), OPTIONS).name for name in expected}
    assert found == expected
    given = Options(calibration=['calib.toml'])
    assert source_of(str(tmp_path / 'views'), given).name == 'rig'
    assert source_of('cam=somewhere.mp4', OPTIONS).name == 'rig'


@pytest.mark.parametrize(
    'name, text, problem',
    [
        ('gone', None, 'no such file'),
        ('x.json', '{"a": 1}', 'no kind that is known'),
        ('y.json', '[1, 2]', 'no kind that is known'),
        ('z.slp', 'not HDF5', 'no kind that is known'),
        ('config.yaml', 'a: [', 'no kind that is known'),
        ('empty', '', 'no kind that is known'),
    ],
)
def test_what_is_of_no_kind_is_told_what_there_is(tmp_path, name, text, problem):
    if text == '':
        (tmp_path / name).mkdir()
    elif text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(FormatError, match=f'{problem}.*a COCO keypoints file'):
        source_of(str(tmp_path / name), OPTIONS)


def test_a_folder_of_sources_is_told_what_to_name(tmp_path):
    for name in ('trial1', 'trial2'):
        video(tmp_path / 'session' / name / 'a.avi')
    with pytest.raises(FormatError, match='no kind .*Name what it holds: .*trial1.*trial2'):
        source_of(str(tmp_path / 'session'), OPTIONS)


def test_sources_of_several_kinds_become_one_table(tmp_path):
    coco(tmp_path / 'c.json')
    video(tmp_path / 'more.avi')
    table = read_sources([str(tmp_path / 'c.json'), str(tmp_path / 'more.avi')], OPTIONS)
    assert table.kind == 'coco' and table.labeled == 2 and len(table.shots) == 3 + 12


def test_options_that_no_source_reads_are_refused(tmp_path):
    """Videos of a rig that are given one by one, without names, are no rig."""
    videos = [str(video(tmp_path / f'{name}.avi')) for name in 'ab']
    given = str(calibration(tmp_path / 'calib.toml', 'ab'))
    for options, problem in (
        (Options(calibration=[given]), '--calibration: there is no calibrated rig .*(videos)'),
        (Options(unit='m'), '--unit: there is no'),
        (Options(allow_unequal=True), '--allow-unequal: there is no'),
        (Options(size_change='centre'), '--calibration-size: there is no'),
        (Options(images=str(tmp_path)), '--images: the sources .videos. have'),
    ):
        with pytest.raises(FormatError, match=problem):
            read_sources(videos, options)
        assert len(read_sources(videos, options, all_options=False).shots) == 24
    named = [f'{name}={path}' for name, path in zip('ab', videos)]
    assert read_sources(named, Options(calibration=[given], unit='m')).cameras


def test_missing_images_are_counted_and_named(tmp_path):
    there = picture(tmp_path / 'a.png')
    names, said = ['a.png', 'b.png', 'c.png'], []
    paths = [str(there), str(tmp_path / 'b.png'), str(tmp_path / 'c.png')]
    with pytest.raises(FormatError, match='labels.csv: 2 of 3 labelled images .*b.png, c.png'):
        without_missing(names, paths, OPTIONS, 'labels.csv', said)
    assert without_missing(names, paths, Options(missing='skip'), 'labels.csv', said) == [0]
    assert 'left out' in said[0]


def test_images_that_cannot_be_read_are_named(tmp_path):
    whole = picture(tmp_path / 'a.jpg').read_bytes()
    (tmp_path / 'half.jpg').write_bytes(whole[: len(whole) // 2])
    (tmp_path / 'empty.png').write_bytes(b'')
    (tmp_path / 'text.png').write_text('no image')
    assert shown_size(str(tmp_path / 'a.jpg')) == (64, 48)
    for name, problem in [
        ('half.jpg', 'is truncated'),
        ('empty.png', 'is empty'),
        ('text.png', 'cannot be read as an image'),
        ('gone.png', 'No such file'),
    ]:
        with pytest.raises(FormatError, match=f'{name}.*{problem}.*take it out'):
            shown_size(str(tmp_path / name))


def test_sizes_are_of_images_as_they_are_shown(tmp_path):
    from PIL import Image

    path = tmp_path / 'a.jpg'
    exif = Image.Exif()
    exif[274] = 6
    Image.new('RGB', (64, 48)).save(path, exif=exif)
    assert shown_size(str(path)) == (48, 64)
    (tmp_path / 'b.jpg').write_text('no image')
    with pytest.raises(FormatError, match='b.jpg'):
        shown_size(str(tmp_path / 'b.jpg'))
