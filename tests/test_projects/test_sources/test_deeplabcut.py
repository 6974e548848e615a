"""DeepLabCut projects."""

import numpy as np
import pytest

from mmpose_al.datasets.format import FormatError
from mmpose_al.projects.sources import Options, read_sources
from mmpose_al.projects.sources.deeplabcut import below_project, recordings
from tests.test_projects.files import JOINTS, ROWS, deeplabcut, picture, real, video


@pytest.mark.parametrize('columns', [1, 3])
def test_labels_and_the_frames_of_the_video(tmp_path, columns):
    folder = deeplabcut(tmp_path / 'p', columns=columns, with_video=True)
    table = read_sources([str(folder)], Options(frames=4))
    assert table.joints == JOINTS and table.links == [('snout', 'leftear')]
    assert table.labeled == 2 and table.notes['scorer'] == 'Ann'
    labeled = table.shots[0]
    assert labeled.file_name == 'labeled-data/walk/img003.png'
    assert (labeled.sequence, labeled.index, labeled.time) == ('walk', 3, pytest.approx(0.3))
    np.testing.assert_array_equal(
        labeled.people[0].keypoints, [[10.5, 20.25, 2], [12.125, 22, 2], [0, 0, 0]]
    )
    # 1, 4, 7, 10 of 12; the seventh has labels
    assert table.clips[0].numbers == [1, 4, 10] and table.clips[0].folder == 'videos/walk'
    assert [shot.index for shot in table.shots[2:]] == [1, 4, 10]
    assert {shot.sequence for shot in table.shots} == {'walk'}


def test_the_real_project():
    table = read_sources([real('dlc_openfield')], Options(frames=10))
    assert table.labeled == 116 and len(table.shots) == 126
    assert table.joints == ['snout', 'leftear', 'rightear', 'tailbase']


def test_several_animals_are_people_of_their_own(tmp_path):
    folder = deeplabcut(tmp_path)
    path = folder / 'labeled-data' / 'walk' / 'CollectedData_Ann.csv'
    path.write_text(
        'scorer,Ann,Ann,Ann,Ann\nindividuals,m1,m1,m2,m2\nbodyparts,snout,snout,snout,snout\ncoords,x,y,x,y\n'
        'labeled-data/walk/img003.png,1,2,3,4\nlabeled-data/walk/img007.png,,,5,6\n'
    )
    table = read_sources([str(folder)], Options())
    assert table.individuals == ['m1', 'm2'] and 'm1, m2' in table.said[0]
    assert table.said[1] == 'body parts without labels are left out: leftear, rightear'
    assert [[p.number for p in shot.people] for shot in table.shots] == [[0, 1], [1]]


def test_numbers_of_frames_are_those_in_which_names_differ():
    names = ['labeled-data/a2/img012.png', 'labeled-data/a2/img3.png']
    assert recordings(names) == [('a2', 12, True), ('a2', 3, True)]
    assert recordings(['x/a/7_1.png', 'x/a/5_1.png']) == [('a', 7, True), ('a', 5, True)]


@pytest.mark.parametrize(
    'names',
    [
        ['x/a/b.png', 'x/a/c.png'],  # none
        ['x/a/img01.png', 'x/a/img1.png'],  # twice the same
        ['x/a/7_1.png', 'x/a/5_3.png'],  # which one?
        ['x/a/7_1.png', 'x/a/cover.png'],
        ['x/a/img3.png', 'y/a/img3.png'],  # of two folders of one name
    ],
)
def test_names_that_tell_no_number_are_counted_in_their_order(names):
    """In their folder alone: another folder of the file keeps its numbers."""
    others = ['x/other/img8.png', 'x/other/img4.png']
    found = recordings(names + others)
    assert found[:2] == [('a', 0, False), ('a', 1, False)]
    assert found[2:] == [('other', 8, True), ('other', 4, True)]


def test_names_without_a_number_tell_no_time(tmp_path):
    rows = {'b.png': ROWS['img003.png'], 'c.png': ROWS['img007.png']}
    folder = deeplabcut(tmp_path / 'named', rows, with_video=True)
    shots = [s for s in read_sources([str(folder)], Options()).shots if s.is_labeled]
    assert [shot.time for shot in shots] == [None, None]
    folder = deeplabcut(tmp_path / 'numbered', with_video=True)
    shots = [s for s in read_sources([str(folder)], Options()).shots if s.is_labeled]
    assert [shot.time for shot in shots] == pytest.approx([0.3, 0.7])


def test_a_project_of_each_camera(tmp_path):
    """Several projects are one: their folders are called after them, joints go by name."""
    first = deeplabcut(tmp_path / 'camA', recording='day_A')
    turned = {name: points[::-1] for name, points in ROWS.items()}
    second = deeplabcut(tmp_path / 'camB', turned, joints=JOINTS[::-1], recording='day_B')
    table = read_sources([str(first), str(second)], Options())
    assert table.folders == {
        'labeled-data': str(first / 'labeled-data'),
        'camB/labeled-data': str(second / 'labeled-data'),
    }
    assert table.shots[2].file_name == 'camB/labeled-data/day_B/img003.png'
    for one, other in zip(table.shots[:2], table.shots[2:]):
        np.testing.assert_array_equal(one.people[0].keypoints, other.people[0].keypoints)


def test_missing_images_among_the_labels(tmp_path):
    folder = deeplabcut(tmp_path)
    (folder / 'labeled-data' / 'walk' / 'img007.png').unlink()
    with pytest.raises(FormatError, match='1 of 2 labelled images.*img007.png'):
        read_sources([str(folder)], Options())
    table = read_sources([str(folder)], Options(missing='skip'))
    assert table.labeled == 1 and '1 of 2' in table.said[0]


