"""What a source of a project is, and how the sources of a command are told and read."""

import os.path as osp
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import cv2
from PIL import Image

from ...converters.sources import EXIF_ORIENTATION
from ...datasets.format import FormatError
from ...datasets.images import ImageError, WrongImage, check_image, unused_bits
from ...fileio import read_bytes, short, visible_names
from ..registry import PROJECT_SOURCES
from ..rig_labels import join_with_rig
from ..table import Table
from ..table_checks import check_table

# Of Pillow, which OpenCV decodes, too.
COMMON_MODES = ('1', 'L', 'LA', 'P', 'RGB', 'RGBA', 'CMYK', 'YCbCr', 'I', 'I;16', 'I;16B')


class Options(NamedTuple):
    """What a command says about its sources; each source reads what concerns it.

    Attributes:
        frames (int): Most images of a video.
        step (int, optional): Every so many frames of a video instead.
        spread (bool): Whether the frames of a video are those that look different.
        calibration (list[str]): Files; empty: looked for beside the videos.
        unit (str, optional): Of the calibration's translations.
        size_change (str, optional): What became of images of another size than calibrated,
            see :func:`~mmpose_al.converters.sources.resized`.
        fps (float, optional): Whatever the videos tell.
        allow_unequal (bool): Whether views may have different numbers of frames.
        images (str, optional): Folder that the file names of a COCO file start from.
        missing (str): ``'raise'`` or ``'skip'`` labelled images that are not there.
        keypoints (list[str]): Names of the joints, where a source does not name its own.
        keep (dict): Folder below the project's ``images`` -> frames of a video that are taken
            whatever else is: those that people labelled.
    """

    frames: int = 200
    step: Optional[int] = None
    spread: bool = False
    calibration: Sequence[str] = ()
    unit: Optional[str] = None
    size_change: Optional[str] = None
    fps: Optional[float] = None
    allow_unequal: bool = False
    images: Optional[str] = None
    missing: str = 'raise'
    keypoints: Sequence[str] = ()
    keep: Mapping[str, Sequence[int]] = {}


class ProjectSource:
    """One kind of source.

    Attributes:
        name (str): As it is registered.
        looks (str): How it is told, for messages: "a folder of images".
        order (int): Smaller ones are asked first: a project of another tool holds videos
            and images, too.
    """

    name: str
    looks: str = ''
    order: int = 45

    def recognise(self, path: str, options: Options) -> bool:
        """Whether a path is a source of this kind, told from its content."""
        raise NotImplementedError

    def read(self, paths: Sequence[str], options: Options) -> Table:
        """Read all sources of this kind. Nothing is written.

        Raises:
            FormatError: Naming file, entry and remedy.
        """
        raise NotImplementedError


def all_sources() -> List[ProjectSource]:
    """One source of each kind, in the order in which they are asked."""
    made = []
    for name, kind in PROJECT_SOURCES.module_dict.items():
        made.append(kind())
        made[-1].name = name
    return sorted(made, key=lambda source: source.order)


def source_of(path: str, options: Options) -> ProjectSource:
    """The source that recognises a path.

    Raises:
        FormatError: None does; it says what there is.
    """
    kinds = all_sources()
    for kind in kinds:
        if kind.recognise(path, options):
            return kind
    there = '=' in path or osp.exists(path)
    looks = '; '.join(kind.looks for kind in kinds)
    problem = 'is of no kind that is known' if there else 'no such file or folder'
    inside = [osp.join(path, name) for name in visible_names(path)] if osp.isdir(path) else []
    inside = [each for each in inside[:50] if any(k.recognise(each, options) for k in kinds)]
    if inside:
        raise FormatError(f'{path}: {problem}. Name what it holds: {short(inside, 300)}')
    raise FormatError(f'{path}: {problem}. A project is made of: {looks}')


def read_sources(paths: Sequence[str], options: Options, all_options: bool = True) -> Table:
    """All sources of a command as one table, checked.

    Args:
        paths (Sequence[str]): The sources.
        options (Options): Of the command.
        all_options (bool): Whether all of these are about these sources.

    Raises:
        FormatError: A source is of no known kind, cannot be read, or does not fit the others;
            or none reads an option.
    """
    found: List[Tuple[ProjectSource, List[str]]] = []
    for path in paths:
        source = source_of(path, options)
        same = next((group for kind, group in found if kind.name == source.name), None)
        if same is None:
            found.append((source, [path]))
        else:
            same.append(path)
    if all_options:
        check_options(options, [source.name for source, _ in found])
    tables = [source.read(group, options) for source, group in found]
    table = check_table(join_with_rig(tables))
    table.said += dark_images(table)
    return table


