"""A data set of YOLO pose: pixels worked by hand, splits, names, and what is refused."""

import numpy as np
import pytest

from mmpose_al.datasets.format import FormatError
from mmpose_al.projects.sources import Options, read_sources
from mmpose_al.synthetic.body import KEYPOINT_NAMES
from tests.test_projects.files import picture

NAMES = 'kpt_names: {0: [snout, left_ear, right_ear]}'
YAML = """
train: images/train
val: images/val
kpt_shape: [3, 3]
flip_idx: [0, 2, 1]
names: {0: mouse}
"""
LINE = '0 0.5 0.5 0.25 0.5 0.5 0.25 2 0.125 0.75 1 0 0 0'
BESIDE = '0 0.5 0.5 0.25 0.5 0.5 0.25 0.125 0.75 0 0'


def dataset(folder, yaml=YAML + NAMES, labels=LINE, split='train', below='{}/' + 'train'):
    """Two images of 64 x 48 for training, one of them labelled, and one that validates."""
    for place, name in enumerate(('images/train/1.png', 'images/train/2.png', 'images/val/3.png')):
        picture(folder / name, value=40 + place)
    write(folder / 'labels/train/1.txt', labels)
    write(folder / 'labels/val/3.txt', LINE + '\n' + LINE)
    write(folder / 'data.yaml', yaml)
    return folder


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize('given', ['', 'data.yaml'])
def test_shares_of_the_image_become_pixels(tmp_path, given):
    table = read_sources([str(dataset(tmp_path / 'mice') / given)], Options())
    assert table.kind == 'yolo' and table.joints == ['snout', 'left_ear', 'right_ear']
    assert table.pairs == [('left_ear', 'right_ear')]
    assert [shot.file_name for shot in table.shots] == [
        'mice/images/train/1.png',
        'mice/images/train/2.png',
        'mice/images/val/3.png',
    ]
    assert table.folders == {'mice': str(tmp_path / 'mice')} and table.labeled == 2
    (person,) = table.shots[0].people
    np.testing.assert_array_equal(person.keypoints, [[32, 12, 2], [8, 36, 1], [0, 0, 0]])
    assert person.bbox == [24, 12, 16, 24]
    assert [len(shot.people) for shot in table.shots] == [1, 0, 2]
    assert any('--val says what validates' in line for line in table.said)


def test_two_numbers_a_joint(tmp_path):
    yaml = YAML.replace('[3, 3]', '[3, 2]') + NAMES
    dataset(tmp_path, yaml, BESIDE)
    write(tmp_path / 'labels/val/3.txt', '')
    first, _, third = read_sources([str(tmp_path)], Options()).shots
    np.testing.assert_array_equal(first.people[0].keypoints, [[32, 12, 2], [8, 36, 2], [0, 0, 0]])
    assert third.people == []


def test_names_of_the_joints(tmp_path):
    dataset(tmp_path, YAML)
    with pytest.raises(FormatError, match=r'names no joints .kpt_names.*the 3 are.*--keypoints'):
        read_sources([str(tmp_path)], Options())
    names = ['tail', 'left_paw', 'right_paw']
    assert read_sources([str(tmp_path)], Options(keypoints=names)).joints == names
    with pytest.raises(FormatError, match='has 3 joints, and there are 2 names'):
        read_sources([str(tmp_path)], Options(keypoints=names[:2]))
    line = '0 0.5 0.5 1 1' + ' 0.5 0.5 2' * 17
    yaml = (
        'kpt_shape: [17, 3]\nflip_idx: [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15]'
    )
    people = dataset(tmp_path / 'people', yaml, line)
    write(people / 'labels/val/3.txt', line)
    table = read_sources([str(people)], Options())
    assert table.joints == list(KEYPOINT_NAMES) and ('left_eye', 'right_eye') in table.pairs
    assert len(table.pairs) == 8 and len(table.shots) == 3  # all below images


def test_folders_as_tools_write_them(tmp_path):
    """Roboflow's ../train/images, a path of another machine, and several folders of a split."""
    for split in ('train', 'valid'):
        picture(tmp_path / split / 'images' / f'{split}.png')
        write(tmp_path / split / 'labels' / f'{split}.txt', LINE)
    yaml = 'path: /content/mice\ntrain: [../train/images]\nval: ../valid/images\ntest:\n'
    write(tmp_path / 'data.yaml', yaml + 'kpt_shape: [3, 3]\n' + NAMES)
    table = read_sources([str(tmp_path)], Options())
    assert table.labeled == 2 and table.pairs is None
    write(tmp_path / 'data.yaml', 'train: a/b\nkpt_shape: [3, 3]\n' + NAMES)
    with pytest.raises(FormatError, match="'a/b' is no folder of images"):
        read_sources([str(tmp_path)], Options())
    (tmp_path / 'in').mkdir()
    write(tmp_path / 'in/data.yaml', f'path: {tmp_path}\ntrain: train\nkpt_shape: [3, 3]\n' + NAMES)
    with pytest.raises(FormatError, match='lies elsewhere. Put data.yaml above it'):
        read_sources([str(tmp_path / 'in')], Options())


@pytest.mark.parametrize(
    'change, told',
    [
        (dict(yaml=YAML.replace('[3, 3]', '[3]') + NAMES), r'kpt_shape is \[3\]; write'),
        (dict(yaml=YAML.replace('[0, 2, 1]', '[0, 2, 2]') + NAMES), 'flip_idx is .0, 2, 2., not'),
        (dict(labels=LINE + ' 1'), r'1.txt, line 1: has 15 numbers; .* make 14. Export poses'),
        (dict(labels=LINE + '\nmouse 1'), "1.txt, line 2: 'mouse 1' is not numbers alone"),
        (dict(labels=LINE.replace('0.75 1', '0.75 0.4')), 'a visibility is not 0, 1 or 2'),
    ],
)
def test_what_is_refused(tmp_path, change, told):
    with pytest.raises(FormatError, match=told):
        read_sources([str(dataset(tmp_path / 'mice', **change))], Options())


def test_a_data_set_without_labels_is_refused(tmp_path):
    folder = dataset(tmp_path / 'mice')
    for name in ('train/1', 'val/3'):
        (folder / 'labels' / f'{name}.txt').unlink()
    with pytest.raises(FormatError, match='no image has a label of joints'):
        read_sources([str(folder)], Options())
    with pytest.raises(FormatError, match='a second data set of YOLO'):
        read_sources([str(folder), str(folder)], Options())
