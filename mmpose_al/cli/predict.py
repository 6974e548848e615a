"""Keypoints of images, folders and videos, and of a calibrated rig in 3D.

    mmpose-al predict MODEL video.mp4 images/ --out results
    mmpose-al predict CONFIG video.mp4 --checkpoint weights.pth --out results
    mmpose-al predict MODEL recording/ --calibration calib.toml --unit m --out results
    mmpose-al predict --keypoints results/ --calibration calib.toml --unit m --out again

MODEL is a project, the work directory of a training, a checkpoint in one, or a config with
--checkpoint. A video is a recording, and so are the images of a folder and each video in it;
- reads names from the standard input. For each recording OUT gets the files of --formats.

With --calibration the inputs are the views of a rig: a folder of videos or of folders of
images, or NAME=PATH of each. Their keypoints are triangulated robustly, in millimetres of the
calibration's world; --keypoints takes those of a file in place of a model's.

Coordinates are pixels of the input as it is shown, with the centre of the top left pixel at
(0, 0); confidences stand beside them. Run the same command again after a kill, and it goes on
where it stopped. docs/predict.md tells the rest.
"""

import argparse
import os.path as osp
from typing import TYPE_CHECKING, Any, Callable, List, Optional, Sequence

from .detection import add_detection, add_detector
from .errors import UsageError
from .options import add_calibration, add_model_choice, not_negative, positive, positive_number

if TYPE_CHECKING:
    from ..prediction.inputs import Recording
    from ..prediction.predictions import Predictions
    from ..prediction.recording import Job
    from ..prediction.rig import Calibration
    from ..prediction.views import ViewKeypoints

HELP = 'keypoints of images, folders and videos; in 3D of a calibrated rig'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument('model', nargs='?', help='project, work directory, checkpoint or config')
    parser.add_argument('inputs', nargs='*', metavar='INPUT', help='image, folder, video, or -')
    parser.add_argument('--out', required=True, help='folder that takes the results')
    add_model_arguments(parser)
    add_box_arguments(parser)
    add_output_arguments(parser)
    add_rig_arguments(parser)


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Which weights and network predict, and how."""
    group = parser.add_argument_group('model')
    add_model_choice(group)
    group.add_argument(
        '--confidence',
        metavar='FILE',
        help='of `mmpose-al confidence`: scores of keypoints become what it makes of them',
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
    add_detector(chosen, 'its best boxes are taken')
    group.add_argument('--persons', type=positive, help='most boxes of a frame; default 1')
    add_detection(group)


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
    group.add_argument('--video', action='store_true', help='draw the keypoints into a video, too')
    group.add_argument(
        '--draw-score',
        type=float,
        default=0.2,
        help='keypoints with a lower confidence are not drawn; default %(default)s',
    )


def add_rig_arguments(parser: argparse.ArgumentParser) -> None:
    """What makes 3D of a rig's views."""
    from ..prediction import formats_3d

    group = parser.add_argument_group('3D of a calibrated rig')
    add_calibration(group)
    group.add_argument(
        '--keypoints',
        nargs='+',
        metavar=('FILE', 'ARRAY'),
        help='keypoints of the views from elsewhere: .npz, or a folder of tables',
    )
    group.add_argument(
        '--metainfo',
        default='configs/_base_/datasets/coco.py',
        help='names of keypoints that a file does not tell; default %(default)s',
    )
    group.add_argument('--fps', type=positive_number, help='if nothing tells it, or not the truth')
    group.add_argument(
        '--threshold',
        type=positive_number,
        default=20.0,
        help='largest reprojection error of a view that agrees, pixels; default %(default)s',
    )
    group.add_argument(
        '--min-inliers',
        type=positive,
        default=2,
        help='views that have to agree; default %(default)s',
    )
    group.add_argument(
        '--weights',
        choices=('confidence2', 'confidence', 'none'),
        default='confidence2',
        help='what a view weighs in the fit; default %(default)s',
    )
    group.add_argument(
        '--min-score',
        type=float,
        default=0.0,
        help='keypoints with a lower confidence do not take part; default %(default)s',
    )
    group.add_argument('--smooth', action='store_true', help='smooth over time, and fill gaps')
    group.add_argument(
        '--acceleration',
        type=positive_number,
        help='of the smoother, standard deviation in mm/s^2; default: the likeliest',
    )
    group.add_argument(
        '--max-gap', type=not_negative, default=5, help='longest gap that is filled, frames'
    )
    group.add_argument(
        '--look',
        type=not_negative,
        default=4,
        help='frames that agree least, to be drawn and named; default %(default)s',
    )
    group.add_argument(
        '--formats-3d',
        nargs='+',
        choices=formats_3d.NAMES,
        default=formats_3d.DEFAULT,
        metavar='FORMAT',
        help=f'of {", ".join(formats_3d.NAMES)}; default {" ".join(formats_3d.DEFAULT)}',
    )


