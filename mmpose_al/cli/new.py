"""Make a project that trains of what you have: images, videos, a rig, labels of another tool.

    mmpose-al new PROJECT SOURCE...

    mmpose-al new mouse openfield-Pranav-2018-10-30     a DeepLabCut project
    mmpose-al new mouse walk.mp4 run.mp4                videos, 200 frames of each
    mmpose-al new rig recordings/walk --calibration calib.toml --unit m
    mmpose-al new people train.json --images train2017  COCO keypoints

A source is told from its content: a DeepLabCut, Lightning Pose or SLEAP project, a COCO
keypoints file, a calibrated rig (a folder of videos or of image folders, NAME=PATH ...),
videos, a folder of images. Several may be given; those without labels are the pool.

PROJECT gets the pool, the joints (metainfo.py), configs, and a README with the next
commands. Folders of images are linked, not copied. The same command again completes it.
"""

import argparse
import os
import os.path as osp
import shutil
from typing import TYPE_CHECKING, Callable, Optional, Tuple

from .detection import add_detection, add_detector, add_device, find_boxes
from .errors import CommandError, UsageError
from .options import add_calibration, jpeg_quality, positive, positive_number

if TYPE_CHECKING:
    from ..converters.videos import Boxes
    from ..projects.config_text import Facts
    from ..projects.sources import Options
    from ..projects.table import Table

ANSWERS = 'answers'  # of --val
HELP = 'make a project of images, videos, a rig, or labels of another tool'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('project', help='folder to make, or to complete')
    parser.add_argument('sources', nargs='+', metavar='SOURCE', help='what you have')
    add_joint_arguments(parser)
    add_video_arguments(parser)
    add_calibration(parser)
    add_box_arguments(parser)
    parser.add_argument(
        '--images', metavar='FOLDER', help='that the file names of a COCO file start from'
    )
    parser.add_argument(
        '--missing-images',
        choices=('raise', 'skip'),
        default='raise',
        help='labelled images that are not there: an error (default), or left out',
    )
    parser.add_argument(
        '--val',
        default='0.1',
        metavar='none|SHARE|answers|SOURCE',
        help='what validates: nothing, a share of the labelled images (by recording; default '
        '%(default)s), a tenth of what people answer in the experiment (by recording), or '
        'another source with labels',
    )
    parser.add_argument(
        '--input-size',
        type=int,
        choices=(64, 128, 256),
        help="side of the network's input; default 128, or what the project has",
    )


def add_joint_arguments(parser: argparse.ArgumentParser) -> None:
    joints = parser.add_mutually_exclusive_group()
    joints.add_argument(
        '--keypoints',
        nargs='+',
        metavar='NAME',
        help='joints, where the sources have no labels or do not name theirs',
    )
    joints.add_argument('--metainfo', metavar='FILE', help="joints in MMPose's form")
    parser.add_argument(
        '--pairs',
        nargs='+',
        metavar='LEFT=RIGHT',
        help='joints that are left and right of each other, instead of those guessed from '
        'names; or none',
    )


def add_video_arguments(parser: argparse.ArgumentParser) -> None:
    videos = parser.add_mutually_exclusive_group()
    videos.add_argument(
        '--frames', type=positive, default=200, help='most images of a video; default %(default)s'
    )
    videos.add_argument('--step', type=positive, help='every so many frames instead')
    parser.add_argument(
        '--spread', action='store_true', help='take frames that look different, not evenly'
    )
    parser.add_argument('--fps', type=positive_number, help='whatever the videos tell')
    parser.add_argument('--quality', type=jpeg_quality, default=95, help='of the JPEG files')


def add_box_arguments(parser: argparse.ArgumentParser) -> None:
    boxes = parser.add_mutually_exclusive_group()
    boxes.add_argument(
        '--boxes',
        metavar='image|labels|FILE',
        help='where a source has none: the whole image, around the labels (default where an '
        'image has several individuals), or of a file',
    )
    add_detector(boxes, 'the best box of each image without labels is taken')
    add_detection(parser)
    add_device(parser)