def test_a_label_file_of_another_project_is_refused(tmp_path):
    folder = deeplabcut(tmp_path)
    other = deeplabcut(tmp_path / 'other', joints=['nose', 'lear', 'rear'])
    target = folder / 'labeled-data' / 'zoo'
    picture(target / 'img003.png')
    (other / 'labeled-data' / 'walk' / 'CollectedData_Ann.csv').rename(
        target / 'CollectedData_Ann.csv'
    )
    with pytest.raises(FormatError, match='zoo.*other body parts.*another project'):
        read_sources([str(folder)], Options())


def test_labels_are_held_to_the_config(tmp_path):
    folder = deeplabcut(tmp_path)
    config = folder / 'config.yaml'
    text = config.read_text()
    config.write_text(text.replace('rightear]', 'tail, hip]'))
    with pytest.raises(FormatError, match=r"body parts .*tail.*label files have \['rightear'\]"):
        read_sources([str(folder)], Options())
    config.write_text(text.replace('rightear]', 'rightear, hip]').replace('Ann', 'Bob'))
    said = read_sources([str(folder)], Options()).said
    assert said[0] == 'body parts without labels are left out: hip'
    assert 'scorer Ann; config.yaml names Bob' in said[1] and len(said) == 2
    several = 'multianimalbodyparts: [snout, leftear, rightear]\nbodyparts: MULTI!'
    config.write_text(text.replace('bodyparts: [snout, leftear, rightear]', several))
    assert read_sources([str(folder)], Options()).said == []


def test_labels_are_never_taken_for_a_folder_of_images(tmp_path):
    folder = deeplabcut(tmp_path)
    config = folder / 'config.yaml'
    text = config.read_text()
    config.write_text(text.replace('[snout', '[[snout'))
    with pytest.raises(FormatError, match='config.yaml: is not YAML'):
        read_sources([str(folder)], Options())
    config.write_text(text.replace('bodyparts', 'parts'))
    with pytest.raises(FormatError, match='no "bodyparts"'):
        read_sources([str(folder)], Options())
    config.unlink()
    for below in ('labeled-data', 'labeled-data/walk'):
        with pytest.raises(FormatError, match='CollectedData_Ann.csv.*would be lost'):
            read_sources([str(folder / below)], Options())


def test_frames_of_another_size_than_their_recording(tmp_path):
    folder = deeplabcut(tmp_path, rows={**ROWS, 'img009.png': [(9.0, 40.0), None, None]})
    image = folder / 'labeled-data' / 'walk' / 'img009.png'
    picture(image, size=(48, 48))  # cropped: its label is inside
    said = read_sources([str(folder)], Options()).said
    assert len(said) == 1 and '1 images of the recording' in said[0] and '48x48' in said[0]
    picture(image, size=(32, 24))
    with pytest.raises(FormatError, match='the other 2, 64x48; .*img009.png has 32x24.*outside'):
        read_sources([str(folder)], Options())


def test_labels_without_a_config_are_read(tmp_path):
    folder = deeplabcut(tmp_path)
    (folder / 'config.yaml').unlink()
    table = read_sources([str(folder)], Options())
    assert table.labeled == 2 and table.joints == JOINTS and table.links == []
    assert table.said == [f'{folder}: has no config.yaml, so joints have no limbs']


def test_label_files_of_other_scorers_are_told(tmp_path):
    folder = deeplabcut(tmp_path)
    own = folder / 'labeled-data' / 'walk' / 'CollectedData_Ann.csv'
    own.with_name('CollectedData_Bob.csv').write_text(own.read_text().replace('Ann', 'Bob'))
    said = read_sources([str(folder)], Options()).said
    assert said == [f'{own} counts, and not CollectedData_Bob.csv beside it']


def test_joints_in_another_order_go_by_name(tmp_path):
    folder = deeplabcut(tmp_path)
    turned = {name: points[::-1] for name, points in ROWS.items()}
    deeplabcut(tmp_path, turned, joints=JOINTS[::-1], recording='run')
    table = read_sources([str(folder)], Options())
    by_name = {shot.file_name: shot.people[0].keypoints for shot in table.shots}
    for name in ROWS:
        one, other = (by_name[f'labeled-data/{home}/{name}'] for home in ('walk', 'run'))
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    'name, expected',
    [
        ('labeled-data/walk/1.png', 'labeled-data/walk/1.png'),
        ('/mnt/labeled-data-2024/p/labeled-data/walk/1.png', 'labeled-data/walk/1.png'),
        ('elsewhere/walk/1.png', 'elsewhere/walk/1.png'),
    ],
)
def test_names_of_images_begin_at_labeled_data(name, expected):
    assert below_project(name) == expected


def test_a_project_without_labels(tmp_path):
    folder = deeplabcut(tmp_path / 'a')
    (folder / 'labeled-data' / 'walk' / 'CollectedData_Ann.csv').unlink()
    with pytest.raises(FormatError, match='CollectedData_Ann.csv'):
        read_sources([str(folder)], Options())


def test_videos_that_deeplabcut_has_drawn_into_are_no_frames_of_the_pool(tmp_path):
    source = deeplabcut(tmp_path / 's', with_video=True)
    name = 'walkDLC_resnet50_sOct30shuffle1_50000_labeled.avi'
    video(source / 'videos' / name)
    table = read_sources([str(source)], Options())
    assert {shot.sequence for shot in table.shots} == {'walk'}
    assert f'left out, with keypoints drawn: [{name!r}]' in ' '.join(table.said)
