"""Label files of DeepLabCut: read, written, read again."""

import numpy as np
import pytest

from mmpose_al.datasets.format import FormatError
from mmpose_al.fileio import FileError
from mmpose_al.projects.dlc_tables import Labels, label_file, labels_text, read_labels
from tests.test_projects.files import deeplabcut, real

MULTI = """scorer,,,Ann,Ann,Ann,Ann,Ann,Ann,Ann,Ann,Ann,Ann
individuals,,,m1,m1,m1,m1,m2,m2,m2,m2,single,single
bodyparts,,,a,a,b,b,a,a,b,b,corner,corner
coords,,,x,y,x,y,x,y,x,y,x,y
labeled-data,walk,img1.png,1,2,3,4,5,6,,,7,8
"""


@pytest.mark.parametrize('columns', [1, 3])
def test_a_file_of_one_animal(tmp_path, columns):
    folder = deeplabcut(tmp_path, columns=columns) / 'labeled-data' / 'walk'
    labels = read_labels(str(folder / 'CollectedData_Ann.csv'))
    assert labels.scorer == 'Ann' and labels.individuals == []
    assert labels.images == ['labeled-data/walk/img003.png', 'labeled-data/walk/img007.png']
    assert labels.joints == ['snout', 'leftear', 'rightear']
    assert labels.points[0, 0, 0].tolist() == [10.5, 20.25]
    assert np.isnan(labels.points[0, 0, 2]).all() and labels.points[1, 0, 2, 0] == 1 / 3


def test_a_file_of_several_animals_by_individual(tmp_path):
    path = tmp_path / 'CollectedData_Ann.csv'
    path.write_text(MULTI)
    labels = read_labels(str(path))
    assert labels.individuals == ['m1', 'm2'] and labels.joints == ['a', 'b']
    assert labels.dropped == ['corner']
    assert labels.points[0, 0].tolist() == [[1, 2], [3, 4]]
    assert labels.points[0, 1, 0].tolist() == [5, 6] and np.isnan(labels.points[0, 1, 1]).all()


def test_what_is_written_is_read_as_it_was(tmp_path):
    points = np.random.RandomState(0).rand(2, 2, 2, 2) * 100 / 3
    points[1, 0, 1] = np.nan
    labels = Labels('B', ['m1', 'm2'], ['a', 'b'], ['x/y/1.png', 'x/y/2.png'], points)
    path = tmp_path / 'CollectedData_B.csv'
    path.write_text(labels_text(labels))
    again = read_labels(str(path))
    np.testing.assert_array_equal(again.points, points)
    assert again._replace(points=None) == labels._replace(points=None)


def test_the_real_file_goes_through_unchanged(tmp_path):
    source = real('dlc_openfield') + '/labeled-data/m4s1/CollectedData_Pranav.csv'
    labels = read_labels(source)
    assert len(labels.images) == 116 and labels.scorer == 'Pranav'
    assert labels.points[0, 0, 3].tolist() == [87.11, 152.69799999999998]
    path = tmp_path / 'again.csv'
    path.write_text(labels_text(labels))
    np.testing.assert_array_equal(read_labels(str(path)).points, labels.points)


@pytest.mark.parametrize(
    'change, problem',
    [
        (('bodyparts', 'parts'), "no row 'bodyparts'"),
        (('coords,x,y', 'coords,x,likelihood'), 'not the predictions'),
        (('leftear', 'snout'), "body part 'snout' is there twice"),
        (('20.25', 'twenty'), 'line 4.*x, y'),
        (('10.5,', ''), 'line 4.*5 numbers'),
    ],
)
def test_what_is_wrong_is_named(tmp_path, change, problem):
    path = deeplabcut(tmp_path) / 'labeled-data' / 'walk' / 'CollectedData_Ann.csv'
    path.write_text(path.read_text().replace(*change))
    with pytest.raises(FormatError, match=problem):
        read_labels(str(path))


@pytest.mark.parametrize(
    'change',
    [
        lambda raw: raw.replace(b'\n', b'\r'),
        lambda raw: b'\xef\xbb\xbf' + raw.replace(b'\n', b'\r\n'),
        lambda raw: raw.decode().encode('utf-16'),
    ],
)
def test_what_other_programs_make_of_a_file_is_read(tmp_path, change):
    path = deeplabcut(tmp_path) / 'labeled-data' / 'walk' / 'CollectedData_Ann.csv'
    before = read_labels(str(path))
    path.write_bytes(change(path.read_bytes()))
    after = read_labels(str(path))
    np.testing.assert_array_equal(after.points, before.points)
    assert after._replace(points=None) == before._replace(points=None)


def test_a_file_without_rows_has_no_labels(tmp_path):
    path = deeplabcut(tmp_path) / 'labeled-data' / 'walk' / 'CollectedData_Ann.csv'
    path.write_text('\n'.join(path.read_text().splitlines()[:3]) + '\n')
    labels = read_labels(str(path))
    assert labels.images == [] and labels.points.shape == (0, 1, 3, 2)
    path.write_text(path.read_text().replace(',', ';'))
    with pytest.raises(FileError, match="its cells stand between ';'. Save it with commas"):
        read_labels(str(path))


def test_individuals_with_other_body_parts_are_refused(tmp_path):
    path = tmp_path / 'CollectedData_Ann.csv'
    path.write_text(MULTI.replace('a,a,b,b,corner', 'a,a,c,c,corner'))
    with pytest.raises(FormatError, match="'m1' and 'm2'"):
        read_labels(str(path))


def test_the_scorers_file_counts(tmp_path):
    assert label_file(str(tmp_path)) is None
    for name in ('A', 'B'):
        (tmp_path / f'CollectedData_{name}.csv').write_text('')
    assert label_file(str(tmp_path), 'B').endswith('CollectedData_B.csv')
    with pytest.raises(FormatError, match='several scorers'):
        label_file(str(tmp_path), 'C')


def test_labels_as_h5_alone_have_a_remedy(tmp_path):
    (tmp_path / 'CollectedData_A.h5').write_text('')
    with pytest.raises(FormatError, match='.h5 alone'):
        label_file(str(tmp_path))
