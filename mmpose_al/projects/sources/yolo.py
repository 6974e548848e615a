"""A data set in the form of Ultralytics' YOLO pose: ``data.yaml``, ``images`` and ``labels``."""

import glob
import os.path as osp
from typing import Any, List, Optional, Sequence, Tuple

from ...datasets.format import FormatError
from ...fileio import short
from ..registry import PROJECT_SOURCES
from ..skeleton import coco_skeleton
from ..table import Shot, Table, link_name
from ..yolo_labels import label_path, read_labels
from .base import Options, ProjectSource, read_yaml, shown_size, yaml_has
from .images import image_names

SHAPE = 'kpt_shape'  # what tells a data set of poses: [joints, 2 or 3]
SPLITS = ('train', 'val', 'test')


@PROJECT_SOURCES.register_module(name='yolo')
class YoloPose(ProjectSource):
    """Images of all splits, with boxes and joints of the text file of each.

    Numbers are shares of the image, and become pixels as COCO's are: no half pixel is taken off.
    """

    order = 15
    looks = 'a data set of YOLO pose (data.yaml)'

    def recognise(self, path: str, options: Options) -> bool:
        """See :class:`ProjectSource`."""
        return data_file(path) is not None

    def read(self, paths: Sequence[str], options: Options) -> Table:
        """See :class:`ProjectSource`."""
        if len(paths) > 1:
            raise FormatError(f'{paths[1]}: is a second data set of YOLO. Make a project of each')
        file = data_file(paths[0])
        assert file is not None  # or it would not be recognised
        return read_yolo(file, options)


def data_file(path: str) -> Optional[str]:
    """The ``data.yaml`` of poses that a path is, or holds under any name; None without."""
    if osp.isdir(path):
        found = sorted(glob.glob(osp.join(glob.escape(path), '*.y*ml')))
        return next((file for file in found if yaml_has(file, SHAPE)), None)
    ends = path.lower().endswith(('.yaml', '.yml'))
    return path if ends and osp.isfile(path) and yaml_has(path, SHAPE) else None


def read_yolo(file: str, options: Options) -> Table:
    """A data set; see :class:`YoloPose`.

    Raises:
        FormatError: ``data.yaml`` or a label breaks the form, or there are no images.
    """
    content = read_yaml(file)
    home = osp.dirname(osp.abspath(file))
    number, values = _shape(content, file)
    joints = _joints(content, number, options, file)
    table = Table('yolo', joints, pairs=_pairs(content, joints, file))
    label = link_name(home)
    table.folders[label] = home
    for folder in _folders(content, home, file):
        for name in image_names(folder):
            image = osp.join(folder, name)
            size = shown_size(image)
            people = read_labels(label_path(image), number, values, size)
            below = osp.relpath(image, home).replace('\\', '/')
            table.shots.append(Shot(f'{label}/{below}', size, people=people))
    if not table.labeled:
        raise FormatError(
            f'{file}: no image has a label of joints; they are looked for in a folder "labels" in '
            'the place of "images", or beside the images. Give a folder of images if there are none'
        )
    classes = content.get('names')
    if isinstance(classes, (dict, list)) and len(classes) > 1:
        table.said.append(f'{len(classes)} classes are read as one kind of body')
    if content.get('val'):
        table.said.append('its splits are one pool; --val says what validates')
    return table


def _shape(content: dict, file: str) -> Tuple[int, int]:
    """How many joints there are, and numbers of each."""
    shape = content[SHAPE]
    good = isinstance(shape, list) and len(shape) == 2 and all(type(v) is int for v in shape)
    if not good or shape[0] < 1 or shape[1] not in (2, 3):
        raise FormatError(f'{file}: {SHAPE} is {short(shape)}; write [JOINTS, 2 or 3]')
    return shape[0], shape[1]


def _joints(content: dict, number: int, options: Options, file: str) -> List[str]:
    """Names of the joints: of the file, of the command, or COCO's."""
    names: Any = content.get('kpt_names')
    if isinstance(names, dict) and names:
        names = next(iter(names.values()))
    if not isinstance(names, list) and options.keypoints:
        names = list(options.keypoints)
    if not isinstance(names, list):
        coco = coco_skeleton()
        if number == len(coco.joints) and _pairs(content, coco.joints, file) == coco.pairs:
            names = coco.joints
    if not isinstance(names, list):
        raise FormatError(
            f'{file}: names no joints (kpt_names). Say how the {number} are called: --keypoints '
            'NAME ...'
        )
    if len(names) != number:
        raise FormatError(
            f'{file}: {SHAPE} has {number} joints, and there are {len(names)} names: '
            f'{short(names, 200)}. Correct it'
        )
    return [str(name) for name in names]


def _pairs(content: dict, joints: List[str], file: str) -> Optional[List[Tuple[str, str]]]:
    """Left and right, of ``flip_idx``; the one with 'left' in its name is first."""
    flip = content.get('flip_idx')
    if flip is None:
        return None
    if not isinstance(flip, list) or sorted(map(str, flip)) != sorted(map(str, range(len(joints)))):
        raise FormatError(
            f'{file}: flip_idx is {short(flip)}, not each number from 0 to {len(joints) - 1} once'
        )
    pairs = [(joints[a], joints[b]) for a, b in enumerate(flip) if a < b]
    return [(b, a) if 'left' in b.lower() else (a, b) for a, b in pairs]


def _folders(content: dict, home: str, file: str) -> List[str]:
    """Folders of images, each once."""
    roots = [osp.join(home, str(content['path']))] if content.get('path') else []
    found: List[str] = []
    named = [entry for split in SPLITS for entry in _listed(content.get(split))]
    for entry in named:
        # Roboflow writes ../train/images of a folder that lies beside data.yaml.
        ends = [entry, entry.replace('../', '')]
        tried = [osp.join(root, end) for root in [*roots, home] for end in ends]
        folder = next((path for path in tried if osp.isdir(path)), None)
        if folder is None:
            raise FormatError(
                f'{file}: {short(entry)} is no folder of images; it was looked for in '
                f'{osp.dirname(tried[0])}. Correct it'
            )
        found.append(osp.abspath(folder))
    if not named:
        found = [osp.join(home, 'images')]
    outside = next((f for f in found if osp.relpath(f, home).startswith('..')), None)
    if outside is not None:
        raise FormatError(f'{file}: {outside} lies elsewhere. Put {osp.basename(file)} above it')
    return list(dict.fromkeys(found))


def _listed(entry: Any) -> List[str]:
    """The folders of a split: one, several, or none."""
    if not entry:
        return []
    return [str(each) for each in (entry if isinstance(entry, list) else [entry])]
