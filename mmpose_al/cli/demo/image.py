"""Draw the pose that a trained config predicts on an image.

    mmpose-al demo image IMAGE CONFIG CHECKPOINT --out pose.png [--box X Y W H]

Without --box the person is taken to fill the image. Works with every config of
mmpose_al and of MMPose; of several networks the ensemble is drawn. 3D poses are drawn by
`mmpose-al demo pose3d`.
"""

import argparse

from ..options import OutFile, add_config

HELP = 'draw the pose that a trained config predicts on an image'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('image')
    add_config(parser)
    parser.add_argument('checkpoint')
    parser.add_argument('--out', type=OutFile, default='pose.png')
    parser.add_argument('--box', type=float, nargs=4, metavar=('X', 'Y', 'W', 'H'))
    parser.add_argument(
        '--min-score',
        type=float,
        default=0.2,
        help='joints with a lower confidence are not drawn; default %(default)s',
    )
    parser.add_argument('--device', default='cpu')


def run(args: argparse.Namespace) -> int:
    from ...apis.person import predict_person
    from ...datasets.images import read_picture
    from ...fileio import write_image
    from ...visualization import draw_pose
    from ..launch import read_config

    image = read_picture(args.image)
    if image is None:
        raise ValueError(f'{args.image}: no such image, or not readable')
    config = read_config(args.config)
    keypoints, scores, links = predict_person(image, config, args.checkpoint, args.box, args.device)
    write_image(args.out, draw_pose(image, keypoints, scores, links, args.min_score))
    found = int((scores >= args.min_score).sum())
    print(f'{args.out}: {found} of {len(scores)} joints score {args.min_score} or more')
    return 0
