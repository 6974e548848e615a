"""A query: which units are asked for, what the model thinks of them, and why.

A query is data, ``query.json`` in a folder of its own; the files of the annotation
tools are made from it and may be made again. Its id is a digest of what it asks, is
part of every image's name, and tells an answer from that of another query.
"""

import os
import os.path as osp
import re
import shutil
from typing import Dict, List, Optional, Sequence

from ..command_line import command_line, in_markdown
from ..datasets.image_paths import backslash_note, image_to_show
from ..fileio import JSON_LIMIT, parse_json, read_checked
from .moved import relocated
from .paths import Paths

QUERY_FORMAT, QUERY_VERSION = 'mmpose_al-query', 1
NAME = re.compile(r'(?<![0-9a-f])([0-9a-f]{12})_\d{5,}_(\d+)')


class Query:
    """A query as it is on disk.

    Args:
        content (dict): What ``query.json`` holds.
        folder (str): Where it lies.

    Attributes:
        validating (list[int]): Units that validate, and are never trained on.
        images, annotations (dict): Id -> entry.
        of_image (dict): Image id -> entries of its annotations.
    """

    def __init__(self, content: dict, folder: str):
        self.content, self.folder = content, folder
        self.id: str = content['id']
        self.round: int = content['round']
        self.joints: List[str] = content['category']['keypoints']
        self.units: List[int] = [u['id'] for u in content['units']]
        self.validating = [u['id'] for u in content['units'] if u.get('validates')]
        self.images: Dict[int, dict] = {i['id']: i for i in content['images']}
        self.annotations: Dict[int, dict] = {a['id']: a for a in content['annotations']}
        self.of_image: Dict[int, List[dict]] = {i: [] for i in self.images}
        for annotation in content['annotations']:
            self.of_image[annotation['image_id']].append(annotation)

    def image_path(self, image: dict) -> str:
        """Where an image of the pool is.

        Raises:
            ValueError: Its name leads outside the image folder and those allowed.
        """
        return image_to_show(
            self.content['image_root'] or '', image['file'], self.content.get('image_folders', ())
        )

    def image_to_give(self, image: dict) -> str:
        """:meth:`image_path` of an image that may be handed out.

        Raises:
            FileNotFoundError: It is not there.
            OSError: It is no image.
            ValueError: It is outside, or not of the size that the pool's file declares.
        """
        from ..datasets.images import DeclaredImage, check_image_file

        source = self.image_path(image)
        if not osp.isfile(source):
            raise FileNotFoundError(
                f'{source}: no such image (image {image["id"]} of the pool). Set '
                'image_root of the FileAnnotator to the folder that file_name starts '
                f"from, or images='none'{backslash_note(source)}"
            )
        size = image['width'], image['height']
        # Tools show images as their EXIF says, so answers are as shown.
        check_image_file(source, DeclaredImage(size, self.content['pool']['file'], 'shown'))
        return source


# ---- folders ---------------------------------------------------------------------


def load_query(work_dir: str, round: int) -> Optional[Query]:
    """The query of a round; None where there is none.

    Raises:
        ValueError: ``query.json`` cannot be read.
    """
    paths = Paths(work_dir)
    path = paths.query_file(round)
    if not osp.exists(path):
        if osp.isdir(paths.query(round)):  # a query appears whole
            raise ValueError(
                f'{path}: is not there, and its folder is. Put it back; {_way_back(work_dir)}'
            )
        return None
    try:
        content = parse_json(read_checked(path, JSON_LIMIT), path)
        if (content['format'], content['version']) != (QUERY_FORMAT, QUERY_VERSION):
            raise ValueError(f'format {content["format"]!r}, version {content["version"]!r}')
        return Query(relocated(content, work_dir), paths.query(round))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f'{path} is no query of mmpose_al ({error}); put it back; {_way_back(work_dir)}'
        ) from error


def _way_back(work_dir: str) -> str:
    return f'`{command_line("doctor", work_dir)}` says what to do without it'