def run(args: argparse.Namespace, detector: Optional[Callable] = None) -> int:
    """The command. ``detector`` stands in for the MMDetection model in tests."""
    if args.keypoints:
        return run_keypoints(args)
    if args.model is None or not args.inputs:
        raise UsageError('name a MODEL and what to predict, or --keypoints')
    if args.calibration:
        return run_rig(args, detector)
    check_no_3d(args)
    from ..prediction.inputs import find_recordings
    from ..prediction.model_files import find_model
    from ..prediction.recording import predict_recording

    find_model(args.model, args.checkpoint)  # before recordings are read
    recordings = find_recordings(args.inputs)
    check_formats(args, recordings)
    job = make_job(args, recordings, detector)
    for recording in recordings:
        write_results(args, predict_recording(recording, job), recording)
    return 0


def run_rig(args: argparse.Namespace, detector: Optional[Callable] = None) -> int:
    """Predict all views of a rig, and triangulate; several recordings of a folder in turn."""
    from ..converters.sources import recording_name
    from ..converters.view_names import find_recordings
    from ..prediction.model_files import find_model

    if (args.persons or 1) > 1:
        raise UsageError(
            'bodies of a rig are told apart by the person_id of their boxes (--boxes FILE): leave '
            '--persons out'
        )
    check_times(args)
    find_model(args.model, args.checkpoint)  # before recordings are read
    known = calibration_of(args)
    recordings = find_recordings(args.inputs, known.paths, known.unit)
    if len(recordings) == 1:
        return predict_rig(args, args.inputs, detector=detector)
    if args.boxes:
        raise UsageError(
            f'--boxes is of one recording, and {args.inputs[0]} holds {len(recordings)}: '
            f'{", ".join(filter(None, recordings))}. Name the views of one: NAME=PATH ...'
        )
    whole = recording_name(args.inputs[0])  # of views whose names tell no recording
    for part, views in recordings.items():
        name = part or (f'{whole}_views' if whole in recordings else whole)
        report(f'recording {name}')
        own = argparse.Namespace(**{**vars(args), 'out': osp.join(args.out, name)})
        predict_rig(own, [f'{camera}={path}' for camera, path in views.items()], name, detector)
    return 0


def predict_rig(
    args: argparse.Namespace,
    words: 'Sequence[str]',
    name: Optional[str] = None,
    detector: Optional[Callable] = None,
) -> int:
    """Predict all views of one recording of a rig, and triangulate.

    Args:
        args (Namespace): Of the command.
        words (Sequence[str]): A folder of views, or ``NAME=PATH`` of each.
        name (str, optional): Of the recording; by default that of the folder.
        detector (callable, optional): In place of that of the command.
    """
    from ..prediction.recording import predict_recording
    from ..prediction.rig import open_rig
    from ..prediction.views import views_of

    rig = open_rig(
        words, calibration_of(args), parts_of(args), args.fps, args.allow_unequal, report, name
    )
    check_formats(args, rig.recordings)
    job = make_job(args, rig.recordings, detector)
    found = []
    for recording in rig.recordings:
        found.append(predict_recording(recording, job))
        write_results(args, found[-1], recording)
    bodies = getattr(job.boxes, 'numbers', {})
    for name, person in sorted(bodies.items()) or [(0, 0)]:
        views = views_of(rig.name, found, rig.cameras, rig.times, person)
        write_3d(args, views, rig.recordings, f'person{name}' if len(bodies) > 1 else '')
    return 0


