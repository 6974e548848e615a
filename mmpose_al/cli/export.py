"""Write the labels of a project for another tool.

    mmpose-al export PROJECT --out labels.json      COCO keypoints
    mmpose-al export PROJECT --out FOLDER           DeepLabCut: labeled-data/*/CollectedData_*.csv
    mmpose-al export PROJECT --out labels.slp       SLEAP (extra "labs")
    mmpose-al export PROJECT --out labels.nwb       NWB with ndx-pose (extra "labs")

Labels are those that the sources had, and what people answered in the project's
experiments; the latest counts. Coordinates are written as they are, missing points as
missing. DeepLabCut's .h5 is written where pandas and tables are installed.
"""

import argparse

HELP = "write a project's labels for DeepLabCut, SLEAP, COCO or NWB"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('project', help='folder that `mmpose-al new` made')
    parser.add_argument('--out', required=True, help='file, or a folder for DeepLabCut')
    parser.add_argument(
        '--format',
        choices=('coco', 'deeplabcut', 'sleap', 'nwb'),
        help='default: told from the ending of --out',
    )


def run(args: argparse.Namespace) -> int:
    from ..projects import exports, open_project

    name = args.format or exports.format_of(args.out)
    project = open_project(args.project)
    for path in exports.FORMATS[name](project, args.out):
        print(path)
    return 0
