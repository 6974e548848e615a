"""Pictures of a multi-view file: sheets of views, 3D scenes, residuals of the cameras.

    mmpose-al draw data/synthetic/test.json \\
        --img-root data/synthetic/images --out pictures

    mmpose-al draw test.json --img-root images \\
        --predictions results.keypoints.json --frames 12 40 --crop 1.5 --out pictures

What is 2D comes from --predictions, or else from the file's own labels, and is
triangulated robustly. For each chosen frame the folder gets

    frame_<id>_person_<id>.png   all views: labels (green), predictions (red) with
                                 outliers marked, reprojections (blue crosses)
    frame_<id>_scene.png         triangulated and true 3D poses, and the cameras

and, over all frames of the file,

    residuals.png                2D minus reprojection of each camera's inliers: a cloud
                                 beside the cross is a calibration (or a model) that is
                                 off

--predictions reads what MMPose's CocoMetric(outfile_prefix=...) writes in
`mmpose-al test` (.json; persons of one image are told apart by their boxes), or the
scores of an active-learning round (round_NN/scores.npz). Views that it lacks are left
out.
"""

import argparse

from .options import not_negative, positive, positive_number

HELP = 'pictures of a multi-view file: views, 3D scenes, residuals'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('ann_file', help='multi-view JSON file')
    parser.add_argument('--out', required=True, help='folder that takes the pictures')
    parser.add_argument(
        '--img-root',
        help='folder that the file names of images are relative to; default: that of ANN_FILE',
    )
    parser.add_argument(
        '--image-folder',
        dest='image_folders',
        nargs='+',
        default=[],
        help='other folders that file names may lead to, by an absolute path, .. or a link',
    )
    parser.add_argument('--blank', action='store_true', help='draw on white, without images')
    parser.add_argument(
        '--frames',
        type=int,
        nargs='+',
        metavar='ID',
        help='ids of the frames to draw; default: --num of them',
    )
    parser.add_argument(
        '--num',
        type=not_negative,
        default=4,
        help='frames to draw, spread evenly over the file; 0: only the residuals; '
        'default %(default)s',
    )
    parser.add_argument(
        '--cameras',
        nargs='+',
        metavar='NAME',
        help='names or ids of the cameras to use; default: all',
    )
    parser.add_argument('--predictions', metavar='FILE', help='.json or .npz, see above')
    add_drawing_arguments(parser)


def add_drawing_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--threshold',
        type=positive_number,
        default=20.0,
        help='largest reprojection error of an inlier, pixels; default %(default)s',
    )
    parser.add_argument('--min-score', type=float, help='predictions below it do not take part')
    parser.add_argument(
        '--crop',
        type=positive_number,
        metavar='FACTOR',
        help="show only so many times the person's box, such as 1.5",
    )
    parser.add_argument(
        '--height',
        type=positive,
        default=320,
        help='of a view in a sheet, pixels; default %(default)s',
    )
    parser.add_argument(
        '--limit', type=positive_number, help='half side of the panels of residuals, pixels'
    )


def run(args: argparse.Namespace) -> int:
    from ..analysis.multiview_pictures import Wanted, draw

    draw(Wanted(**{name: getattr(args, name) for name in Wanted._fields}))
    return 0