def run_keypoints(args: argparse.Namespace) -> int:
    """Triangulate keypoints that are there already."""
    from ..prediction.keypoint_files import read_keypoints
    from ..prediction.rig import open_rig, skeleton_of, views_of_file

    if len(args.keypoints) > 2:
        raise UsageError('--keypoints takes a file, and maybe the name of an array in it')
    check_no_model(args)
    check_times(args)
    check_formats(args)
    path = args.keypoints[0]
    bodies = read_keypoints(*args.keypoints)
    first = next(iter(bodies.values()))
    skeleton = skeleton_of(first.joints, first.pixels.shape[2], args.metainfo, path)
    words = [word for word in [args.model, *args.inputs] if word is not None]
    rig = None
    if words:
        if not args.calibration:
            raise UsageError('views of a rig need --calibration')
        rig = open_rig(
            words, calibration_of(args), parts_of(args), args.fps, args.allow_unequal, report
        )
        frames = len(first.pixels)
        if frames != rig.count:
            report(
                f'warning: {path} has {frames} frames, and the recording {rig.count}; frames are '
                'counted from the beginning of both'
            )
    for body, content in bodies.items():
        views = views_of_file(content, path, skeleton, calibration_of(args), rig, args.fps)
        write_3d(args, views, None if rig is None else rig.recordings, body)
    return 0


def check_times(args: argparse.Namespace) -> None:
    """Options of the smoother stand with it."""
    if args.acceleration is not None and not args.smooth:
        raise UsageError('--acceleration is of the smoother: give --smooth too')


def check_no_3d(args: argparse.Namespace) -> None:
    """Options of 3D stand with what makes 3D."""
    usual = argparse.ArgumentParser()
    add_rig_arguments(usual)
    kept = ('fps', 'metainfo', 'look', 'calibration', 'keypoints')
    for name, value in vars(usual.parse_args([])).items():
        if name not in kept and getattr(args, name) != value:
            raise UsageError(
                f'--{name.replace("_", "-")} is of 3D: give --calibration, or --keypoints'
            )


def check_no_model(args: argparse.Namespace) -> None:
    """Options of a model stand without keypoints that are there already."""
    usual = argparse.ArgumentParser()
    for add in (add_model_arguments, add_box_arguments, add_output_arguments):
        add(usual)
    for name, value in vars(usual.parse_args([])).items():
        if name not in ('device', 'batch_size') and getattr(args, name) != value:
            raise UsageError(
                f'--{name.replace("_", "-")} is of what a model predicts: leave it out with '
                '--keypoints'
            )


def check_formats(args: argparse.Namespace, recordings: 'Sequence[Recording]' = ()) -> None:
    """Raise where a file could not be written, before hours of work.

    Raises:
        ImportError: A library is not installed.
        ValueError: A recording has not what a format holds.
    """
    from ..prediction import formats, formats_3d

    modules = [formats.named(name) for name in args.formats] if recordings else []
    if args.calibration or args.keypoints:
        modules += [formats_3d.named(name) for name in args.formats_3d]
    for module in modules:
        getattr(module, 'library', lambda: None)()
        for recording in recordings:
            getattr(module, 'check_recording', lambda _: None)(recording)


def calibration_of(args: argparse.Namespace) -> 'Calibration':
    """The calibration's files and how they are read."""
    from ..prediction.rig import Calibration

    return Calibration(args.calibration, args.unit, args.calibration_size)


def parts_of(args: argparse.Namespace) -> str:
    """Where what is not finished is kept."""
    return osp.join(args.out, 'parts')


