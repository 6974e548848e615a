"""What chosen labels are worth where nothing is trained: frozen features, ridge regression.

    python -m benchmarks.frozen_features [--write docs/studies/mouse.md]

Keypoints of the mouse (``configs/_base_/datasets/mouse.py``) are read off the feature maps of
EfficientNet-Lite0 with ImageNet weights by ridge regression. A choice of labels costs
milliseconds, so random ones can be drawn a hundred times. The figure is the mean error in
pixels on the validation frames: a proxy, of how far other frames are from the labelled ones.
It leaves ``benchmarks/results/frozen_features.json``; with --write its table also takes the
place between `<!-- table: frozen_features -->` and `<!-- end -->` in a page.
"""

import argparse
import os.path as osp
import statistics
from typing import Dict, List

import numpy as np

from benchmarks import ROOT
from mmpose_al.active_learning.report.analysis import labels_needed
from mmpose_al.analysis.active_learning_table import table as markdown
from mmpose_al.analysis.results_table import write_table
from mmpose_al.fileio import machine, write_json

CONFIG = 'configs/active_learning/mouse/random_lite0_mouse-64x64.py'
LABELS = (5, 10, 20, 40, 60, 100, 200, 400)
DRAWS = 100
ROWS = {
    'first': dict(type='FirstFrames'),
    'diverse, K-means': dict(type='Diverse'),
    'diverse, k-centre': dict(type='Diverse', method='k-centre'),
}
PLAIN = 'of colours and edges'  # what is added to a row without ImageNet


def ridge(train: np.ndarray, places: np.ndarray, test: np.ndarray, weight: float) -> np.ndarray:
    """Linear regression with a penalty, through the labels: few of them, many features.

    Args:
        train, test (ndarray): Features, (N, F) and (M, F).
        places (ndarray): What to predict, (N, K).
        weight (float): Of the penalty, in the mean variance of the training features.

    Returns:
        ndarray: (M, K).
    """
    middle, mean = train.mean(0), places.mean(0)
    centred = train - middle
    products = centred @ centred.T
    penalty = weight * np.trace(products) / len(train) + 1e-9
    factors = np.linalg.solve(products + penalty * np.eye(len(train)), places - mean)
    return (test - middle) @ centred.T @ factors + mean


def error_of(chosen: List[int], data: dict, weight: float = 0.01) -> float:
    """Mean distance of predicted keypoints on the validation frames, pixels."""
    found = ridge(data['train'][chosen], data['places'][chosen], data['val'], weight)
    return float(np.linalg.norm((found - data['truth']).reshape(len(found), -1, 2), axis=2).mean())


def errors_of(data: dict, pools: Dict[str, object], draws: int) -> Dict[str, List[List[float]]]:
    """Row -> for each number of labels the error of each draw.

    Args:
        data (dict): See :func:`features`.
        pools (dict): What is added to a row's name -> the pool as its strategy sees it.
        draws (int): How often random labels are drawn.
    """
    from mmpose_al.active_learning.registry import QUERY_STRATEGIES

    number = len(data['train'])
    rows: Dict[str, List[List[float]]] = dict(random=[])
    for labels in LABELS:
        random = np.random.RandomState(labels)
        some = [random.choice(number, labels, False).tolist() for _ in range(draws)]
        rows['random'].append([error_of(chosen, data) for chosen in some])
    for name, strategy in ROWS.items():
        for added, pool in pools.items():
            if added and strategy['type'] != 'Diverse':
                continue
            each = []
            for labels in LABELS:
                ids = QUERY_STRATEGIES.build(dict(strategy)).select(pool, labels).ids
                each.append([error_of(np.searchsorted(pool.units, ids).tolist(), data)])
            rows[f'{name} {added}'.strip()] = each
    return rows


