"""The kinds of source."""

from mmpose_al.projects import sources
from mmpose_al.projects.registry import PROJECT_SOURCES


def test_every_kind_has_a_name():
    names = {'coco', 'deeplabcut', 'images', 'lightning-pose', 'rig', 'sleap', 'videos', 'yolo'}
    assert set(PROJECT_SOURCES.module_dict) == names
    assert PROJECT_SOURCES.get('images') is sources.ImageFolder