def run(args: argparse.Namespace, detector: Optional[Callable] = None) -> int:
    """The command. ``detector`` stands in for the mmdet model in tests."""
    from ..projects import boxes, config_text, labels, writing
    from ..projects.sources import read_sources

    fresh = not osp.exists(args.project)
    if not fresh and not can_be_project(args.project):
        raise UsageError(
            f'{args.project} is a folder of other things; name one that is not there yet'
        )
    earlier = earlier_of(args.project)
    options = options_of(args)._replace(keep=labels.labelled_frames(args.project))
    table = read_sources(args.sources, options)
    share, val = validation(args.val, options, table)
    metainfo = args.metainfo
    if table.joints is None and not args.keypoints and metainfo is None and earlier is not None:
        metainfo = osp.join(args.project, writing.METAINFO)
    plan = writing.Plan(
        writing.choose_skeleton(table, args.keypoints, metainfo, args.pairs),
        args.boxes if args.boxes in (boxes.IMAGE, boxes.LABELS) else '',
        share,
        val,
        input_size=args.input_size or (earlier.input_size if earlier else writing.INPUT_SIZE),
        quality=args.quality,
        answers=args.val == ANSWERS,
    )
    known = None if args.boxes in (None, boxes.IMAGE, boxes.LABELS) else args.boxes
    detect = detector_of(args, detector) if args.detector else None
    try:
        facts = writing.write_project(
            args.project,
            table,
            plan,
            detect,
            None if known is None else boxes.read_box_file(known, table),
        )
    except ValueError:
        if fresh:  # nothing half written stays; after a kill the same command goes on
            shutil.rmtree(args.project, ignore_errors=True)
        raise
    print(f'\n{args.project} is ready. Next:')
    for what, command in config_text.next_commands(facts, args.project):
        print(f'\n  {what}:\n    {command}')
    return 0


def can_be_project(folder: str) -> bool:
    """Whether a folder is a project, the beginning of one, or empty."""
    from ..projects import is_project

    if not osp.isdir(folder):
        return False
    names = set(os.listdir(folder))
    begun = '.lock' in names and (names == {'.lock'} or 'images' in names)
    return not names or is_project(folder) or begun


def earlier_of(project: str) -> 'Optional[Facts]':
    """The facts of a project that is there already; None of a new one.

    Raises:
        CommandError: Labels wait in the browser, which are bound to the project as it is.
    """
    from ..command_line import command_line
    from ..fileio import read_json
    from ..projects import labels
    from ..projects.project import NAME, is_project

    waiting = labels.waiting_images(project)
    if waiting:
        raise CommandError(
            f'{project}: images with labels that were not handed over: {waiting}. Do that first '
            f'(Units, Finish, Hand over): {command_line("label", project)}'
        )
    if not is_project(project):
        return None
    content = read_json(osp.join(project, NAME))
    return labels.facts_of_project(project, content) if 'facts' in content else None


def options_of(args: argparse.Namespace) -> 'Options':
    """What the sources read of the arguments."""
    from ..projects.sources import Options

    return Options(
        frames=args.frames,
        step=args.step,
        spread=args.spread,
        calibration=args.calibration,
        unit=args.unit,
        size_change=args.calibration_size,
        fps=args.fps,
        allow_unequal=args.allow_unequal,
        images=args.images,
        missing=args.missing_images,
        keypoints=args.keypoints or (),
    )


def validation(text: str, options: 'Options', table: 'Table') -> Tuple[float, Optional['Table']]:
    """Share of the labelled images and another source, one of them 0 or None."""
    from ..projects.joining import reordered
    from ..projects.sources import read_sources

    if text in ('none', ANSWERS):
        return 0.0, None
    try:
        share = float(text)
    except ValueError:
        val = read_sources([text], options, all_options=False)
        if not val.labeled or table.joints is None:
            raise UsageError(f'--val {text}: has no labels of the joints of this project') from None
        return 0.0, reordered(val, table.joints, text)
    if not 0 <= share < 1:
        raise UsageError(f'--val {text}: a share is from 0 to below 1')
    return share, None


def detector_of(
    args: argparse.Namespace, detector: Optional[Callable]
) -> Callable[[str, 'Table'], 'Boxes']:
    """What finds boxes in the images of people without labels."""

    def find(root: str, table: 'Table') -> 'Boxes':
        from ..projects.boxes import read_box_file

        bare = [shot for shot in table.shots if all(p.bbox is None for p in shot.people)]
        sizes = {shot.file_name: shot.size for shot in bare if not shot.is_labeled}
        out = osp.join(args.project, 'detected.boxes.json')
        most = 2 if table.cameras else 1  # to know whether the best one is alone
        find_boxes(args, root, sizes, out, detector, most)
        return read_box_file(out, table, True)

    return find
