"""Does a constant alignment leave a loss on views its gradient (Iqbal20, Eq. 8)?

    python -m benchmarks.alignment_gradient CHECKPOINT [--groups 8]

``MultiViewConsistencyLoss`` takes the alignment of two poses for a constant. Here its
gradient is compared with that of the loss itself, central differences with every pair
aligned anew, on images of the rig and with the 2D joints and depths that the network of
CHECKPOINT (a pre-training's, say) finds in them: the cosine between both, in double
precision, mean and lowest over groups of views. 1 is no difference. Two minutes on one
core; writes benchmarks/results/alignment_gradient.json.
"""

import argparse
import os.path as osp

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpose.registry import MODELS

from benchmarks import ROOT
from mmpose_al.apis import load_weights
from mmpose_al.fileio import write_json
from mmpose_al.geometry.depth import reconstruct
from mmpose_al.models.heads.heatmap_2p5d import camera_of
from mmpose_al.models.losses import MultiViewConsistencyLoss

CONFIG = osp.join(
    ROOT, 'configs', 'weakly_supervised_3d', 'synthetic', 'ws_lite0_synthetic-64x64.py'
)
STEP = 1e-5  # pixels, or relative depth


def found(checkpoint: str, config: str, groups: int) -> list:
    """What a network finds in groups of views: 2D joints (V, J, 2), depths and φ (V, J),
    and the rest that ``reconstruct`` takes."""
    config = Config.fromfile(config)
    init_default_scope('mmpose')
    model = MODELS.build(config.model)
    load_weights(model, checkpoint)
    model.eval()
    pair, num_views = model.head.pair, model.num_views
    result = []
    for batch in Runner.build_dataloader(config.train_dataloader, seed=0):
        data = model.data_preprocessor(batch, False)
        views = [
            i for i, sample in enumerate(data['data_samples']) if not sample.metainfo['is_labeled']
        ]
        with torch.no_grad():
            pose = model.head.pose(model.network.extract_feat(data['inputs'][views]))
        K, dist = camera_of([data['data_samples'][i] for i in views], pose.pixels)
        dist = K.new_zeros(len(K), 14) if dist is None else dist
        values = [
            v.double().split(num_views)
            for v in (pose.pixels, pose.relative, pose.confidence.clamp(min=0), K, dist)
        ]
        for pixels, relative, confidence, *camera in zip(*values):
            camera = (camera[0], pair, camera[1])
            if reconstruct(pixels, relative, *camera).valid.all():
                result.append((pixels, relative, confidence, camera))
        if len(result) >= groups:
            break
    return result[:groups]


def compare(distance: str, pixels, relative, confidence, camera) -> list:
    """Cosines of both gradients for the 2D joints and for the depths of one group.

    Args:
        distance (str): Of ``MultiViewConsistencyLoss``.
        pixels, relative, confidence (Tensor): (V, J, 2), (V, J) and (V, J), float64.
        camera (tuple): K (V, 3, 3), the pair, distortion (V, 14).
    """
    loss = MultiViewConsistencyLoss(distance=distance).double()

    def value(*found) -> torch.Tensor:
        pose = reconstruct(*found, *camera)
        return loss(pose.points[None], confidence[None], pose.valid[None])

    given = [pixels.clone().requires_grad_(), relative.clone().requires_grad_()]
    constant = torch.autograd.grad(value(*given), given)
    result = []
    for which, gradient in enumerate(constant):
        own = torch.zeros_like(gradient)
        with torch.no_grad():
            for index in range(own.numel()):
                ends = []
                for sign in (1, -1):
                    moved = [pixels.clone(), relative.clone()]
                    moved[which].view(-1)[index] += sign * STEP
                    ends.append(value(*moved))
                own.view(-1)[index] = (ends[0] - ends[1]) / (2 * STEP)
        result.append(torch.cosine_similarity(gradient.flatten(), own.flatten(), 0).item())
    return result


if __name__ == '__main__':
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('checkpoint')
    parser.add_argument('--config', default=CONFIG)
    parser.add_argument('--groups', type=int, default=8)
    parser.add_argument(
        '--out', default=osp.join(ROOT, 'benchmarks', 'results', 'alignment_gradient.json')
    )
    args = parser.parse_args()
    views = found(args.checkpoint, args.config, args.groups)
    report = dict(
        command=f'python -m benchmarks.alignment_gradient CHECKPOINT --groups {args.groups}',
        checkpoint=osp.relpath(args.checkpoint, ROOT),
        groups=len(views),
    )
    for distance in ('l1', 'euclidean'):
        cosines = torch.tensor([compare(distance, *group) for group in views])
        for name, column in zip(('2D joints', 'depths'), cosines.T):
            print(
                f'{distance}, {name}: cosine {column.mean():.2f}, lowest {column.min():.2f}',
                flush=True,
            )
            report[f'{distance}, {name}'] = dict(
                mean=round(column.mean().item(), 3), lowest=round(column.min().item(), 3)
            )
    write_json(args.out, report)
