"""Makes a project folder of a table: links, frames, annotation files, skeleton, configs.

``project.json`` is written last: a folder without it is not finished, and the same command
completes it. What people have edited (metainfo, configs, README) stays, and what they labelled
is in the pool whatever else changes.
"""

import os.path as osp
import re
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ..active_learning import held_out
from ..active_learning.paths import experiments_below
from ..active_learning.pool import load_pool
from ..converters.common import category_of
from ..converters.videos import Boxes, extract
from ..datasets.format import FormatError
from ..fileio import (
    link,
    locked,
    make_folder,
    read_json,
    remove_leftovers,
    short,
    to_json,
    write_json,
)
from . import config_text
from .bound_videos import check_videos, videos_of
from .boxes import default_way, fill_boxes
from .joining import kept_apart
from .labels import counted, facts_of_project, with_labels
from .lost_labels import check_labels
from .made_files import MadeFiles
from .pool_file import cameras_teach, held_out_before, hold_out, pool_content
from .project import FORMAT, NAME, VERSION
from .skeleton import COCO, Skeleton, make_skeleton, metainfo_text, skeleton_of_metainfo
from .table import Shot, Table

METAINFO = 'metainfo.py'
VALIDATION, INPUT_SIZE = 0.1, 128


class Plan(NamedTuple):
    """What a project is made of, beside its sources.

    Attributes:
        skeleton (Skeleton): The joints.
        boxes (str): See :func:`~.boxes.fill_boxes`; '' for the usual way.
        validation (float): Share of the labelled images that is held out.
        val (Table, optional): Labelled images of another source that validate instead.
        input_size (int): Side of the network's input.
        quality (int): Of the JPEG files that frames of videos become.
        answers (bool): Whether a share of what people answer validates instead.
    """

    skeleton: Skeleton
    boxes: str = ''
    validation: float = VALIDATION
    val: Optional[Table] = None
    input_size: int = INPUT_SIZE
    quality: int = 95
    answers: bool = False


def choose_skeleton(
    table: Table,
    names: Optional[Sequence[str]] = None,
    metainfo: Optional[str] = None,
    pairs: Optional[Sequence[str]] = None,
) -> Skeleton:
    """The joints of a project: a file's, the source's, given names, or COCO's.

    Args:
        table (Table): Of the sources.
        names (Sequence[str], optional): Joints, where the source has no labels.
        metainfo (str, optional): A file in MMPose's form, instead.
        pairs (Sequence[str], optional): Words of ``--pairs``.

    Raises:
        FormatError: Given joints are not those of the labels, or sides are not told.
    """
    if metainfo is not None or (table.joints is None and not names):
        from mmpose.datasets.datasets.utils import parse_pose_metainfo

        file = metainfo or COCO
        category_of(file)  # says what is wrong with it
        found = skeleton_of_metainfo(parse_pose_metainfo(dict(from_file=file)))
        if metainfo is None:
            table.said.append(
                "the sources name no joints: taken are COCO's 17 of a person. --keypoints or "
                '--metainfo names others'
            )
        if table.joints not in (None, found.joints):
            raise FormatError(
                f'{file}: its joints are {", ".join(found.joints)}, those of the labels are '
                f'{", ".join(table.joints or [])}. Give the file of these joints, or none'
            )
        return found if pairs is None else make_skeleton(found.joints, found.links, words=pairs)
    if names and table.joints not in (None, list(names)):
        raise FormatError(
            f'--keypoints are {", ".join(names)}, the labels have '
            f'{", ".join(table.joints or [])}. Leave --keypoints out'
        )
    joints = table.joints or list(names or ())
    return make_skeleton(joints, table.links, table.pairs, pairs)