def features(config) -> tuple:
    """Feature maps and keypoints of both parts, and the pool with and without ImageNet."""
    import copy

    import torch
    from mmengine.runner import Runner
    from mmpose.registry import DATASETS

    from mmpose_al.active_learning.experiment import pool_statistics
    from mmpose_al.active_learning.scoring import score_pool
    from mmpose_al.engine.active_learning import ActiveLearningExperiment
    from mmpose_al.engine.stages import pool_loader
    from mmpose_al.engine.start_network import start_network

    context = ActiveLearningExperiment(config).context
    start = start_network(config)
    start.network.eval()
    val = copy.deepcopy(config.val_dataloader)
    val.dataset = DATASETS.build(val.dataset)
    loaders = dict(train=pool_loader(context), val=Runner.build_dataloader(val))
    data: Dict[str, np.ndarray] = {}
    for part, loader in loaders.items():
        maps, ids = [], []
        for raw in loader:
            batch = start.model.data_preprocessor(raw, False)
            with torch.no_grad():
                last = start.network.extract_feat(batch['inputs'])[-1]
            maps.append(last.flatten(1).numpy().astype(np.float64))
            ids += [sample.metainfo['id'] for sample in batch['data_samples']]
        places = {
            info['id']: info['keypoints'][0].ravel()
            for info in (loader.dataset.get_data_info(i) for i in range(len(loader.dataset)))
        }
        order = np.argsort(ids)
        data[part] = np.concatenate(maps)[order]
        data[dict(train='places', val='truth')[part]] = np.array(
            [places[ids[i]] for i in order.tolist()]
        )
    pools = {}
    for added, network in (('', start.network), (PLAIN, None)):
        views = score_pool(
            start.model, loaders['train'], 'images', ('appearance',), start=network, trained=False
        )
        pools[added] = pool_statistics(views, context.pool)
    return data, pools


def table(content: dict) -> str:
    """The tables of a page: errors, and what chosen labels are worth."""
    labels, rows = content['labels'], content['rows']
    random = [statistics.mean(draws) for draws in rows['random']]
    errors, worths = [], []
    for row, each in rows.items():
        means = [statistics.mean(draws) for draws in each]
        spread = [f' ± {statistics.stdev(draws):.1f}' if draws[1:] else '' for draws in each]
        errors.append([row, *(f'{mean:.1f}{more}' for mean, more in zip(means, spread))])
        if row != 'random':
            found = [labels_needed(labels, means, error, True) for error in random]
            cells = [
                '–' if n != n else f'≤ {n:.0f}' if n == labels[0] else f'{n:.0f}' for n in found
            ]
            worths.append([row, *cells])
    facts = (
        f'Mean error in pixels of {content["keypoints"]} keypoints on {content["frames"]} frames; '
        f'random: mean ± standard deviation of {content["draws"]} draws; {content["machine"]}.'
    )
    return '\n\n'.join(
        [
            '**Mean error by labels, in pixels** (lower is better)',
            markdown(['labels', *map(str, labels)], errors),
            '**Labels that reach what N random ones reach**',
            markdown(['choice', *(f'{n} random' for n in labels)], worths),
            facts,
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--draws', type=int, default=DRAWS)
    parser.add_argument(
        '--out', default=osp.join(ROOT, 'benchmarks', 'results', 'frozen_features.json')
    )
    parser.add_argument('--write', metavar='PAGE', help='put the tables into this page')
    args = parser.parse_args()
    import tempfile

    from mmengine.config import Config

    config = Config.fromfile(osp.join(ROOT, CONFIG))
    with tempfile.TemporaryDirectory() as folder:
        config.work_dir = folder
        data, pools = features(config)
    content = dict(
        config=CONFIG,
        command='python -m benchmarks.frozen_features',
        labels=list(LABELS),
        draws=args.draws,
        rows=errors_of(data, pools, args.draws),
        frames=len(data['truth']),
        keypoints=data['truth'].shape[1] // 2,
        machine=machine(),
    )
    write_json(args.out, content, sort_keys=True)
    print(table(content))
    if args.write:
        write_table(args.write, 'frozen_features', table(content))


if __name__ == '__main__':
    main()
