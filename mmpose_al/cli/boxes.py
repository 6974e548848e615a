"""Find the persons in unlabelled images with an mmdet detector; write their boxes.

    mmpose-al boxes data/coco/unlabeled2017 \
        DETECTOR_CONFIG DETECTOR_CHECKPOINT \
        --out data/coco/annotations/person_boxes_unlabeled2017.json

    torchrun --nproc_per_node 8 -m mmpose_al boxes ...

    mmpose-al boxes --from-detections DETECTIONS.json \
        --ann-file image_info_unlabeled2017.json --out BOXES.json

Each share of the images appends to a file of its own in OUT.parts/, one line an image,
with the boxes that do not score below --floor. Stop it whenever you like: the same
command goes on where it stopped, with any number of shares. When the last image is done
the filters are applied and OUT is written, atomically. Run the command again with other
filters: nothing is detected twice.

``MultiViewCocoDataset(need_keypoints=False)`` reads OUT as unlabelled persons.
--detections also writes the same boxes as a COCO detections list, which MMPose's
``CocoDataset`` reads as ``bbox_file`` (``test_mode=True``); there its
``filter_cfg=dict(bbox_score_thr=...)`` filters by score in training.
"""

import argparse
from typing import Callable, Optional

from .detection import FLOOR, add_detection
from .errors import UsageError
from .options import OutFile, positive

HELP = 'find the persons in unlabelled images with an mmdet detector'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('images', nargs='?', help='folder of images (with subfolders)')
    parser.add_argument('config', nargs='?', help="the detector's mmdet config")
    parser.add_argument('checkpoint', nargs='?', help="the detector's weights")
    parser.add_argument('--out', type=OutFile, required=True, help='annotation file to write')
    parser.add_argument('--detections', type=OutFile, help='also write a COCO detections list')
    parser.add_argument(
        '--ann-file',
        help='COCO file whose images (and image ids) are meant; default: '
        'all image files of the folder, numbered by name',
    )
    parser.add_argument(
        '--from-detections',
        metavar='FILE',
        help='convert this COCO detections list instead of running a detector; needs --ann-file',
    )
    add_filter_arguments(parser)
    parser.add_argument('--device', help='default: cuda:LOCAL_RANK if there is one')
    parser.add_argument(
        '--shard',
        metavar='I/N',
        help="do the I-th (from 0) of N shares of the images; default: torchrun's RANK, WORLD_SIZE",
    )


def add_filter_arguments(parser: argparse.ArgumentParser) -> None:
    add_detection(parser, 'of a box, inside its image')
    parser.add_argument('--top-k', type=positive, help='most boxes an image')
    parser.add_argument(
        '--nms', type=float, metavar='IOU', help='suppress overlapping boxes once more'
    )
    parser.add_argument(
        '--on-bad',
        choices=('raise', 'skip'),
        help='boxes without an area inside their image are an error '
        '(default with --from-detections, where they may belong to '
        'other images), or dropped and counted (default with a '
        'detector, which now and then finds one)',
    )
    parser.add_argument(
        '--floor',
        type=float,
        default=FLOOR,
        help='boxes below this score are not even kept in the parts; default %(default)s',
    )


def run(args: argparse.Namespace, detector: Optional[Callable] = None) -> int:
    """The command. ``detector`` stands in for the mmdet model in tests."""
    from ..converters.detect_boxes import Detection, convert_detections, detect
    from ..datasets.boxes import BoxFilter

    if args.from_detections:
        if args.images or not args.ann_file:
            raise UsageError('--from-detections takes --ann-file, no images, no detector')
    elif args.checkpoint is None:
        raise UsageError('give IMAGES CONFIG CHECKPOINT, or --from-detections')
    on_bad = args.on_bad or ('raise' if args.from_detections else 'skip')
    job = Detection(
        images=args.images,
        config=args.config,
        checkpoint=args.checkpoint,
        out=args.out,
        keep=BoxFilter(args.score_thr, args.min_size, args.top_k, args.nms, on_bad),
        ann_file=args.ann_file,
        detections=args.detections,
        class_name=args.class_name,
        floor=args.floor,
        device=args.device,
        shard=args.shard,
    )
    if args.from_detections:
        convert_detections(job, args.from_detections)
    else:
        detect(job, detector)
    return 0