def write_project(
    folder: str,
    table: Table,
    plan: Plan,
    detector: Optional[Callable[[str, Table], Boxes]] = None,
    boxes: Optional[Boxes] = None,
    report: Callable[[str], None] = print,
) -> config_text.Facts:
    """Write the folder of a project, or complete it.

    Args:
        folder (str): Of the project.
        table (Table): Of the sources, checked.
        plan (Plan): The rest.
        detector (callable, optional): Takes the folder of the images and the table, gives
            boxes of people without labels.
        boxes (Boxes, optional): Of a file, instead.
        report (callable): Takes lines of progress.

    Returns:
        Facts: What the configs are made of.

    Raises:
        FormatError: A video cannot be read to its end, or the folder holds another project.
    """
    if plan.val is not None:
        plan = plan._replace(val=kept_apart(plan.val, table))
    make_folder(folder)
    with locked(osp.join(folder, '.lock')):
        remove_leftovers(folder)
        files = files_before(folder)
        check_metainfo(folder, plan.skeleton, files)
        clips = [*table.clips, *(plan.val.clips if plan.val else ())]
        check_videos(folder, clips)
        put_images(folder, table, plan.quality, report)
        if plan.val is not None:
            put_images(folder, plan.val, plan.quality, report)
        if detector is not None:
            boxes = detector(osp.join(folder, 'images'), table)
        way = plan.boxes or default_way(table)
        fill_boxes(table, way, boxes)
        pool, held = split(folder, table, plan, way)
        write_annotations(folder, table, plan, pool, held)
        facts = facts_of(folder, table, plan, pool, held)
        if plan.answers and facts.labeled and not experiments_below(folder):
            check_division(folder, facts)
        for name, text in config_text.configs(facts).items():
            if name == config_text.EXPERIMENT and experiments_below(folder):
                files.keep(name, text, table.said.append)  # a begun one is bound to its config
            else:
                files.write(name, text, table.said.append)
        files.write(METAINFO, metainfo_text(plan.skeleton, _identifier(folder)), table.said.append)
        shown = describe(table, plan, facts, way)
        files.write('README.md', config_text.readme(facts, shown, folder))
        content = dict(content_of(table, facts, folder), made=files.made)
        content['clips'] = videos_of(folder, clips)
        write_json(osp.join(folder, NAME), content)
        files.settle()
    for line in describe(table, plan, facts, way):
        report(line)
    return facts


def files_before(folder: str) -> MadeFiles:
    """Configs, metainfo and README as an earlier run of the command left them."""
    path = osp.join(folder, NAME)
    content = read_json(path) if osp.isfile(path) else {}
    before: Dict[str, str] = {}
    if 'facts' in content:
        before = config_text.configs(facts_of_project(folder, content))
    return MadeFiles(folder, content, before)


def check_metainfo(folder: str, skeleton: Skeleton, files: MadeFiles) -> None:
    """Refuse joints that are not those of a metainfo file that was edited, and stays.

    Raises:
        FormatError: They differ.
    """
    path = osp.join(folder, METAINFO)
    if not files.is_edited(METAINFO):
        return
    joints = category_of(path)['keypoints']
    if joints != skeleton.joints:
        raise FormatError(
            f'{path}: its joints are {short(joints, 200)}, those of the sources '
            f'{short(skeleton.joints, 200)}. Edit it, or remove it: it is made anew'
        )


def put_images(folder: str, table: Table, quality: int, report: Callable[[str], None]) -> None:
    """Link folders of images, and make images of the frames of videos."""
    root = osp.join(folder, 'images')
    make_folder(root)
    for name, target in table.folders.items():
        path = osp.join(root, name)
        if osp.isdir(path) and not osp.samefile(path, target):
            raise FormatError(
                f'{target}: the project has another folder of this name, {osp.realpath(path)}. '
                f'Rename one of them; if the images were moved, remove {path}'
            )
        link(target, path)
    for clip in table.clips:
        if clip.numbers:
            extract(clip.source, clip.numbers, osp.join(root, clip.folder), quality, report)


def split(folder: str, table: Table, plan: Plan, way: str) -> Tuple[List[Shot], List[Shot]]:
    """Images of the pool, and those that validate. An earlier choice stays.

    Views without labels of a moment that validates are in neither: the pool's frames are whole.
    """
    if plan.val is not None:
        fill_boxes(plan.val, way)
        return table.shots, plan.val.shots
    before = held_out_before(osp.join(folder, 'val.json'))
    names = hold_out(table.shots, plan.validation) if before is None else before
    held = [shot for shot in table.shots if shot.file_name in names]
    moments = {(shot.sequence, shot.index) for shot in held if shot.camera is not None}
    pool = [
        shot
        for shot in table.shots
        if shot.file_name not in names
        and (shot.camera is None or (shot.sequence, shot.index) not in moments)
    ]
    return pool, held


