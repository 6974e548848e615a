"""Options of commands that find bodies with a detector of MMDetection, and the finding."""

import argparse
import os.path as osp
from typing import Callable, Dict, Optional, Tuple

FLOOR = 0.05  # boxes below this score are not even kept in the parts


def add_detector(group: 'argparse._ActionsContainer', takes: str) -> None:
    """``--detector CONFIG CHECKPOINT``; ``takes``: which of its boxes, for the help."""
    group.add_argument(
        '--detector',
        nargs=2,
        metavar=('CONFIG', 'CHECKPOINT'),
        help=f'model of MMDetection; {takes}',
    )


def add_detection(group: 'argparse._ActionsContainer', boxes: str = 'of a detected box') -> None:
    """Which of the boxes that are found count."""
    group.add_argument(
        '--score-thr', type=float, default=0.5, help=f'lowest score {boxes}; default %(default)s'
    )
    group.add_argument(
        '--min-size',
        type=float,
        default=16,
        help=f'shortest side {boxes}, pixels; default %(default)s',
    )
    group.add_argument('--class-name', default='person', help='what to detect; default %(default)s')


def add_device(parser: 'argparse._ActionsContainer') -> None:
    """``--device``, on which a detector alone computes."""
    parser.add_argument('--device', help='of the detector; default: a GPU if there is one')


def find_boxes(
    args: argparse.Namespace,
    root: str,
    sizes: Dict[str, Tuple[int, int]],
    out: str,
    detector: Optional[Callable] = None,
    most: Optional[int] = None,
) -> None:
    """Detect bodies in images, and write their boxes; a run that was killed goes on.

    Args:
        args (Namespace): The options of this module.
        root (str): That the images' file names start from.
        sizes (dict): File name -> (width, height) of each image.
        out (str): File of the boxes. A list of the images is written beside it.
        detector (callable, optional): Stands in for the model of MMDetection in tests.
        most (int, optional): Boxes of an image that are kept, the surest; None: all.
    """
    from ..converters.detect_boxes import Detection, detect
    from ..datasets.boxes import BoxFilter
    from ..fileio import write_json

    listing = osp.splitext(out)[0] + '.images.json'
    images = [
        dict(id=number, file_name=name, width=width, height=height)
        for number, (name, (width, height)) in enumerate(sizes.items(), 1)
    ]
    write_json(listing, dict(images=images), indent=None)
    config, checkpoint = args.detector
    job = Detection(
        images=root,
        config=config,
        checkpoint=checkpoint,
        out=out,
        keep=BoxFilter(args.score_thr, args.min_size, top_k=most, on_bad='skip'),
        ann_file=listing,
        class_name=args.class_name,
        floor=min(args.score_thr, FLOOR),
        device=args.device,
        shard='0/1',
    )
    detect(job, detector)
