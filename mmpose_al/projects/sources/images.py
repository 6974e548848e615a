"""A folder of images, with the folders in it."""

import glob
import os
import os.path as osp
from typing import List, Sequence

from ...converters.sources import PICTURES, pictures
from ...datasets.format import FormatError
from ...fileio import visible_names
from ..registry import PROJECT_SOURCES
from ..table import Shot, Table, link_name
from ..yolo_labels import pose_labels_beside
from .base import Options, ProjectSource, shown_size


@PROJECT_SOURCES.register_module(name='images')
class ImageFolder(ProjectSource):
    """Every image is one of the pool, without labels."""

    order = 70
    looks = 'a folder of images'

    def recognise(self, path: str, options: Options) -> bool:
        """See :class:`ProjectSource`."""
        return osp.isdir(path) and bool(image_names(path))

    def read(self, paths: Sequence[str], options: Options) -> Table:
        """See :class:`ProjectSource`."""
        table = Table('images')
        for path in paths:
            name = link_name(path)
            if name in table.folders:
                name = f'{name}-{len(table.folders) + 1}'
            table.folders[name] = osp.abspath(path)
            labels = label_files(path)
            if labels:
                raise FormatError(
                    f'{path}: holds labels ({labels[0]}), which would be lost: it is read as a '
                    'folder of images. Give the whole project that they are of, or a folder of '
                    'images alone'
                )
            names = image_names(path)
            check_no_poses(path, names)
            for image in names:
                size = shown_size(osp.join(path, image))
                table.shots.append(Shot(f'{name}/{image}', size))
        return table


def check_no_poses(folder: str, images: Sequence[str]) -> None:
    """Refuse a folder of images beside which labels of poses lie, which would be lost.

    Raises:
        FormatError: There are some, in the form of YOLO.
    """
    labels = pose_labels_beside(folder, images)
    if labels is not None:
        raise FormatError(
            f'{folder}: labels of YOLO poses lie beside the images ({labels}), and would be lost: '
            'it is read as a folder of images. Give the folder of their data.yaml, with kpt_shape '
            'and kpt_names; or a folder of images alone'
        )


def image_names(folder: str) -> List[str]:
    """Images in a folder and in those below it, with slashes, numbers in their order."""
    found = []
    for root, folders, _ in os.walk(folder):
        folders[:] = visible_names_of_folders(root)
        below = osp.relpath(root, folder).replace(os.sep, '/')
        names = pictures(root) if visible_names(root, PICTURES) else []
        found += [name if below == '.' else f'{below}/{name}' for name in names]
    return found


def label_files(folder: str) -> List[str]:
    """Label files of DeepLabCut and of Lightning Pose among images, with slashes."""
    found = []
    for below in ('', '*'):
        names = osp.join(glob.escape(folder), below, 'CollectedData*')
        found += [path for path in glob.glob(names) if path.endswith(('.csv', '.h5'))]
    return sorted(osp.relpath(path, folder).replace(os.sep, '/') for path in found)


def visible_names_of_folders(root: str) -> List[str]:
    """Folders in a folder, by name, without hidden ones."""
    return [name for name in visible_names(root) if osp.isdir(osp.join(root, name))]
