"""Draw the pose that a trained config predicts on an image.

    python demo/image_demo.py IMAGE CONFIG CHECKPOINT --out pose.png [--box X Y W H]

Without --box the person is taken to fill the image. Works with every config of
mmpose_al and of MMPose; of several networks the ensemble is drawn. 3D poses are drawn by
demo/pose3d_demo.py.
"""

import argparse
import os.path as osp
import sys

sys.path.insert(0, osp.dirname(osp.dirname(osp.abspath(__file__))))

import cv2
import numpy as np
from mmengine.config import Config
from mmpose.apis import inference_topdown, init_model

from mmpose_al.apis import Pose3DInferencer
from mmpose_al.fileio import write_image


def draw(
    image: np.ndarray, keypoints: np.ndarray, scores: np.ndarray, links, threshold: float
) -> np.ndarray:
    """A copy of a BGR image with the joints (K, 2) and links above the threshold."""
    image = image.copy()
    width = max(1, round(max(image.shape[:2]) / 150))
    points = [tuple(int(round(v)) for v in point) for point in keypoints]
    for a, b in links:
        if min(scores[a], scores[b]) >= threshold:
            cv2.line(image, points[a], points[b], (0, 200, 255), width, cv2.LINE_AA)
    for point, score in zip(points, scores):
        if score >= threshold:
            cv2.circle(image, point, 2 * width, (255, 100, 0), -1, cv2.LINE_AA)
    return image


def predict(args, image: np.ndarray) -> tuple:
    """Keypoints (K, 2) and scores (K, ) of the person, and links of the skeleton."""
    x, y, w, h = args.box or (0, 0, image.shape[1], image.shape[0])
    config = Config.fromfile(args.config)
    pipeline = config.test_dataloader.dataset.get('pipeline', [])
    if 'InputCamera' in [step['type'] for step in pipeline]:
        inferencer = Pose3DInferencer(config, args.checkpoint, args.device)
        (person,) = inferencer(image, boxes=[(x, y, w, h)])
        return person['keypoints'], person['scores'], inferencer.links
    # With cfg_options given, init_model does not look for model.backbone.
    model = init_model(config, args.checkpoint, device=args.device, cfg_options={})
    found = inference_topdown(model, image, np.array([[x, y, x + w, y + h]]))[0].pred_instances
    return (
        found.keypoints[0],
        found.keypoint_scores[0],
        model.dataset_meta.get('skeleton_links', []),
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('image')
    parser.add_argument('config')
    parser.add_argument('checkpoint')
    parser.add_argument('--out', default='pose.png')
    parser.add_argument('--box', type=float, nargs=4, metavar=('X', 'Y', 'W', 'H'))
    parser.add_argument(
        '--threshold',
        type=float,
        default=0.2,
        help='joints with a lower heatmap maximum are not drawn',
    )
    parser.add_argument('--device', default='cpu')
    args = parser.parse_args()
    image = cv2.imread(args.image)
    if image is None:
        sys.exit(f'image_demo: {args.image}: no such image, or not readable')
    try:
        keypoints, scores, links = predict(args, image)
    except ValueError as error:
        sys.exit(f'image_demo: {error}')
    drawn = draw(image, keypoints, scores, links, args.threshold)
    try:
        write_image(args.out, drawn)
    except OSError as error:
        sys.exit(f'image_demo: {error}')
    found = int((scores >= args.threshold).sum())
    print(f'{args.out}: {found} of {len(scores)} joints above the threshold')


if __name__ == '__main__':
    main()
