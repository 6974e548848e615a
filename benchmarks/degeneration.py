"""Does the consistency of views collapse without the 2.5D constraint (Iqbal20)?

    python -m benchmarks.degeneration [--out benchmarks/results/degeneration]

A small network sees the 2D joints of each of four views of a person, and only the
multi-view loss teaches it 3D poses. Its output is

- `2.5D`: relative depths; with the 2D joints they are reconstructed as in the paper
  (the heatmap loss at its minimum);
- `2.5D, known rotations`: the same, the views aligned by the cameras (WS+R);
- `2.5D + limbs`: the limb length loss beside the multi-view loss (WS);
- `2.5D + limbs + handedness`: and ``HandednessLoss``, ``range_weight``:
  not the paper's;
- `2.5D, no 2D labels`: relative depths and 2D joints, which nothing else holds;
- `free 3D`: all coordinates;
- `free 3D, normalised`: all coordinates, the pair's distance made 1.

A pose that is the same whatever is seen has no loss. `diversity` is the mean distance
of poses of different people after Procrustes, in parts of that of the true poses: 0 is
a collapse. `error` is the P-MPJPE on people that were not trained on; `mirrored` is the
share of poses that fit better with front and back exchanged: views that are nearly
orthographic cannot tell them apart, and neither can limb lengths. Writes OUT.json and a
figure; a minute a seed on one core. With --write nothing is trained: the table of
OUT.json takes the place between `<!-- table: degeneration -->` and `<!-- end -->` of a
page.
"""

import argparse
import os.path as osp
import sys
from typing import Callable, List

import numpy as np
import torch
from torch import nn

from benchmarks import ROOT
from mmpose_al.analysis.results_table import write_table
from mmpose_al.fileio import machine, read_json, write_figure, write_json
from mmpose_al.geometry.alignment import apply_similarity, procrustes
from mmpose_al.geometry.depth import length_left, limb_lengths, rays, reconstruct
from mmpose_al.models.losses import HandednessLoss, LimbLengthLoss, MultiViewConsistencyLoss
from mmpose_al.models.pose3d.weakly_supervised import MIN_LEFT
from mmpose_al.synthetic import body as bodies

PAIR, ROOT_JOINT, JOINTS, VIEWS = (5, 11), 11, 17, 4
LIMBS = [
    (5, 6),
    (11, 12),
    (6, 12),
    (5, 7),
    (7, 9),
    (6, 8),
    (8, 10),
    (11, 13),
    (13, 15),
    (12, 14),
    (14, 16),
]
TRIPLES = [
    [(5, 6), ((5, 6), (11, 12)), (0, (3, 4))],
    [(11, 12), (13, 11), (15, 13)],
    [(11, 12), (14, 12), (16, 14)],
]
VARIANTS = (
    '2.5D, known rotations',
    '2.5D',
    '2.5D + limbs',
    '2.5D + limbs + handedness',
    '2.5D, no 2D labels',
    'free 3D',
    'free 3D, normalised',
)


def poses(num: int, seed: int) -> np.ndarray:
    """People of the synthetic benchmark in mm, (N, 17, 3), hips at the origin."""
    rng = np.random.default_rng(seed)
    actions = bodies.plan_actions(num, rng)
    result = []
    for action in actions:
        body = bodies.sample_body(rng)
        motion = bodies.sample_motion(rng, action, np.linspace(0, 2, 4))
        joints = bodies.body_keypoints(
            body, *bodies.forward_kinematics(body, motion.angles, motion.heading)
        )
        result.append(joints[int(rng.integers(4))])
    result = np.stack(result)
    return result - result[:, 11:13].mean(1, keepdims=True)


def seen(points: np.ndarray, seed: int, distance: float = 4500.0) -> tuple:
    """Four cameras around each pose.

    Returns:
        tuple: The poses in the cameras' coordinates, (N, 4, 17, 3), mm, and rotations
        from world to camera, (N, 4, 3, 3).
    """
    rng = np.random.default_rng(seed)
    azimuth = (
        rng.uniform(0, 2 * np.pi, (len(points), 1))
        + np.arange(VIEWS) * (2 * np.pi / VIEWS)
        + rng.uniform(-0.3, 0.3, (len(points), VIEWS))
    )
    height = rng.uniform(-300, 1800, (len(points), VIEWS))
    centre = np.stack([distance * np.cos(azimuth), distance * np.sin(azimuth), height], -1)
    forward = -centre / np.linalg.norm(centre, axis=-1, keepdims=True)
    right = np.cross(forward, [0.0, 0, 1])
    right /= np.linalg.norm(right, axis=-1, keepdims=True)
    R = np.stack([right, np.cross(forward, right), forward], -2)
    moved = (points[:, None] - centre[:, :, None]) @ R.swapaxes(-1, -2)
    return torch.from_numpy(moved).float(), torch.from_numpy(R).float()