def write_3d(
    args: argparse.Namespace,
    views: 'ViewKeypoints',
    recordings: 'Optional[Sequence[Recording]]' = None,
    body: str = '',
) -> None:
    """Triangulate a body, write files, summary and pictures, and say what came of it.

    ``body`` is its name, where there are several.
    """
    from ..fileio import write_json
    from ..prediction import formats_3d, pictures
    from ..prediction.poses_3d import smoothed, triangulate
    from ..prediction.summary import in_words, summary

    weights = None if args.weights == 'none' else args.weights
    poses = triangulate(views, args.threshold, args.min_inliers, weights, args.min_score)
    if args.smooth:
        poses = smoothed(poses, args.acceleration, args.max_gap, weights, args.fps)
    written, stem = [], '.'.join(filter(None, (views.name, body)))
    for name in args.formats_3d:
        module = formats_3d.named(name)
        written.append(osp.join(args.out, stem + module.ENDING))
        module.write(written[-1], poses)
    figures = summary(poses, args.look)
    written.append(osp.join(args.out, f'{stem}.summary.json'))
    write_json(written[-1], figures)
    frames = [entry['frame'] for entry in figures['look_at']]
    folder = osp.join(args.out, 'pictures', body)
    written += pictures.draw(poses, frames, folder, recordings)
    for line in in_words(figures):
        print(line)
    print(f'{stem}: {", ".join(written)}')


def make_job(
    args: argparse.Namespace, recordings: 'Sequence[Recording]', detector: Optional[Callable] = None
) -> 'Job':
    """The model, the boxes and where it all goes."""
    from ..confidence import read_confidence
    from ..converters.detect_boxes import default_device
    from ..prediction.estimator import Estimator
    from ..prediction.model_files import find_model
    from ..prediction.recording import Job
    from .launch import read_config

    files = find_model(args.model, args.checkpoint)
    report(f'model: {files.checkpoint}')
    device = args.device or default_device()
    boxes = make_boxes(args, recordings, device, detector)
    config = read_config(files.config)
    confidence = read_confidence(args.confidence) if args.confidence else None
    estimator = Estimator(config, files.checkpoint, device, args.network, confidence)
    identity = files.identity(args.network, args.confidence)
    folder = parts_of(args)
    return Job(estimator, files.scorer, identity, boxes, folder, args.batch_size, report)


def make_boxes(
    args: argparse.Namespace,
    recordings: 'Sequence[Recording]',
    device: str,
    detector: Optional[Callable] = None,
) -> Any:
    """What gives the boxes of a frame."""
    from ..prediction import boxes

    persons = args.persons or 1
    alone = bool(args.calibration) and args.persons is None
    if args.boxes:
        found = boxes.BoxesOfFile(args.boxes, recordings, persons, alone)
        for line in found.said:
            report(line)
        return found
    if not args.detector:
        return boxes.WholeImage()
    from ..converters.detect_boxes import PersonDetector, described

    config, checkpoint = args.detector
    name = f'{described(config)} {described(checkpoint)} {args.class_name}'
    finder = detector or PersonDetector(config, checkpoint, device, args.class_name)
    return boxes.DetectedBoxes(finder, name, persons, args.score_thr, args.min_size, alone)


def write_results(
    args: argparse.Namespace, predictions: 'Predictions', recording: 'Recording'
) -> None:
    """Write the files of a recording, and say which."""
    from ..prediction import formats, overlays

    written: List[str] = []
    for name in args.formats:
        module = formats.named(name)
        written.append(osp.join(args.out, predictions.name + module.ENDING))
        module.write(written[-1], predictions)
    if args.video:
        written.append(osp.join(args.out, predictions.name + overlays.ENDING))
        overlays.write_overlay(written[-1], recording, predictions, args.draw_score, report)
    print(f'{predictions.name}: {", ".join(written)}')


def report(line: str) -> None:
    """A line of progress, at once."""
    print(line, flush=True)