def check_options(options: Options, kinds: Sequence[str]) -> None:
    """Refuse options that no source reads, as they say that it was taken for another.

    Raises:
        FormatError: There are some.
    """
    of_rigs = {
        '--calibration': options.calibration,
        '--unit': options.unit,
        '--calibration-size': options.size_change,
        '--allow-unequal': options.allow_unequal,
    }
    given = [name for name, value in of_rigs.items() if value]
    if given and 'rig' not in kinds:
        raise FormatError(
            f'{given[0]}: there is no calibrated rig among the sources ({", ".join(kinds)}). Give '
            'the folder that holds its views, one video or folder of images a camera, or name '
            'each view: NAME=VIDEO'
        )
    if options.images and 'coco' not in kinds:
        raise FormatError(
            f'--images: the sources ({", ".join(kinds)}) have their images beside them; it is for '
            'a COCO file'
        )


def dark_images(table: Table) -> List[str]:
    """A line for each linked folder whose first image is dark for want of bits."""
    lines = []
    for name, folder in table.folders.items():
        start = f'{name}/'
        files = (s.file_name for s in table.shots if s.file_name.startswith(start))
        first = next(files, None)
        lines.append('' if first is None else unused_bits(osp.join(folder, first[len(start) :])))
    return list(filter(None, lines))


# ---- what several sources share ---------------------------------------------------------


def shown_size(path: str) -> Tuple[int, int]:
    """Width and height of an image as viewers show it, from its header.

    Raises:
        FormatError: It is no image that can be read, or ends too early.
    """
    try:
        check_image(path)
        with Image.open(path) as image:
            turned = image.getexif().get(EXIF_ORIENTATION, 1) in (5, 6, 7, 8)
            doubtful = image.mode not in COMMON_MODES or (turned and image.format == 'TIFF')
            if doubtful and cv2.imread(path) is None:
                tag = ' and an EXIF orientation' if turned else ''
                raise WrongImage(
                    f'{path}: OpenCV cannot decode it (mode {image.mode} of Pillow{tag}). Write it '
                    'with 8 bits, turned as it is shown'
                )
            return image.size[::-1] if turned else image.size
    except WrongImage as error:
        raise FormatError(str(error)) from None
    except ImageError as error:
        raise FormatError(f'{error}. Copy it again, or take it out') from None
    except Exception:  # whatever a broken file makes the reader raise
        raise FormatError(
            f'{path}: cannot be read as an image. Copy it again, or take it out'
        ) from None


def without_missing(
    names: Sequence[str], paths: Sequence[str], options: Options, file: str, said: List[str]
) -> List[int]:
    """Places of the labelled images that are there.

    Args:
        names (Sequence[str]): As the label file names them.
        paths (Sequence[str]): Where they should be.
        options (Options): ``missing='skip'`` leaves out those that are not there.
        file (str): The label file.
        said (list[str]): Takes a line about what is left out.

    Raises:
        FormatError: Images are missing; it counts them and names the first.
    """
    there = [place for place, path in enumerate(paths) if osp.isfile(path)]
    if len(there) == len(names):
        return there
    gone = [name for name, path in zip(names, paths) if not osp.isfile(path)]
    first = ', '.join(gone[:3]) + (', ...' if gone[3:] else '')
    text = f'{file}: {len(gone)} of {len(names)} labelled images are not there: {first}'
    if options.missing == 'raise':
        where = osp.dirname(paths[names.index(gone[0])])
        raise FormatError(
            f'{text}. They were looked for in {where}. Copy them there (another label file may '
            'belong to another project), or leave them out with --missing-images skip'
        )
    said.append(f'{text}; they are left out')
    return there


def read_yaml(path: str) -> Dict[str, Any]:
    """The entries of a YAML file; none where it holds something else.

    Raises:
        FormatError: It is not YAML.
    """
    import yaml

    try:
        content = yaml.safe_load(read_bytes(path))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise FormatError(f'{path}: is not YAML ({error}). Write it again') from None
    return content if isinstance(content, dict) else {}


def yaml_has(path: str, key: str) -> bool:
    """Whether a file is YAML and has an entry."""
    try:
        return key in read_yaml(path)
    except FormatError:
        return False


def has_files(folder: str, endings: Sequence[str]) -> bool:
    """Whether a folder holds a visible file of one of the endings."""
    return osp.isdir(folder) and bool(visible_names(folder, endings))