class Lifter(nn.Module):
    """2D joints, (..., 17, 2), to ``channels`` numbers a joint, (..., 17, channels)."""

    def __init__(self, channels: int, hidden: int = 256):
        super().__init__()
        self.channels = channels
        self.layers = nn.Sequential(
            nn.Linear(2 * JOINTS, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, channels * JOINTS),
        )

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        flat = image - image[..., ROOT_JOINT : ROOT_JOINT + 1, :]
        return 0.1 * self.layers(8 * flat.flatten(-2)).unflatten(-1, (JOINTS, self.channels))


def lift(variant: str, network: nn.Module, image: torch.Tensor) -> tuple:
    """Normalised poses (..., 17, 3) of 2D joints at focal length 1, whether they are
    defined, and the discriminants of their root depths."""
    out = network(image)
    if variant.startswith('free'):
        points = out + torch.cat([image, torch.zeros_like(image[..., :1])], -1) * 8
        if 'normalised' in variant:
            gap = points[..., PAIR[0], :] - points[..., PAIR[1], :]
            points = points / gap.norm(dim=-1).clamp(min=1e-3)[..., None, None]
        some = torch.ones(points.shape[:-2])
        return points, some > 0, some
    relative = out[..., 0] - out[..., ROOT_JOINT : ROOT_JOINT + 1, 0]
    if 'no 2D' in variant:
        image = image + out[..., 1:]
    points, valid = reconstruct(image, relative, torch.eye(3), PAIR)
    return points, valid, length_left(rays(image, torch.eye(3)), relative, PAIR)


def channels_of(variant: str) -> int:
    return 3 if variant.startswith('free') or 'no 2D' in variant else 1


