"""How fast the strategies choose: k-centre over poses, BSB and MPE, scoring a pool.

    OMP_NUM_THREADS=2 python -m benchmarks.query [--quick] [--out FILE]

k-centre: 1,000 labelled units, 1,000 picks of 100,000 and of 1,000,000 poses of 17
joints (``--quick``: 10,000 poses, 100 picks), as ``KCenter.pick`` does it, with all
around it. Two pools: coordinates that depend on nothing, and a ``corner`` pool, whose
labelled units all lie in one corner of few dimensions, so that every pick changes much
and old distances tell least.

Features: 1,000 labelled units, 100 picks of 20,000 features of 512 numbers, and in turns with
it the plain way: all distances by matrix products. Both pick the same units.

BSB and MPE: margin and entropy of heatmaps 17 x 64 x 48 with two Gaussians and
noise, and beside it in the same run the plain way, one heatmap at a time with
scipy (and scikit-image's ``peak_local_max`` where it is installed); both give
the same numbers.

Scoring: ``score_pool`` over a pool of 8 cameras that lies in memory, against nothing
but the network's forward passes over the same batches, in turns; no image is read in
either, which would hide the difference. With the networks of the configs (``--quick``:
the small one). The processor times are compared. ``test_step`` is MMPose's own
prediction, and ``triangulated`` adds the triangulation and MVC of the whole pool,
once a round.

The best wall-clock time of the repetitions counts, and the processor time is given
beside it, because other work on the machine stretches the first more than the second.
"""

import argparse
import json
import os
import os.path as osp
import resource
import sys
import time
from functools import partial
from types import SimpleNamespace

os.environ.setdefault('OMP_NUM_THREADS', '2')
import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from scipy.ndimage import maximum_filter
from scipy.special import logsumexp, softmax

from benchmarks import ROOT
from mmpose_al.active_learning import PoolStatistics
from mmpose_al.active_learning.scoring import score_pool
from mmpose_al.active_learning.strategies import Constraints, KCenter, MultiViewConsistency
from mmpose_al.fileio import machine, write_json
from mmpose_al.geometry.heatmaps import (
    best_vs_second_best,
    gaussians,
    local_peaks,
    multi_peak_entropy,
    peak_values,
)
from mmpose_al.models.semi.networks import predict_heatmaps

JOINTS, LABELED = 17, 1000
TARGETS = {100_000: 4.5, 1_000_000: 60.0}  # seconds
TARGET_VIEWS, TARGET_MEMORY = 1400, 2.0  # a second, GB
TARGET_SCORING = 1.1  # times the forward passes
CAMERAS = 8
PARTS = ['heatmaps', 'k_center', 'features', 'scoring']
NETWORKS = {
    'EfficientNet-Lite0 64x64, 17 joints': ('synthetic/mvc_lite0_synthetic-64x64.py', 50),
    'PoseResNet-50 256x256, 19 joints': ('panoptic/mvc_res50_panoptic-256x256.py', 16),
}  # config, batch
FLOOR, KERNEL = 0.05, 5


class GivenPoses(KCenter):
    """k-centre over poses that are there already."""

    def describe(self, pool):
        return pool.poses


def make_pool(units, kind, seed=0):
    """Poses (U, 17, 3) in mm, float64 as triangulation leaves them."""
    rng = np.random.RandomState(seed)
    labeled = np.zeros(units, bool)
    labeled[:LABELED] = True
    if kind == 'independent':
        poses = rng.standard_normal((units, JOINTS, 3))
        poses *= 300
    else:
        place = rng.rand(units, 4)
        place[:LABELED] *= 0.1
        poses = (place @ rng.normal(0, 600, (4, JOINTS * 3))).reshape(-1, JOINTS, 3)
    return SimpleNamespace(
        poses=poses,
        units=np.arange(units),
        labeled=labeled,
        sequences=np.zeros(units, int),
        times=np.arange(units),
    )


