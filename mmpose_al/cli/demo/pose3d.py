"""3D poses of an image or a video as JSON, with a picture beside the input.

    mmpose-al demo pose3d INPUT CONFIG CHECKPOINT --out poses.json \\
        [--picture poses.png] [--intrinsics FX FY CX CY | --camera camera.json] \\
        [--box X Y W H ...] [--step 5]

CONFIG is any of `mmpose-al configs weakly_supervised_3d`. Without intrinsics a focal length of 1.2
times the longer side is taken. Without --box (several may be given) the person is taken
to fill the image. --camera reads {"K": 3x3, "dist": [...]}.
"""

import argparse
from typing import List

from ..options import OutFile, add_config, positive

HELP = '3D poses of an image or a video as JSON, with a picture'
ROWS = 6  # of the picture of a video


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('input', help='image or video')
    add_config(parser)
    parser.add_argument('checkpoint')
    parser.add_argument('--out', type=OutFile, default='poses.json')
    parser.add_argument('--picture', type=OutFile, help='e.g. poses.png')
    parser.add_argument('--intrinsics', type=float, nargs=4, metavar=('FX', 'FY', 'CX', 'CY'))
    parser.add_argument('--camera', help='JSON file with K and dist')
    parser.add_argument('--box', type=float, nargs=4, action='append', metavar=('X', 'Y', 'W', 'H'))
    parser.add_argument('--step', type=positive, default=1, help='every n-th frame')
    parser.add_argument('--limit', type=positive, help='most frames')
    parser.add_argument('--device', default='cpu')


def run(args: argparse.Namespace) -> int:
    from ...apis import Pose3DInferencer, guess_intrinsics, read_frames
    from ...fileio import write_json
    from ...visualization import draw_beside
    from ..launch import read_config

    K, dist = camera_of(args)
    inferencer = Pose3DInferencer(read_config(args.config), args.checkpoint, args.device)
    frames: List[tuple] = []
    shown: List[tuple] = []
    every = 1
    for index, image in read_frames(args.input, args.step, args.limit):
        if K is None:
            K = guess_intrinsics(image.shape[1], image.shape[0])
        people = inferencer(image, K, args.box, dist)
        if len(frames) % every == 0:
            shown.append((image, people))
            if len(shown) > ROWS:  # a video may be long: keep every second one
                shown, every = shown[::2], 2 * every
        frames.append((index, people))
    write_json(args.out, inferencer.describe(frames, K, args.input), indent=None)
    if args.picture:
        draw_beside(*zip(*shown), inferencer.links, args.picture, inferencer.unit)
    poses = sum(p['keypoints_3d'] is not None for _, people in frames for p in people)
    print(f'{args.out}: {poses} poses of {len(frames)} frames, unit {inferencer.unit}')
    return 0


def camera_of(args: argparse.Namespace) -> tuple:
    """K or None, and distortion.

    Raises:
        ValueError: The file has no camera.
    """
    from ...apis.pose3d_inferencer import check_intrinsics
    from ...fileio import read_json, short
    from ...geometry.lenses import other_model

    if args.intrinsics:
        fx, fy, cx, cy = args.intrinsics
        return check_intrinsics([[fx, 0, cx], [0, fy, cy], [0, 0, 1]]), []
    if args.camera:
        camera = read_json(args.camera)
        if not isinstance(camera, dict) or 'K' not in camera:
            raise ValueError(f'{args.camera}: no key "K"; it holds {{"K": 3x3}}')
        other = other_model(camera)
        if other is not None:
            raise ValueError(
                f'{args.camera}: "{other[0]}" is {short(other[1])}; only a pinhole with '
                "OpenCV's distortion is known. Undistort the images first"
            )
        return check_intrinsics(camera['K']), camera.get('dist', [])
    return None, []