def distance(source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Mean distance of joints after Procrustes with scale, unit of the target."""
    return (
        (apply_similarity(source, *procrustes(source, target, scale=True)) - target)
        .norm(dim=-1)
        .mean(-1)
    )


def diversity(points: torch.Tensor) -> torch.Tensor:
    """Mean distance of each pose (N, 17, 3) to the next one, both of size 1."""
    points = points - points.mean(1, keepdim=True)
    points = points / points.square().sum((1, 2), keepdim=True).sqrt().clamp(min=1e-9)
    return distance(points, points.roll(1, 0)).mean()


@torch.no_grad()
def judge(variant: str, network: nn.Module, truth: torch.Tensor) -> dict:
    """What the network makes of people that it was not trained on."""
    points, valid, _ = lift(variant, network, truth[..., :2] / truth[..., 2:])
    points, truth = points[valid], truth[valid]
    mirrored = points * torch.tensor([1.0, 1, -1])
    plain, other = distance(points, truth), distance(mirrored, truth)
    first = slice(None, None, VIEWS)
    return dict(
        error=float(plain.mean()),
        mirrored=float((other < plain).float().mean()),
        diversity=float(diversity(points[first]) / diversity(truth[first])),
        valid=float(valid.float().mean()),
    )


def study(variant: str, steps: int = 600, num: int = 256, batch: int = 24, seed: int = 0) -> dict:
    """Train one variant.

    Returns:
        dict: ``step``, ``loss``, ``error`` (mm), ``diversity``, ``mirrored`` and
        ``valid`` along the training, lists.
    """
    torch.manual_seed(seed)
    world = poses(num + 64, seed)
    views, R = seen(world, seed)
    views, test = views[:num], views[num:]
    lengths = limb_lengths(views[:, 0], LIMBS)
    unit = (views[:, 0, PAIR[0]] - views[:, 0, PAIR[1]]).norm(dim=-1)
    network = Lifter(channels_of(variant))
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    consistency = MultiViewConsistencyLoss(loss_weight=1.0)
    limbs = LimbLengthLoss(LIMBS, (lengths / unit[:, None]).mean(0).tolist(), loss_weight=1.0)
    handed = HandednessLoss(TRIPLES, loss_weight=5.0)
    image = views[..., :2] / views[..., 2:]
    curves = dict(step=[], loss=[], error=[], diversity=[], mirrored=[], valid=[])
    for step in range(steps + 1):
        chosen = torch.randint(num, (batch,))
        points, valid, left = lift(variant, network, image[chosen])
        sure = torch.ones(points.shape[:-1])
        loss = total = consistency(
            points, sure, valid, R[chosen] if 'rotations' in variant else None
        )
        if 'limbs' in variant:
            total = total + limbs(points, sure, valid)
        if 'handedness' in variant:
            total = total + handed(points, sure, valid) + (MIN_LEFT - left).clamp(min=0).mean()
        if step % max(1, steps // 20) == 0:
            found = dict(judge(variant, network, test), loss=float(loss.detach()), step=step)
            for name, value in found.items():
                curves[name].append(value)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
    return curves


def plot(report: dict, path: str) -> None:
    """Loss, error and diversity along the training."""
    import matplotlib

    matplotlib.use('Agg')
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(12, 3.6), constrained_layout=True)
    titles = dict(loss='multi-view loss', error='P-MPJPE, mm', diversity='diversity (truth = 1)')
    for axis, (name, title) in zip(axes, titles.items()):
        for variant, runs in report['results'].items():
            values = np.array([run[name] for run in runs])
            (line,) = axis.plot(runs[0]['step'], values.mean(0), label=variant)
            axis.fill_between(
                runs[0]['step'], values.min(0), values.max(0), alpha=0.15, color=line.get_color()
            )
        axis.set_title(title)
        axis.set_xlabel('step')
    axes[0].set_yscale('log')
    for axis in axes[1:]:
        axis.set_ylim(bottom=0)
    axes[2].legend(fontsize=8)
    write_figure(path, figure, dpi=110)
    plt.close(figure)


def table(report: dict) -> str:
    """Markdown: the end of the training, means over the seeds."""
    lines = [
        '| output | multi-view loss | P-MPJPE, mm | diversity | mirrored |',
        '| --- | --- | --- | --- | --- |',
    ]
    for variant, runs in report['results'].items():
        loss, error, diversity, mirrored = (
            np.mean([run[name][-1] for run in runs])
            for name in ('loss', 'error', 'diversity', 'mirrored')
        )
        lines.append(
            f'| {variant} | {loss:.3f} | {error:.0f} | {diversity:.2f} | {100 * mirrored:.0f} % |'
        )
    seeds = ', '.join(map(str, report['seeds']))
    return '\n'.join(lines + ['', f'Seeds {seeds}; {report["steps"]} steps.'])


def study_command(
    doc: str, name: str, train: Callable, table: Callable, plot: Callable, steps: int = 600
) -> None:
    """The command line of a study: train and write OUT.json and a figure, or --write.

    Args:
        doc (str): Help.
        name (str): Of the files and of the table's markers.
        train (Callable): (steps, seeds) -> dict that goes into the report.
        table (Callable): report -> Markdown.
        plot (Callable): (report, path of the PNG).
        steps (int): Default of --steps.
    """
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--out', default=osp.join(ROOT, 'benchmarks', 'results', name))
    parser.add_argument('--figure', default=osp.join(ROOT, 'docs', 'studies', name + '.png'))
    parser.add_argument('--steps', type=int, default=steps)
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--write', metavar='PAGE', help='put the table into this page')
    args = parser.parse_args()
    if args.write:
        write_table(args.write, name, table(read_json(args.out + '.json')))
        return
    torch.set_num_threads(1)
    report = dict(
        command=' '.join([f'python -m benchmarks.{name}', *sys.argv[1:]]),
        torch=torch.__version__,
        machine=machine(gpu=False),
        seeds=args.seeds,
        steps=args.steps,
        **train(args.steps, args.seeds),
    )
    print(table(report))
    write_json(args.out + '.json', report, indent=None)
    plot(report, args.figure)


def train_all(steps: int, seeds: List[int]) -> dict:
    """All variants; see :func:`study`."""
    return dict(
        results={
            variant: [study(variant, steps, seed=seed) for seed in seeds] for variant in VARIANTS
        }
    )


if __name__ == '__main__':
    study_command(__doc__, 'degeneration', train_all, table, plot)