def time_k_center(units, kind, picks, repeats):
    """Seconds of the fastest selection, and of its processor time."""
    pool = make_pool(units, kind)
    best = None
    for _ in range(repeats):
        constraints = Constraints(pool)
        wall, cpu = time.perf_counter(), time.process_time()
        selection = GivenPoses().pick(pool, picks, constraints)
        spent = (time.perf_counter() - wall, time.process_time() - cpu)
        assert len(set(selection.ids)) == picks
        best = min(best or spent, spent)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    result = dict(
        units=units,
        pool=kind,
        labeled=LABELED,
        picks=picks,
        seconds=round(best[0], 2),
        cpu_seconds=round(best[1], 2),
        peak_memory_GB=round(peak, 2),
    )
    if units in TARGETS and picks >= 1000:
        result.update(target_seconds=TARGETS[units], within=best[0] <= TARGETS[units])
    return result


def products_k_center(points, labeled, picks):
    """Greedy k-centre over features (U, F) in the plain way; the picked units."""
    squares = (points**2).sum(1)

    def distances(centers):
        return squares[:, None] + squares[centers] - 2 * points @ points[centers].T

    nearest, chosen = distances(np.flatnonzero(labeled)).min(1), []
    nearest[labeled] = -np.inf
    for _ in range(picks):
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, distances(chosen[-1:])[:, 0])
        nearest[chosen] = -np.inf
    return chosen


def time_features(units, features, repeats, picks=100):
    """Seconds of k-centre over features, ours and by matrix products, in turns."""
    rng = np.random.RandomState(0)
    points = np.maximum(rng.standard_normal((units, features)), 0).astype(np.float32)
    pool = SimpleNamespace(
        poses=points[:, None],
        units=np.arange(units),
        labeled=np.arange(units) < LABELED,
        sequences=np.zeros(units, int),
        times=np.arange(units),
    )
    works = dict(
        ours=lambda: GivenPoses().pick(pool, picks, Constraints(pool)).ids,
        products=lambda: products_k_center(points, pool.labeled, picks),
    )
    spent = {name: [] for name in works}
    for _ in range(repeats):
        found = {}
        for name, work in works.items():
            wall, cpu = time.perf_counter(), time.process_time()
            found[name] = work()
            spent[name].append((time.process_time() - cpu, time.perf_counter() - wall))
        assert found['ours'] == found['products']
    best = {name: min(times) for name, times in spent.items()}
    return dict(
        units=units,
        features=features,
        labeled=LABELED,
        picks=picks,
        cpu_seconds={name: round(times[0], 2) for name, times in best.items()},
        seconds={name: round(times[1], 2) for name, times in best.items()},
        ratio_cpu=round(best['ours'][0] / best['products'][0], 2),
    )


def make_heatmaps(views, seed=0):
    """Two peaks of different height and weak noise, (B, 17, 64, 48)."""
    generator = torch.Generator().manual_seed(seed)

    def places():
        return torch.rand(views, JOINTS, 2, generator=generator) * torch.tensor([47.0, 63.0])

    second = torch.rand(views, JOINTS, 1, 1, generator=generator)
    return (
        gaussians(places(), (48, 64), 2.0)
        + second * gaussians(places(), (48, 64), 2.0)
        + 0.03 * torch.rand(views, JOINTS, 64, 48, generator=generator)
    )


def batched_statistics(heatmaps):
    """Margin and entropy of views (B, 17, 64, 48), as the pass over the pool has them."""
    marks = local_peaks(heatmaps, KERNEL, FLOOR)
    values = peak_values(heatmaps, marks)
    return dict(
        margin=best_vs_second_best(heatmaps, marks, values).mean(1),
        entropy=multi_peak_entropy(heatmaps, marks, values).mean(1),
    )


def plain_statistics(heatmaps):
    """Margin and entropy of a view (17, 64, 48), one heatmap after the other."""
    try:
        from skimage.feature import peak_local_max
    except ImportError:
        peak_local_max = None
    margins, entropies = [], []
    for heatmap in heatmaps:
        if peak_local_max is not None:
            where = peak_local_max(
                heatmap, min_distance=KERNEL // 2, threshold_abs=FLOOR, exclude_border=False
            )
            values = heatmap[tuple(where.T)]
        else:
            highest = maximum_filter(heatmap, KERNEL, mode='constant', cval=-np.inf)
            values = heatmap[(heatmap == highest) & (heatmap > FLOOR)]
        if not len(values):
            values = heatmap.max(keepdims=True).ravel()
        share = np.sort(np.exp(values - logsumexp(heatmap)))[::-1]
        margins.append(share[0] - (share[1] if len(share) > 1 else 0))
        p = softmax(values)
        entropies.append(-(p * np.log(p)).sum())
    return np.mean(margins), np.mean(entropies)


