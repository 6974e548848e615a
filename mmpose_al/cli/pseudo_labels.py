"""Write a trained model's keypoints as the labels of images that have none.

    mmpose-al pseudo-labels CONFIG CHECKPOINT --out pseudo.json \\
        [--min-score 0.5] [--data train_dataloader.dataset.unlabeled] [--smooth 2]

CONFIG is the one that CHECKPOINT was trained with, or a WeaklySupervisedPose3D around
the same network; --data names the images by a key of it.

Made once and kept fixed, they regularise weakly supervised training (Iqbal20,
Sec. 3.3). The file is that of the data set with other keypoints: those with a
confidence above --min-score count as visible (v = 2), the others are unlabelled.
Annotations of other cameras or splits, and all 3D poses, are left out.

Of frames of a video --smooth moves each keypoint to the median of those around it, weighted by
their confidence. So many frames on either side take part. The file needs frames
(docs/multiview_format.md). It is off by default: it takes jumps back, and nothing that is wrong
for many frames (docs/studies/video.md).
"""

import argparse

from .options import OutFile, add_config, positive

HELP = "write a trained model's keypoints as labels"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument('checkpoint')
    parser.add_argument('--out', type=OutFile, required=True)
    parser.add_argument(
        '--min-score',
        type=float,
        default=0.5,
        help='keypoints with a confidence above it are labels; default %(default)s',
    )
    parser.add_argument(
        '--data',
        default='train_dataloader.dataset.unlabeled',
        help='key of a data set in the config; by default %(default)s',
    )
    parser.add_argument(
        '--smooth',
        type=positive,
        metavar='FRAMES',
        help='smooth over so many frames before and after; by default none',
    )
    parser.add_argument('--device', default='cpu')


def run(args: argparse.Namespace) -> int:
    from ..apis.pseudo_labels import pseudo_labels
    from ..fileio import write_json
    from .launch import check_not_read, read_config

    config = read_config(args.config)
    check_not_read(config, args.out)
    data = pseudo_labels(
        config, args.checkpoint, args.data, args.min_score, args.device, args.smooth
    )
    labels = sum(a['num_keypoints'] for a in data['annotations'])
    joints = sum(len(a['keypoint_scores']) for a in data['annotations'])
    if not labels:
        raise ValueError(
            f'none of {joints} joints is above {args.min_score}; '
            'has this network learnt anything? Nothing was written'
        )
    write_json(args.out, data, indent=None, nan_as_null=False)
    print(
        f'{args.out}: {labels} of {joints} joints of {len(data["annotations"])} '
        f'persons above {args.min_score}'
    )
    return 0
