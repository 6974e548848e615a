"""Synchronised videos (or image folders) and a calibration to the multi-view format.

    python tools/dataset_converters/video2multiview.py recordings/walk \\
        --calibration calib.toml --unit m --step 10 \\
        --images data/rig/images --out data/rig/walk.json

The views are a folder's videos and sub-folders, or NAME=PATH ...; their names are
those of the cameras in the calibration: OpenCV YAML, Anipose or Pose2Sim TOML, or
Qualisys QCA.

Boxes of the persons come from a file (--boxes) or from an mmdet detector:

    ... --detector DETECTOR_CONFIG DETECTOR_CHECKPOINT

which works as detect_boxes.py does: a run that was killed goes on where it stopped, the
boxes are in OUT's <name>.boxes.json, and with another --score-thr or --min-size nothing
is detected twice. docs/converters.md tells the rest.
"""

import argparse
import os.path as osp
import sys
from typing import Callable, Dict, Optional, Tuple

sys.path.insert(0, osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__)))))

import detect_boxes

from mmpose_al.converters import videos
from mmpose_al.converters.calibration import UNITS, read_calibration
from mmpose_al.converters.common import (
    add_arguments,
    category_of,
    convert,
    positive,
    positive_number,
    run_tool,
)
from mmpose_al.datasets.boxes import BoxFilter
from mmpose_al.fileio import write_json


def main(argv=None, detector: Optional[Callable] = None) -> None:
    """The command. ``detector`` stands in for the mmdet model in tests."""
    args = parse_args(argv)
    category = category_of(args.metainfo)
    sources = [videos.open_source(*item) for item in videos.find_views(args.views).items()]
    fps = videos.common_fps(sources, args.fps)
    cameras = videos.match_cameras(
        sources,
        read_calibration(
            args.calibration, args.unit, {source.name: source.size for source in sources}
        ),
        args.calibration[0],
    )
    numbers = range(args.start, videos.common_count(sources, args.allow_unequal), args.step)
    root = args.data_prefix or osp.dirname(osp.abspath(args.out))
    sequence = args.sequence or osp.splitext(osp.basename(args.out))[0]
    folder = osp.join(args.images or osp.join(root, 'images'), sequence)
    paths = [
        videos.extract(source, numbers, osp.join(folder, source.name), args.quality)
        for source in sources
    ]
    boxes = None
    if args.boxes or args.detector:
        names = {
            osp.relpath(path, root).replace('\\', '/'): (source.name, number)
            for source, view in zip(sources, paths)
            for path, number in zip(view, numbers)
        }
        sizes = {source.name: source.size for source in sources}
        boxes = videos.read_boxes(
            args.boxes
            or find_boxes(
                args, root, {name: sizes[view] for name, (view, _) in names.items()}, detector
            ),
            names,
        )
    task = videos.make_task(sequence, sources, cameras, numbers, paths, root, boxes, fps)
    convert(
        args.out,
        [task],
        category,
        f'{sequence}, every {args.step} frames',
        root,
        args.missing_images,
        args.keep_parts,
    )


def find_boxes(
    args: argparse.Namespace,
    root: str,
    sizes: Dict[str, Tuple[int, int]],
    detector: Optional[Callable] = None,
) -> str:
    """Detect the best box of each image below ``root``; the path of their file.

    ``sizes`` has the (width, height) of each file name.
    """
    stem = osp.splitext(args.out)[0]
    listing, out = stem + '.images.json', stem + '.boxes.json'
    images = [
        dict(id=i, file_name=name, width=w, height=h)
        for i, (name, (w, h)) in enumerate(sizes.items(), 1)
    ]
    write_json(listing, dict(images=images), indent=None)
    words = [
        root,
        *args.detector,
        '--ann-file',
        listing,
        '--out',
        out,
        '--shard',
        '0/1',
        '--class-name',
        args.class_name,
        '--floor',
        str(min(args.score_thr, 0.05)),
    ]
    if args.device:
        words += ['--device', args.device]
    keep = BoxFilter(args.score_thr, args.min_size, top_k=1, on_bad='skip')
    detect_boxes.detect(detect_boxes.parse_args(words), keep, detector)
    return out


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument('views', nargs='+', help='one folder, or NAME=PATH ...')
    parser.add_argument('--calibration', nargs='+', required=True, metavar='FILE')
    parser.add_argument('--unit', choices=sorted(UNITS), help='of the translations (YAML, TOML)')
    parser.add_argument('--out', required=True, help='JSON file to write')
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
    boxes = parser.add_mutually_exclusive_group()
    boxes.add_argument('--boxes', help='JSON file; without it or a detector a box is the image')
    boxes.add_argument(
        '--detector',
        nargs=2,
        metavar=('CONFIG', 'CHECKPOINT'),
        help='mmdet model; the best box of each image is taken',
    )
    parser.add_argument(
        '--score-thr',
        type=float,
        default=0.5,
        help='lowest score of a detected box; default %(default)s',
    )
    parser.add_argument(
        '--min-size',
        type=float,
        default=16,
        help='shortest side of a detected box, pixels; default %(default)s',
    )
    parser.add_argument('--class-name', default='person', help='what to detect')
    parser.add_argument('--device', help='of the detector; default: a GPU if there is one')
    parser.add_argument(
        '--metainfo',
        default='configs/_base_/datasets/coco.py',
        help='joints of the data set; default %(default)s',
    )
    parser.add_argument('--quality', type=int, default=95, help='of the JPEG files')
    parser.add_argument(
        '--allow-unequal', action='store_true', help='leave out what is beyond the shortest view'
    )
    add_arguments(parser)
    return parser.parse_args(argv)


def not_negative(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f'{text} is negative')
    return number


if __name__ == '__main__':
    run_tool(main, 'video2multiview')