def time_heatmaps(views, repeats):
    """Views a second, ours and the plain way, on the same heatmaps."""
    heatmaps = make_heatmaps(views)
    few = heatmaps[:4].numpy()
    times = dict(ours=[], plain=[])
    for _ in range(repeats):
        for name, work, count in (
            ('ours', lambda: batched_statistics(heatmaps), views),
            ('plain', lambda: [plain_statistics(v) for v in few], len(few)),
        ):
            wall, cpu = time.perf_counter(), time.process_time()
            found = work()
            times[name].append(
                ((time.perf_counter() - wall) / count, (time.process_time() - cpu) / count)
            )
            if name == 'ours':
                ours = np.stack([found['margin'], found['entropy']], 1)[: len(few)]
    difference = float(np.abs(np.array(found) - ours).max())
    best = {name: min(values) for name, values in times.items()}
    rate = 1 / best['ours'][0]
    return dict(
        heatmaps='17 x 64 x 48',
        batch=views,
        views_per_second=round(rate, 1),
        views_per_cpu_second=round(1 / best['ours'][1], 1),
        plain_views_per_second=round(1 / best['plain'][0], 1),
        plain_with='scikit-image' if 'skimage' in sys.modules else 'scipy',
        ratio=round(best['plain'][0] / best['ours'][0], 2),
        ratio_cpu=round(best['plain'][1] / best['ours'][1], 2),
        largest_difference=difference,
        target_views_per_second=TARGET_VIEWS,
        within=rate >= TARGET_VIEWS,
    )


def make_network(path):
    """The network of a config, with any weights, and heatmaps as a trained one has.

    Its own are noise of 15 peaks. They become a weak background of a Gaussian: one or
    two peaks. Forward passes and scoring both pay for that.
    """
    config = Config.fromfile(osp.join(ROOT, 'configs', 'active_learning', path))
    config.model.backbone.pop('init_cfg', None)
    if 'pretrained' in config.model.backbone:
        config.model.backbone.pretrained = False
    init_default_scope('mmpose')
    torch.manual_seed(0)
    network = MODELS.build(config.model).eval()
    size = network.head.decoder.heatmap_size
    center = torch.rand(1, network.head.out_channels, 2) * torch.tensor(size)
    truth = gaussians(center, size, 2.0)
    network.head.final_layer.register_forward_hook(
        lambda layer, given, found: found.mul_(0.01).add_(truth)
    )
    return network


def make_batches(network, views, batch):
    """Images of a rig in memory, as a data loader gives them."""
    size = network.head.decoder.input_size
    generator = torch.Generator().manual_seed(0)
    angles = np.arange(CAMERAS) / CAMERAS * 2 * np.pi
    cameras = [
        dict(
            name=str(i),
            K=np.array([[900.0, 0, 500], [0, 900, 500], [0, 0, 1]]),
            R=np.array([[-np.sin(a), np.cos(a), 0], [0, 0, -1], [-np.cos(a), -np.sin(a), 0]]),
            t=np.array([0, 0, 4000.0]),
            dist=np.zeros(5),
        )
        for i, a in enumerate(angles)
    ]
    samples = [
        PoseDataSample(
            metainfo=dict(
                id=i,
                img_id=i,
                frame_id=i // CAMERAS,
                camera_id=i % CAMERAS,
                person_id=0,
                camera=cameras[i % CAMERAS],
                ori_shape=(1000, 1000),
                img_shape=(1000, 1000),
                input_size=size,
                input_center=np.array([500.0, 500.0]),
                input_scale=np.array([600.0, 600.0]),
                flip_indices=None,
            )
        )
        for i in range(views)
    ]
    for sample in samples:  # MMPose's prediction wants them
        sample.gt_instances = InstanceData(bboxes=np.zeros((1, 4)), bbox_scores=np.ones(1))
    images = [
        torch.randint(0, 255, (3, size[1], size[0]), generator=generator, dtype=torch.uint8)
        for _ in range(batch)
    ]
    return [
        dict(
            inputs=images[: len(samples[start : start + batch])],
            data_samples=samples[start : start + batch],
        )
        for start in range(0, views, batch)
    ]


