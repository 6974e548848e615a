"""What an annotation format is, and the table of them (docs/extending/annotation_format.md).

A query goes out as files, :meth:`AnnotationFormat.write`. A file that comes back is read
once, as a :class:`~.document.Document`; the format that recognises its content says which
query it answers and parses it.
"""

import inspect
import os.path as osp
from typing import Any, Dict, List, NamedTuple, Optional, Tuple, Union

import numpy as np

from ...fileio import check_checksum, short
from ...registration import import_custom_modules
from ..paths import Paths
from ..query import NAME, Query
from ..registry import ANNOTATION_FORMATS
from .document import Document
from .faults import Faults


class Answer(NamedTuple):
    """What came back for one person in one image.

    Attributes:
        entry (str): Its place in the file.
        annotation (int): Id in the pool.
        keypoints (ndarray): x, y in pixels of the pool, v in 0, 1, 2; float64 (K, 3).
        reviewed (bool): Whether somebody says to have looked at it.
        by (str, optional): Who gave it, where the tool says so. Where every answer about a
            person says it, there may be several.
        at (str, optional): When, as ISO 8601 writes it.
        seconds (float, optional): How long it took.
        settled (bool): Whether it is marked as the right one of several.
    """

    entry: str
    annotation: int
    keypoints: np.ndarray
    reviewed: bool = False
    by: Optional[str] = None
    at: Optional[str] = None
    seconds: Optional[float] = None
    settled: bool = False


class AnnotationFormat:
    """One annotation format: how a query is written, and how answers are read.

    The arguments of the constructor are the format's options; all have defaults.

    Attributes:
        name (str): As it is registered.
        help (str): One line: what is written.
        looks (str): How its answers are told, for messages: "a list of tasks".
        options (dict): Name of an option -> one line of help.
        query_field (tuple): Entry and field that name the query, for messages.
        others (str): Why :meth:`parse` passes over what belongs to other queries.
    """

    name: str
    help: str = ''
    looks: str = ''
    options: Dict[str, str] = {}
    query_field: Tuple[str, str] = ('file', 'name of an image')
    others: str = ''

    def write(self, query: Query, folder: str) -> None:
        """Write the query's files for the tool into a folder.

        Args:
            query (Query): The query; its images may be in ``folder/images``.
            folder (str): It exists.
        """
        raise NotImplementedError

    def recognise(self, document: Document) -> bool:
        """Whether a file is an answer in this format, told from its content."""
        raise NotImplementedError

    def mistaken(self, document: Document) -> Optional[Tuple[str, str, str, str]]:
        """For a file that no format recognises: what of this tool it is instead.

        Returns:
            tuple: Entry, field, problem and remedy; None if it knows nothing.
        """
        return None

    def query_ids(self, document: Document) -> List[str]:
        """Ids of the queries that a file says it answers.

        By default those in the names of images, wherever they are in a text.
        """
        return sorted({match.group(1) for match in NAME.finditer(document.text)})

    def parse(self, document: Document, query: Query, faults: Faults) -> List[Answer]:
        """The answers of a file.

        Whoever calls it checks ids, numbers, places and persons that are there twice.

        Args:
            document (Document): Of this format.
            query (Query): What it answers.
            faults (Faults): Where faults go.

        Returns:
            list[Answer]: One a person that the file has, labelled or not.
        """
        raise NotImplementedError


def format_names() -> List[str]:
    """Names of the formats, in the order in which they are asked to recognise a file."""
    return list(ANNOTATION_FORMATS.module_dict)


def build_format(spec: Union[str, dict, AnnotationFormat], **options: Any) -> AnnotationFormat:
    """A format by its name.

    Args:
        spec (str | dict): The name, or ``dict(type=name, **options)``.
        options: More of the constructor's arguments.

    Raises:
        ValueError: There is no such format or option; it names those that there are.
    """
    if isinstance(spec, AnnotationFormat):
        return spec
    given = dict(spec, **options) if isinstance(spec, dict) else dict(options, type=spec)
    name = given.pop('type', None)
    kind = ANNOTATION_FORMATS.module_dict.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ValueError(
            f'an annotation format is one of {", ".join(format_names())}; got {short(name)}. '
            'One of your own is registered by a module of custom_imports'
        )
    known = inspect.signature(kind).parameters
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ValueError(
            f'annotation format {name!r} has no option {", ".join(unknown)}; '
            f'there are {", ".join(known) or "none"}'
        )
    made = kind(**given)
    made.name = name
    return made


def named_format(
    name: str, options: Optional[dict] = None, work_dir: Optional[str] = None
) -> AnnotationFormat:
    """A format that somebody asks for by name in a command.

    Args:
        name (str): The name.
        options (dict, optional): Arguments of its constructor.
        work_dir (str, optional): Of an experiment, whose config may import the format.

    Raises:
        ValueError: There is no such format or option; it names those that there are.
    """
    if name not in format_names() and work_dir:
        import_formats(work_dir)
    return build_format(name, **(options or {}))


def build_formats(
    options: Optional[dict] = None, work_dir: Optional[str] = None
) -> List[AnnotationFormat]:
    """All formats, each with those of the options that it has.

    Args:
        options (dict, optional): Arguments of their constructors.
        work_dir (str, optional): Of an experiment, whose config may import the format
            that has an option.

    Raises:
        ValueError: No format has one of the options.
    """
    options = options or {}
    kinds = ANNOTATION_FORMATS.module_dict
    has = {name: set(inspect.signature(kind).parameters) for name, kind in kinds.items()}
    unknown = sorted(set(options) - set().union(*has.values()))
    if unknown and work_dir:
        import_formats(work_dir)
        return build_formats(options)
    if unknown:
        options_there = ', '.join(sorted(set().union(*has.values())))
        raise ValueError(
            f'no annotation format has an option {", ".join(unknown)}; there are {options_there}'
        )
    return [
        build_format(name, **{key: options[key] for key in options if key in has[name]})
        for name in kinds
    ]


def describe_formats() -> str:
    """The formats and their options as lines of text, for the help of a command."""
    lines = []
    for name, kind in ANNOTATION_FORMATS.module_dict.items():
        lines.append(f'  {name:<14}{kind.help}')
        lines += [f'    {option}=...: {text}' for option, text in kind.options.items()]
    return '\n'.join(lines)


def import_formats(work_dir: str) -> None:
    """Import what the config of an experiment imports, which may register formats.

    Raises:
        ImportError: A module is not there.
        FileError: The config is not what was written.
    """
    path = Paths(work_dir).config
    if not osp.exists(path):
        return
    check_checksum(path)
    from mmengine.config import Config

    import_custom_modules(Config.fromfile(path, import_custom_modules=False))
