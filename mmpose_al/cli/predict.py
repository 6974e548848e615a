"""Keypoints of images, folders and videos, or of a calibrated rig in 3D too.

    mmpose-al predict MODEL video.mp4 images/ --out results
    mmpose-al predict CONFIG video.mp4 --checkpoint weights.pth --out results

MODEL is a project, the work directory of a training, a checkpoint in one, or a config with
--checkpoint. A video is a recording, and so are the images of a folder and each video in it;
- reads names from the standard input. For each recording OUT gets the files of --formats.

Coordinates are pixels of the input as it is shown, with the centre of the top left pixel at
(0, 0); confidences stand beside them. Run the same command again after a kill, and it goes on
where it stopped. docs/predict.md tells the rest.
"""

import argparse
import os.path as osp
from typing import TYPE_CHECKING, Any, Callable, List, Optional, Sequence

from .options import positive, positive_number

if TYPE_CHECKING:
    from ..prediction.inputs import Recording
    from ..prediction.predictions import Predictions
    from ..prediction.recording import Job

HELP = 'keypoints of images, folders and videos; in 3D of a calibrated rig'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument('model', help='project, work directory, checkpoint or config')
    parser.add_argument('inputs', nargs='+', metavar='INPUT', help='image, folder, video, or -')
    parser.add_argument('--out', required=True, help='folder that takes the results')
    add_model_arguments(parser)
    add_box_arguments(parser)
    add_output_arguments(parser)


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Which weights and network predict, and how."""
    group = parser.add_argument_group('model')
    group.add_argument('--checkpoint', help='weights, where MODEL is a config')
    group.add_argument(
        '--network',
        metavar='NETWORK',
        help="of several networks: 'ensemble', 'teacher' or the number of a student; by "
        'default what the config says',
    )
    group.add_argument('--device', help='such as cpu or cuda:0; default: a GPU if there is one')
    group.add_argument(
        '--batch-size', type=positive, default=16, help='frames of a batch; default %(default)s'
    )


def add_box_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the bodies are."""
    group = parser.add_argument_group('boxes of bodies; by default a box is the whole image')
    chosen = group.add_mutually_exclusive_group()
    chosen.add_argument('--boxes', metavar='FILE', help='COCO file, or a list of boxes')
    chosen.add_argument(
        '--detector', nargs=2, metavar=('CONFIG', 'CHECKPOINT'), help='model of MMDetection'
    )
    group.add_argument(
        '--persons', type=positive, default=1, help='most boxes of a frame; default %(default)s'
    )
    group.add_argument(
        '--score-thr',
        type=float,
        default=0.5,
        help='lowest score of a detected box; default %(default)s',
    )
    group.add_argument(
        '--min-size',
        type=positive_number,
        default=16,
        help='shortest side of a detected box, pixels; default %(default)s',
    )
    group.add_argument('--class-name', default='person', help='what to detect')


def add_output_arguments(parser: argparse.ArgumentParser) -> None:
    """What is written."""
    from ..prediction.formats import DEFAULT, NAMES

    group = parser.add_argument_group('results')
    group.add_argument(
        '--formats',
        nargs='+',
        choices=NAMES,
        default=DEFAULT,
        metavar='FORMAT',
        help=f'of {", ".join(NAMES)}; default {" ".join(DEFAULT)}',
    )


def run(args: argparse.Namespace, detector: Optional[Callable] = None) -> int:
    """The command. ``detector`` stands in for the MMDetection model in tests."""
    from ..prediction.inputs import find_recordings
    from ..prediction.recording import predict_recording

    recordings = find_recordings(args.inputs)
    job = make_job(args, recordings, detector)
    for recording in recordings:
        predictions = predict_recording(recording, job)
        write_results(args, predictions)
    return 0


def make_job(
    args: argparse.Namespace, recordings: 'Sequence[Recording]', detector: Optional[Callable] = None
) -> 'Job':
    """The model, the boxes and where it all goes."""
    from ..converters.detect_boxes import default_device
    from ..prediction.estimator import Estimator
    from ..prediction.model_files import find_model
    from ..prediction.recording import Job
    from .launch import read_config

    files = find_model(args.model, args.checkpoint)
    device = args.device or default_device()
    boxes = make_boxes(args, recordings, device, detector)
    config = read_config(files.config)
    estimator = Estimator(config, files.checkpoint, device, args.network)
    identity = files.identity(args.network)
    folder = osp.join(args.out, 'parts')
    return Job(estimator, files.scorer, identity, boxes, folder, args.batch_size, report)


def make_boxes(
    args: argparse.Namespace,
    recordings: 'Sequence[Recording]',
    device: str,
    detector: Optional[Callable] = None,
) -> Any:
    """What gives the boxes of a frame."""
    from ..prediction import boxes

    if args.boxes:
        return boxes.BoxesOfFile(args.boxes, recordings, args.persons)
    if not args.detector:
        return boxes.WholeImage()
    from ..converters.detect_boxes import PersonDetector, described

    config, checkpoint = args.detector
    name = f'{described(config)} {described(checkpoint)} {args.class_name}'
    found = detector or PersonDetector(config, checkpoint, device, args.class_name)
    return boxes.DetectedBoxes(found, name, args.persons, args.score_thr, args.min_size)


def write_results(args: argparse.Namespace, predictions: 'Predictions') -> None:
    """Write the files of a recording, and say which."""
    from ..prediction import formats

    written: List[str] = []
    for name in args.formats:
        module = formats.named(name)
        path = osp.join(args.out, predictions.name + module.ENDING)
        module.write(path, predictions)
        written.append(path)
    print(f'{predictions.name}: {", ".join(written)}')


def report(line: str) -> None:
    """A line of progress, at once."""
    print(line, flush=True)