@torch.no_grad()
def time_scoring(name, views, repeats):
    """Processor time a view of the forward passes, and of all that scoring does."""
    path, batch = NETWORKS[name]
    network = make_network(path)
    batches = make_batches(network, views, batch)
    units = np.arange(-(-views // CAMERAS))

    def forward():
        for data in batches:
            data = network.data_preprocessor(data, False)
            predict_heatmaps(network, torch.as_tensor(data['inputs']))

    def score():
        score.views = score_pool(network, batches, 'frames')

    def triangulated():
        score()
        pool = PoolStatistics(score.views, units, np.zeros(len(units), bool))
        MultiViewConsistency().utilities(pool)

    def test_step():
        for data in batches:
            network.test_step(data)

    works = dict(forward=forward, score=score, triangulated=triangulated, test_step=test_step)
    times = {key: [] for key in works}
    for number in range(4 * repeats + 1):
        for key, work in works.items():
            if number % 4 and key not in ('forward', 'score'):
                continue  # what is compared is timed more often
            wall, cpu = time.perf_counter(), time.process_time()
            work()
            if number or key not in ('forward', 'score'):  # the first is not counted
                times[key].append((time.process_time() - cpu, time.perf_counter() - wall))
    best = {key: [min(t[i] for t in values) for i in (0, 1)] for key, values in times.items()}
    ratio = best['score'][0] / best['forward'][0]
    return dict(
        network=name,
        views=views,
        batch=batch,
        cpu_ms_a_view={k: round(1000 * v[0] / views, 3) for k, v in best.items()},
        wall_ms_a_view={k: round(1000 * v[1] / views, 3) for k, v in best.items()},
        ratio=round(ratio, 3),
        ratio_wall=round(best['score'][1] / best['forward'][1], 3),
        target_ratio=TARGET_SCORING,
        within=ratio <= TARGET_SCORING,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument(
        '--quick', action='store_true', help='10,000 poses, 100 picks; less of everything'
    )
    parser.add_argument('--repeats', type=int, default=3)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--only', nargs='+', choices=PARTS, default=PARTS)
    parser.add_argument('--out', help='write the result, e.g. benchmarks/results/query.json')
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    networks = {name: 200 if '64x64' in name else 32 for name in NETWORKS}
    if args.quick:
        runs = [(10_000, 'independent', 100, 1), (10_000, 'corner', 100, 1)]
        networks = dict.fromkeys(list(NETWORKS)[:1], 100)
    else:
        runs = [
            (100_000, 'independent', 1000, args.repeats),
            (100_000, 'corner', 1000, args.repeats),
            (1_000_000, 'independent', 1000, 1),
        ]
    result = dict(
        command='OMP_NUM_THREADS=2 python -m benchmarks.query' + (' --quick' if args.quick else ''),
        machine=machine(gpu=False),
        load_average=[round(each, 1) for each in os.getloadavg()],
        threads=args.threads,
        torch=torch.__version__,
    )
    # Scoring last: the peak memory of k-centre is that of the process.
    works = dict(
        heatmaps=[lambda: time_heatmaps(64, args.repeats)],
        k_center=[partial(time_k_center, *run) for run in runs],
        features=[partial(time_features, 5000 if args.quick else 20_000, 512, args.repeats)],
        scoring=[
            partial(time_scoring, name, views, args.repeats) for name, views in networks.items()
        ],
    )
    for part in filter(args.only.__contains__, PARTS):
        result[part] = []
        for work in works[part]:
            result[part].append(work())
            print(json.dumps(result[part][-1]), flush=True)
    if args.out:
        write_json(args.out, result, indent=2)


if __name__ == '__main__':
    main()
