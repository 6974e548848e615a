"""MannequinChallenge and 2D predictions to the multi-view format.

    mmpose-al convert mannequin data/mannequin/train \\
        --predictions data/mannequin/predictions --images data/mannequin/images \\
        --neck thorax --pelvis pelvis --out data/mannequin/train.json

The form of the predictions is in docs/converters.md.
"""

import argparse

from ..options import OutFile, add_converter_arguments

HELP = 'MannequinChallenge and 2D predictions'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from ...converters.mannequin import IMAGE, METAINFO

    parser.add_argument('cameras', help='folder of <video>.txt')
    parser.add_argument('--predictions', required=True, help='folder of <video>.json')
    parser.add_argument('--images', required=True, help='folder of the images')
    parser.add_argument('--out', type=OutFile, required=True, help='JSON file to write')
    parser.add_argument(
        '--metainfo', default=METAINFO, help='of the predictions; default %(default)s'
    )
    parser.add_argument(
        '--neck', default='thorax', help='joint, or two with a comma for the point between'
    )
    parser.add_argument('--pelvis', default='pelvis')
    parser.add_argument(
        '--image-pattern',
        default=IMAGE,
        help='{video}, {time} (microseconds), {index}; default %(default)s',
    )
    parser.add_argument(
        '--size',
        nargs=2,
        type=int,
        metavar=('WIDTH', 'HEIGHT'),
        help='of all images, instead of reading one a video',
    )
    parser.add_argument(
        '--scale', type=float, default=1000.0, help='mm in a unit of the camera files'
    )
    parser.add_argument(
        '--min-score',
        type=float,
        default=0.5,
        help='joints with a lower confidence do not count; default %(default)s',
    )
    parser.add_argument('--min-length', type=int, default=5, help='poses of a tracklet')
    parser.add_argument(
        '--min-similarity',
        type=float,
        default=0.3,
        help='of poses that are joined (object keypoint similarity)',
    )
    parser.add_argument(
        '--max-gap', type=int, default=5, help='frames for which a tracklet may be out of sight'
    )
    add_converter_arguments(parser)


def run(args: argparse.Namespace) -> int:
    from ...converters import mannequin
    from ...converters.common import category_of, convert

    category = category_of(args.metainfo)
    tracking = mannequin.Tracking(args.min_similarity, args.max_gap)
    tasks = mannequin.make_tasks(
        args.cameras,
        args.predictions,
        category['keypoints'],
        [args.neck.split(','), args.pelvis.split(',')],
        args.images,
        args.image_pattern,
        args.size,
        args.scale,
        args.min_score,
        args.min_length,
        tracking,
    )
    convert(
        args.out,
        tasks,
        category,
        'MannequinChallenge; keypoints are predictions; the scale of each sequence is unknown',
        args.images,
        args.missing_images,
        args.keep_parts,
    )
    return 0
