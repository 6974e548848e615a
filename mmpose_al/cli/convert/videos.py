"""Synchronised videos (or image folders) and a calibration to the multi-view format.

    mmpose-al convert videos recordings/walk \\
        --calibration calib.toml --unit m --step 10 \\
        --images data/rig/images --out data/rig/walk.json

The views are a folder's videos and sub-folders, or NAME=PATH ...; their names are
those of the cameras in the calibration: OpenCV YAML, Anipose or Pose2Sim TOML, or
Qualisys QCA.

Boxes of the persons come from a file (--boxes) or from an mmdet detector:

    ... --detector DETECTOR_CONFIG DETECTOR_CHECKPOINT

which works as `mmpose-al boxes` does: a run that was killed goes on where it stopped, the
boxes are in OUT's <name>.boxes.json, and with another --score-thr or --min-size nothing
is detected twice. docs/converters.md tells the rest.
"""

import argparse
import os.path as osp
from typing import TYPE_CHECKING, Callable, List, Optional

from ..detection import add_detection, add_detector, add_device, find_boxes
from ..options import (
    OutFile,
    add_calibration,
    add_converter_arguments,
    jpeg_quality,
    not_negative,
    positive,
    positive_number,
)

if TYPE_CHECKING:
    from ...converters.videos import Boxes

HELP = 'synchronised videos or image folders, and a calibration'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('views', nargs='+', help='one folder, or NAME=PATH ...')
    add_calibration(parser, required=True)
    parser.add_argument('--out', type=OutFile, required=True, help='JSON file to write')
    parser.add_argument(
        '--images',
        help='folder that takes the extracted images; default images beside the JSON file',
    )
    parser.add_argument(
        '--data-prefix',
        help='folder that file names are relative to; default that of the JSON file',
    )
    parser.add_argument('--sequence', help='name; default that of the JSON file')
    parser.add_argument('--step', type=positive, default=1, help='take every n-th frame')
    parser.add_argument('--start', type=not_negative, default=0, help='first frame, from 0')
    parser.add_argument(
        '--fps', type=positive_number, help='if the videos do not tell, or not the truth'
    )
    add_box_arguments(parser)
    parser.add_argument(
        '--metainfo',
        default='configs/_base_/datasets/coco.py',
        help='joints of the data set; default %(default)s',
    )
    parser.add_argument('--quality', type=jpeg_quality, default=95, help='of the JPEG files')
    add_converter_arguments(parser)


def add_box_arguments(parser: argparse.ArgumentParser) -> None:
    boxes = parser.add_mutually_exclusive_group()
    boxes.add_argument('--boxes', help='JSON file; without it or a detector a box is the image')
    add_detector(boxes, 'the best box of each image is taken')
    add_detection(parser)
    add_device(parser)


def run(args: argparse.Namespace, detector: Optional[Callable] = None) -> int:
    """The command. ``detector`` stands in for the mmdet model in tests."""
    from ...converters import moments, rigs, sources, videos
    from ...converters.calibration import read_calibration
    from ...converters.common import category_of, convert
    from ...converters.view_names import find_recording, told_by_names

    category = category_of(args.metainfo)
    found = find_recording(args.views, args.calibration, args.unit)
    for line in told_by_names(found):
        print(line)
    views = [sources.open_source(*item) for item in found.items()]
    sizes = {view.name: view.size for view in views}
    calibration = read_calibration(args.calibration, args.unit, sizes, views=sizes)
    cameras = sources.match_cameras(views, calibration, args.calibration[0], args.calibration_size)
    unused = [c['name'] for c in calibration if c['name'] not in sizes]
    for line in rigs.about_rig(views, cameras, unused):
        print(line)
    root = args.data_prefix or osp.dirname(osp.abspath(args.out))
    sequence = args.sequence or osp.splitext(osp.basename(args.out))[0]
    folder = osp.join(args.images or osp.join(root, 'images'), sequence)
    folders = [osp.join(folder, view.name) for view in views]
    count = moments.common_count(views, args.allow_unequal)
    times = moments.frame_times(views, count, folders, args.fps)
    numbers = range(args.start, count, args.step)
    paths = [
        videos.extract(view, numbers, folder, args.quality) for view, folder in zip(views, folders)
    ]
    boxes = read_boxes(args, root, views, paths, numbers, detector)
    times = None if times is None else [times[number] for number in numbers]
    task = videos.make_task(sequence, views, cameras, numbers, paths, root, boxes, times)
    convert(
        args.out,
        [task],
        category,
        f'{sequence}, every {args.step} frames',
        root,
        args.missing_images,
        args.keep_parts,
    )
    return 0


def read_boxes(
    args: argparse.Namespace,
    root: str,
    sources: list,
    paths: List[List[str]],
    numbers: range,
    detector: Optional[Callable],
) -> Optional['Boxes']:
    """Boxes of the extracted images, from a file or a detector; None without either."""
    from ...converters import videos

    if not args.boxes and not args.detector:
        return None
    names, sizes = {}, {}
    for source, view in zip(sources, paths):
        for path, number in zip(view, numbers):
            name = osp.relpath(path, root).replace('\\', '/')
            names[name], sizes[name] = (source.name, number), source.size
    path = args.boxes
    if path is None:
        path = osp.splitext(args.out)[0] + '.boxes.json'
        find_boxes(args, root, sizes, path, detector, most=1)
    return videos.read_boxes(path, names)
