"""Label files of YOLO, found and told from others."""

import pytest

from mmpose_al.projects.sources import Options, read_sources
from mmpose_al.projects.yolo_labels import label_path, pose_labels_beside, read_labels
from tests.test_projects.files import picture

POSE = '0 0.5 0.5 0.25 0.5 0.5 0.25 2'


def test_where_labels_are(tmp_path):
    image = tmp_path / 'images' / 'a' / 'images' / '1.jpg'
    assert label_path(str(image)) == str(image)[:-4] + '.txt'
    other = tmp_path / 'images' / 'a' / 'labels' / '1.txt'
    other.parent.mkdir(parents=True)
    other.write_text(POSE)
    assert label_path(str(image)) == str(other)
    assert read_labels(str(image)[:-4] + '.txt', 1, 3, (8, 8)) == []
    (person,) = read_labels(str(other), 1, 3, (64, 48))
    assert person.keypoints.tolist() == [[32, 12, 2]]


@pytest.mark.parametrize('place', ['{}', 'labels/{}'])
def test_a_folder_of_images_says_that_labels_would_be_lost(tmp_path, place):
    folder = tmp_path / 'mice' / 'images'
    picture(folder / '1.png')
    labels = folder.parent / 'labels' if place.startswith('labels') else folder
    labels.mkdir(exist_ok=True)
    (labels / '1.txt').write_text(POSE)
    with pytest.raises(ValueError, match='labels of YOLO poses lie beside.*1.txt.*data.yaml'):
        read_sources([str(folder)], Options())
    for text in (
        '0 0.5 0.5 0.25 0.5',
        'taken on a Monday at 5 6 7 8',
        '',
        '0.5 1 1 1 1 1 1',
        '7 9 9 9 9 9',
    ):
        (labels / '1.txt').write_text(text)  # boxes, and texts of other things
        assert pose_labels_beside(str(folder), ['1.png']) is None
        assert len(read_sources([str(folder)], Options()).shots) == 1
