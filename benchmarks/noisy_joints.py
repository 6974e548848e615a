"""What errors of the 2D joints do to learning from views (Iqbal20).

    python -m benchmarks.noisy_joints [--out benchmarks/results/noisy_joints]

The small network of ``degeneration.py`` sees the 2D joints of each of four views of a
person. Here they are off by normal noise, drawn once an image: a network cannot tell
it from the pose. ``noise`` is its standard deviation in percent of a person's height
(about the median error of a joint, which is 1.18 times as much). Rows:

- `depth labels`: the true relative depths, FS;
- `views`: the losses on views of WS, limbs and handedness included;
- `views, apparent size`: with ``MultiViewConsistencyLoss(apparent_size=True)``;
- `..., known rotations`: WS+R.

Table: P-MPJPE in mm on people that were not trained on, and, at the largest noise, the
pair's apparent length, of which poses that lean have less than the true ones. Writes
OUT.json and a figure; a quarter of an hour on one core. With --write nothing is trained:
the table of OUT.json takes the place between `<!-- table: noisy_joints -->` and
`<!-- end -->` of a page.
"""

from typing import List, NamedTuple

import numpy as np
import torch

from benchmarks.degeneration import (
    LIMBS,
    PAIR,
    ROOT_JOINT,
    TRIPLES,
    Lifter,
    distance,
    lift,
    poses,
    seen,
    study_command,
)
from mmpose_al.fileio import write_figure
from mmpose_al.geometry.depth import limb_lengths
from mmpose_al.models.losses import HandednessLoss, LimbLengthLoss, MultiViewConsistencyLoss
from mmpose_al.models.pose3d.weakly_supervised import MIN_LEFT

NOISES = (0.0, 1.0, 2.0, 3.0, 5.0)
PERSON = 1700.0 / 4500  # a person's height in the image at focal length 1


class Row(NamedTuple):
    """What teaches the network."""

    views: bool = True
    apparent_size: bool = False
    rotations: bool = False


ROWS = {
    'depth labels': Row(views=False),
    'views': Row(),
    'views, apparent size': Row(apparent_size=True),
    'views, known rotations': Row(rotations=True),
    'views, apparent size, known rotations': Row(apparent_size=True, rotations=True),
}


def size_of(left: torch.Tensor) -> torch.Tensor:
    """The pair's apparent length, as ``WeaklySupervisedPose3D`` has it."""
    return left.clamp(min=MIN_LEFT).sqrt()


def study(
    row: Row, noise: float, steps: int = 600, num: int = 256, batch: int = 24, seed: int = 0
) -> dict:
    """Train one network.

    Returns:
        dict: ``error``, ``flat`` (that of poses without depth), mm; ``size``,
        ``true_size``, the pair's mean apparent length; ``valid``.
    """
    torch.manual_seed(seed)
    views, R = seen(poses(num + 64, seed), seed)
    image = views[..., :2] / views[..., 2:]
    image = image + noise / 100 * PERSON * torch.randn(image.shape)
    pair = (views[:, 0, PAIR[0]] - views[:, 0, PAIR[1]]).norm(dim=-1)
    lengths = (limb_lengths(views[:num, 0], LIMBS) / pair[:num, None]).mean(0)
    depth = (views[..., 2] - views[..., ROOT_JOINT : ROOT_JOINT + 1, 2]) / pair[:, None, None]
    network = Lifter(1)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [int(0.7 * steps), int(0.9 * steps)])
    consistency = MultiViewConsistencyLoss(loss_weight=1.0, apparent_size=row.apparent_size)
    limbs = LimbLengthLoss(LIMBS, lengths.tolist(), loss_weight=1.0)
    handed = HandednessLoss(TRIPLES, loss_weight=5.0)
    for _ in range(steps):
        chosen = torch.randint(num, (batch,))
        if row.views:
            points, valid, left = lift('2.5D', network, image[chosen])
            sure = torch.ones(points.shape[:-1])
            loss = (
                consistency(
                    points, sure, valid, R[chosen] if row.rotations else None, size_of(left)
                )
                + limbs(points, sure, valid)
                + handed(points, sure, valid)
                + (MIN_LEFT - left).clamp(min=0).mean()
            )
        else:
            out = network(image[chosen])[..., 0]
            loss = (out - out[..., ROOT_JOINT : ROOT_JOINT + 1] - depth[chosen]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        truth, image = views[num:], image[num:]
        points, valid, left = lift('2.5D', network, image)
        flat = torch.cat([image, torch.ones_like(image[..., :1])], -1)
        across = (1 - depth[num:, :, PAIR[0]].square()).clamp(min=0).sqrt()
        return dict(
            error=float(distance(points[valid], truth[valid]).mean()),
            flat=float(distance(flat, truth).mean()),
            size=float(size_of(left).mean()),
            true_size=float(across.mean()),
            valid=float(valid.float().mean()),
        )


def mean(runs: List[dict], name: str) -> float:
    return float(np.mean([run[name] for run in runs]))


def table(report: dict) -> str:
    """Markdown: means over the seeds."""
    noises, results = report['noises'], report['results']
    lines = [
        '| taught by | '
        + ' | '.join(f'noise {noise:g} %' for noise in noises)
        + ' | apparent length |',
        '| --- ' * (len(noises) + 2) + '|',
    ]
    for name, levels in results.items():
        errors = ' | '.join(f'{mean(runs, "error"):.0f}' for runs in levels)
        lines.append(f'| {name} | {errors} | {mean(levels[-1], "size"):.2f} |')
    levels = next(iter(results.values()))
    errors = ' | '.join(f'{mean(runs, "flat"):.0f}' for runs in levels)
    lines.append(f'| (no depth at all) | {errors} | true {mean(levels[-1], "true_size"):.2f} |')
    seeds = ', '.join(map(str, report['seeds']))
    return '\n'.join(lines + ['', f'P-MPJPE, mm. Seeds {seeds}; {report["steps"]} steps.'])


def plot(report: dict, path: str) -> None:
    """P-MPJPE against noise; bands from the lowest to the highest seed."""
    import matplotlib

    matplotlib.use('Agg')
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(6, 4), constrained_layout=True)
    for name, levels in report['results'].items():
        values = np.array([[run['error'] for run in runs] for runs in levels])
        (line,) = axis.plot(report['noises'], values.mean(1), marker='o', label=name)
        axis.fill_between(
            report['noises'], values.min(1), values.max(1), alpha=0.15, color=line.get_color()
        )
    levels = next(iter(report['results'].values()))
    axis.plot(
        report['noises'], [mean(runs, 'flat') for runs in levels], 'k--', label='no depth at all'
    )
    axis.set_xlabel("noise of 2D joints, % of a person's height")
    axis.set_ylabel('P-MPJPE, mm')
    axis.set_ylim(bottom=0)
    axis.legend(fontsize=8)
    write_figure(path, figure, dpi=110)
    plt.close(figure)


def train_all(steps: int, seeds: List[int]) -> dict:
    """All rows at all noises; see :func:`study`."""
    results = {}
    for name, row in ROWS.items():
        results[name] = []
        for noise in NOISES:
            results[name].append([study(row, noise, steps, seed=seed) for seed in seeds])
            print(
                f'{name}, noise {noise:g} %: P-MPJPE {mean(results[name][-1], "error"):.0f} mm',
                flush=True,
            )
    return dict(noises=NOISES, results=results)


if __name__ == '__main__':
    study_command(__doc__, 'noisy_joints', train_all, table, plot)
