"""3D poses of an image or a video as JSON, with a picture beside the input.

    python demo/pose3d_demo.py INPUT CONFIG CHECKPOINT --out poses.json \
        [--picture poses.png] [--intrinsics FX FY CX CY | --camera camera.json] \
        [--box X Y W H ...] [--step 5]

CONFIG is any of configs/weakly_supervised_3d. Without intrinsics a focal length of 1.2
times the longer side is taken. Without --box (several may be given) the person is taken
to fill the image. --camera reads {"K": 3x3, "dist": [...]}.
"""

import argparse
import os.path as osp
import sys

sys.path.insert(0, osp.dirname(osp.dirname(osp.abspath(__file__))))

from mmpose_al.apis import Pose3DInferencer, guess_intrinsics, read_frames
from mmpose_al.apis.pose3d_inferencer import check_intrinsics
from mmpose_al.fileio import read_json, write_json
from mmpose_al.visualization import draw_beside

ROWS = 6  # of the picture of a video


def camera_of(args) -> tuple:
    """K or None, and distortion.

    Raises:
        ValueError: The file has no camera.
    """
    if args.intrinsics:
        fx, fy, cx, cy = args.intrinsics
        return check_intrinsics([[fx, 0, cx], [0, fy, cy], [0, 0, 1]]), []
    if args.camera:
        camera = read_json(args.camera)
        if not isinstance(camera, dict) or 'K' not in camera:
            raise ValueError(f'{args.camera}: no key "K"; it holds {{"K": 3x3}}')
        return check_intrinsics(camera['K']), camera.get('dist', [])
    return None, []


def run(args) -> str:
    """Infer, write, and say what was written."""
    K, dist = camera_of(args)
    inferencer = Pose3DInferencer(args.config, args.checkpoint, args.device)
    frames, shown, every = [], [], 1
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
    return f'{args.out}: {poses} poses of {len(frames)} frames, unit {inferencer.unit}'


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('input', help='image or video')
    parser.add_argument('config')
    parser.add_argument('checkpoint')
    parser.add_argument('--out', default='poses.json')
    parser.add_argument('--picture', help='e.g. poses.png')
    parser.add_argument('--intrinsics', type=float, nargs=4, metavar=('FX', 'FY', 'CX', 'CY'))
    parser.add_argument('--camera', help='JSON file with K and dist')
    parser.add_argument('--box', type=float, nargs=4, action='append', metavar=('X', 'Y', 'W', 'H'))
    parser.add_argument('--step', type=int, default=1, help='every n-th frame')
    parser.add_argument('--limit', type=int, help='most frames')
    parser.add_argument('--device', default='cpu')
    try:
        print(run(parser.parse_args()))
    except (ValueError, OSError) as error:
        sys.exit(f'pose3d_demo: {error}')


if __name__ == '__main__':
    main()