def write_annotations(
    folder: str, table: Table, plan: Plan, pool: List[Shot], held: List[Shot]
) -> None:
    """Write ``pool.json`` and ``val.json``, where they are not what they should be.

    Raises:
        FormatError: An experiment has begun with another pool.
    """
    name = osp.basename(osp.abspath(folder))
    parts = [('pool.json', table, pool, f'pool of {name}')]
    if held:
        parts.append(('val.json', plan.val or table, held, f'validation set of {name}'))
    contents = {
        file: with_labels(folder, pool_content(source, shots, plan.skeleton, about))
        for file, source, shots, about in parts
    }
    check_labels(folder, table, contents, plan.skeleton.joints)
    for file, content in contents.items():
        path = osp.join(folder, file)
        if osp.isfile(path) and to_json(read_json(path)) == to_json(content):
            continue
        begun = experiments_below(folder)
        if begun and osp.isfile(path):
            raise FormatError(
                f'{path}: the sources or options are others than when {begun[0]} '
                'began, and an experiment is bound to its pool. To go on with its labels, make a '
                f'new project of them and of the new sources: `mmpose-al export {folder} --out '
                f'labels.json`, then `mmpose-al new OTHER labels.json SOURCE ... --images '
                f'{osp.join(folder, "images")}`. Or remove the experiment'
            )
        write_json(path, content, indent=None, nan_as_null=False)


def facts_of(
    folder: str, table: Table, plan: Plan, pool: List[Shot], held: List[Shot]
) -> config_text.Facts:
    """What the configs are made of; the labels are those of ``pool.json``."""
    views = len(table.views)
    units = {_unit(shot, views) for shot in pool}
    facts = config_text.Facts(
        name=osp.basename(osp.abspath(folder)),
        kind=table.kind,
        joints=len(plan.skeleton.joints),
        labeled=0,
        unlabeled=0,
        validates=bool(held) or osp.isfile(osp.join(folder, 'val.json')),
        views=views,
        units=len(units),
        labeled_units=0,
        spacing=0,
        links=sorted({*table.folders, *(plan.val.folders if plan.val else ())}),
        input_size=plan.input_size,
        answers_validate=plan.answers,
    )
    content = read_json(osp.join(folder, 'pool.json'))
    facts = counted(facts._replace(cameras_teach=cameras_teach(content)), content)
    asked = facts.budget * (config_text.ROUNDS + 1)
    spacing = config_text.spacing_of(_rate(pool), _length(pool), asked)
    return facts._replace(spacing=spacing)


def check_division(folder: str, facts: config_text.Facts) -> None:
    """Raise ValueError where the labels that start an experiment cannot be divided."""
    pool = load_pool(osp.join(folder, 'pool.json'), 'frames' if facts.views else 'images')
    held_out.hold_out(pool, dict(share=config_text.ANSWERED), True, 0)


def describe(table: Table, plan: Plan, facts: config_text.Facts, way: str) -> List[str]:
    """What was made, in lines."""
    lines = [config_text.pool_text(table.kind, facts)]
    lines += plan.skeleton.describe()
    lines += table.said
    lines.append(
        f'boxes: {"the whole image" if way == "image" else "around the labels"}, where the '
        'sources have none'
    )
    held = 'a validation set in val.json' if facts.validates else 'no validation set'
    if facts.answers_validate:
        held = 'a tenth of what people answer validates'
    lines.append(f'{held}; input of the network {facts.input_size}x{facts.input_size} pixels')
    return lines


def content_of(table: Table, facts: config_text.Facts, folder: str) -> dict:
    """``project.json``."""
    return dict(
        format=FORMAT,
        version=VERSION,
        kind=table.kind,
        config=config_text.first_config(facts),
        metainfo=METAINFO,
        pool='pool.json',
        images='images',
        checkpoint=None,
        individuals=table.individuals,
        facts=facts._asdict(),
        named=folder,  # in the commands of the README
        notes=table.notes,
        videos={clip.folder: osp.abspath(clip.source.path) for clip in table.clips},
    )


def _unit(shot: Shot, views: int) -> object:
    return (shot.sequence, shot.index) if views else shot.file_name


def _rate(shots: Sequence[Shot]) -> float:
    """Frames a second of the first recording that tells; 0 if none does."""
    for shot in shots:
        if shot.time and shot.index:
            return shot.index / shot.time
    return 0.0


def _length(shots: Sequence[Shot]) -> int:
    """Frames from the first to the last of each recording, together."""
    ends: Dict[str, Tuple[int, int]] = {}
    for shot in shots:
        if shot.sequence is not None:
            low, high = ends.get(shot.sequence, (shot.index, shot.index))
            ends[shot.sequence] = (min(low, shot.index), max(high, shot.index))
    return sum(high - low for low, high in ends.values())


def _identifier(folder: str) -> str:
    return re.sub(r'\W+', '_', osp.basename(osp.abspath(folder))) or 'project'