def load_queries(work_dir: str) -> List[Query]:
    """All queries of an experiment, by round."""
    found = [load_query(work_dir, number) for number in Paths(work_dir).query_rounds()]
    return [query for query in found if query is not None]


def put_images(query: Query, folder: str) -> None:
    """Copy or link the images of a query into ``folder/images``."""
    how = query.content['image_files']
    if how == 'none':
        return
    os.makedirs(osp.join(folder, 'images'), exist_ok=True)
    for image in query.images.values():
        source = query.image_to_give(image)
        target = osp.join(folder, 'images', image['name'])
        if how == 'link':
            os.symlink(_link_to(source, osp.dirname(target), query.content['pool']['file']), target)
        else:
            shutil.copyfile(source, target)


def _link_to(source: str, folder: str, pool: str) -> str:
    """What a link in a folder says: a way from there if both lie below the folder of the pool.

    Such a project may be moved as a whole.
    """
    source, home = osp.abspath(source), osp.dirname(osp.abspath(pool))
    if all(osp.abspath(each).startswith(osp.join(home, '')) for each in (source, folder)):
        way = osp.relpath(source, osp.abspath(folder))
        there = osp.join(folder, way)
        if osp.exists(there) and osp.samefile(there, source):  # not through another link
            return way
    return source


def describe(query: Query, units: Optional[Sequence[int]] = None) -> str:
    """The query as a table: units in order, views worst first."""
    joints = (
        '| unit | utility | image | view | annotation | error px | confidence '
        '| look first at |\n| --- ' + '| --- ' * 7 + '|\n'
    )
    utility = {u['id']: f'{u["utility"]:.4g}' for u in query.content['units']}
    utility.update(dict.fromkeys(query.validating, 'validates'))
    chosen = set(query.units if units is None else units)
    lines = []
    for entry in query.annotations.values():
        if entry['unit'] not in chosen:
            continue
        why = entry['why'] or {}
        error = why.get('reprojection_error')
        lines.append(
            ' | '.join(
                (
                    f'| {entry["unit"]}',
                    utility[entry['unit']],
                    in_markdown(query.images[entry['image_id']]['name']),
                    in_markdown(entry['view'] or '-'),
                    str(entry['id']),
                    '-' if error is None else f'{error:.1f}',
                    f'{why["confidence"]:.2f}' if why else '-',
                    in_markdown(', '.join(why.get('look_first', ()))) or '-',
                )
            )
            + ' |'
        )
    return joints + '\n'.join(lines) + '\n'


def validation_note(query: Query) -> str:
    """How much of a query validates, as a sentence; '' where nothing does."""
    number = len(query.validating)
    if not number:
        return ''
    return (
        f' {number} of the {len(query.units)} {query.content["unit"]} '
        f'{"validate" if number > 1 else "validates"}: drawn at random, and never trained on.'
    )


def label_command(work_dir: str, round: Optional[int] = None) -> str:
    """What shows the open query in a browser, or that of a round."""
    which = () if round is None else ('--round', str(round))
    return command_line('label', work_dir, *which)


def ingest_command(work_dir: str) -> str:
    """What takes the answers back."""
    return command_line('ingest', work_dir, 'ANSWERS_FILE')


def train_command(work_dir: str) -> str:
    """What goes on with the experiment."""
    return command_line('train', Paths(work_dir).config, '--work-dir', work_dir)


def pending_text(work_dir: str, round: int, query: Optional[Query] = None) -> str:
    """What the user does next."""
    about = note = ''
    if query is not None:
        note = f'{validation_note(query).strip()}\n'.lstrip('\n')
        about = (
            f' ({len(query.units)} {query.content["unit"]}, {len(query.annotations)} '
            f'persons in {len(query.images)} images)'
        )
    return (
        f'round {round} waits for labels. The query is in\n'
        f'    {Paths(work_dir).query(round)}{about}\n'
        f'{note}'
        'Label all or part of it in a browser\n'
        f'    {label_command(work_dir)}\n'
        'or with another tool (docs/annotators.md)\n'
        f'    {ingest_command(work_dir)}\n'
        f'then go on with\n    {train_command(work_dir)}'
    )
