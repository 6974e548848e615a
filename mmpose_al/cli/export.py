"""Write the labels of a project for another tool, or a trained network for other runtimes.

    mmpose-al export PROJECT --out labels.json      COCO keypoints
    mmpose-al export PROJECT --out FOLDER           DeepLabCut: labeled-data/*/CollectedData_*.csv
    mmpose-al export PROJECT --out labels.slp       SLEAP (extra "labs")
    mmpose-al export PROJECT --out labels.nwb       NWB with ndx-pose (extra "labs")
    mmpose-al export MODEL --onnx pose.onnx         the network as ONNX (extra "onnx")
    mmpose-al export MODEL --torchscript pose.pt    the network as TorchScript

Labels are those that the sources had, and what people answered in the project's
experiments; the latest counts. Coordinates are written as they are, missing points as
missing. DeepLabCut's .h5 is written where pandas and tables are installed.

MODEL is a project, the work directory of a training or of an experiment, a checkpoint in one,
or a config with --checkpoint. Of several networks the mean is written, or one by --network.
Each file is compared with the model first; docs/deployment.md tells the rest.
"""

import argparse
import os.path as osp
from typing import Dict

from ..deployment import OPSET
from .errors import UsageError
from .options import OutFile, add_model_choice, check_ending, positive

ENDINGS = dict(onnx='.onnx', torchscript='.pt')
HELP = "write a project's labels for other tools, or a network as ONNX or TorchScript"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('model', metavar='MODEL', help='project, or a trained model (above)')
    labels = parser.add_argument_group('labels')
    labels.add_argument('--out', type=OutFile, help='file, or a folder for DeepLabCut')
    labels.add_argument(
        '--format',
        choices=('coco', 'deeplabcut', 'sleap', 'nwb'),
        help='default: told from the ending of --out',
    )
    network = parser.add_argument_group('network')
    network.add_argument('--onnx', type=OutFile, metavar='FILE', help='write it as ONNX')
    network.add_argument(
        '--torchscript', type=OutFile, metavar='FILE', help='write it as TorchScript'
    )
    add_model_choice(network)
    network.add_argument(
        '--normalized-input',
        action='store_true',
        help='the file takes normalised images; by default it takes pixels, BGR from 0 to 255',
    )
    network.add_argument(
        '--opset', type=positive, help=f"version of ONNX's operators; default {OPSET}"
    )
    network.add_argument(
        '--images',
        type=positive,
        default=8,
        help='images of the test data that the file is checked on; default %(default)s',
    )


def run(args: argparse.Namespace) -> int:
    networks = {kind: getattr(args, kind) for kind in ('onnx', 'torchscript')}
    networks = {kind: path for kind, path in networks.items() if path is not None}
    if args.out is None and not networks:
        raise UsageError('name what to write: --out for labels, --onnx or --torchscript')
    for kind, path in networks.items():
        check_ending(f'--{kind}', path, ENDINGS[kind])
    if args.opset is not None and 'onnx' not in networks:
        raise UsageError('--opset is of ONNX: give --onnx too')
    if args.format is not None and args.out is None:
        raise UsageError('--format is of labels: give --out too')
    if args.out is not None:
        export_labels(args)
    if networks:
        export_networks(args, networks)
    return 0


def export_labels(args: argparse.Namespace) -> None:
    """Write the labels of a project, and say which files."""
    from ..projects import exports, labels, open_project

    name = args.format or exports.format_of(args.out)
    labels.take_left(args.model)
    project = open_project(args.model)
    for line in exports.labeled_otherwise(project):
        print(f'warning: {line}')
    for path in exports.FORMATS[name](project, args.out):
        print(path)


def export_networks(args: argparse.Namespace, paths: Dict[str, str]) -> None:
    """Write the network of a model, and say what the files take and give."""
    from ..deployment.exporting import KINDS, Exporter
    from ..deployment.network import NORMALIZED, PIXELS
    from ..prediction.model_files import find_model
    from .launch import read_config

    for kind in paths:
        KINDS[kind].library()
    files = find_model(args.model, args.checkpoint)
    takes = NORMALIZED if args.normalized_input else PIXELS
    config = read_config(files.config)
    exporter = Exporter(config, files.checkpoint, args.network, takes, args.images)
    for kind, path in paths.items():
        done = exporter.write(path, kind, args.opset)
        known = done.description
        width, height = known['input_size']
        opset = f', opset {args.opset or OPSET}' if kind == 'onnx' else ''
        print(f'{path}: {known["model"]}; {KINDS[kind].NAME}{opset}, {size_of(path)}')
        print(f'  input (batch, 3, {height}, {width}): {known["input"]}, {known["channels"]}')
        print(f'  outputs: {", ".join(known["outputs"])}; codec {known["codec"]["type"]}')
        print(f'  compared with the model on {done.checked}: {done.agreement}')


def size_of(path: str) -> str:
    """The size of a file in words."""
    return f'{osp.getsize(path) / 2**20:.1f} MiB'
