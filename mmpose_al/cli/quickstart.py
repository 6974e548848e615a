"""Few labels alone against PoseDual, on rendered people, in minutes.

    mmpose-al quickstart

Writes the synthetic benchmark, trains both methods side by side, tests them, prints
one table, and draws curves and overlays, all in work_dirs/quickstart of the current
folder. Finished runs are not trained again, stopped ones go on.
"""

import argparse
import json
import os
import shutil
import time
import warnings
from typing import Any, Dict, List, Optional, Sequence, Tuple

from .errors import CommandError
from .jobs import Job, clock, run_jobs

HELP = 'few labels alone against PoseDual, on rendered people'
FOLDER = 'work_dirs/quickstart'
DATA = f'{FOLDER}/data'
PRESET = 'small'
CONFIGS = 'mmpose_al::semi_supervised/synthetic'
METHODS = {
    'supervised': f'{CONFIGS}/supervised_lite0_synthetic-64x64_60-images.py',
    'PoseDual': f'{CONFIGS}/posedual-a_lite0_synthetic-64x64_60-images.py',
}
# Columns of the table: name of the metric -> heading and the factor to per cent.
COLUMNS = {
    'coco/AP': ('AP', 100),
    'coco/AP .5': ('AP .5', 100),
    'pck/bbox@0.1': ('PCK@0.1 of box', 1),
}
OVERLAYS = 6  # test images in the picture
NETWORKS = {'': 'one network', 'mean/': 'mean of both networks', 'ensemble/': 'ensemble'}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--fresh', action='store_true', help='train again, even where finished runs are there'
    )


def run(args: argparse.Namespace) -> int:
    os.environ.setdefault('MPLBACKEND', 'Agg')
    warnings.filterwarnings('ignore', message='The metainfo config file')
    start = time.time()
    write_data(args.fresh)
    from mmengine.registry import init_default_scope

    from ..fileio import write_json

    runs = [Run(name, config) for name, config in METHODS.items()]
    init_default_scope('mmpose')
    if args.fresh:
        for each in runs:
            shutil.rmtree(each.folder, ignore_errors=True)
    train_and_test(runs)
    results = dict(
        benchmark='synthetic',
        preset=PRESET,
        seeds={each.name: each.cfg.get('randomness', {}).get('seed') for each in runs},
        steps={each.name: each.steps for each in runs},
        sizes=sizes(runs),
        metrics={each.name: read(f'{each.folder}/test.json') for each in runs},
    )
    write_json(f'{FOLDER}/results.json', results, sort_keys=True)
    curves, overlays = draw_pictures(runs)
    print('\n' + '\n'.join(table(results)) + '\n')
    say(f'curves    {curves}')
    say(f'overlays  {overlays}')
    say(f'figures   {FOLDER}/results.json')
    say(f'runs      {", ".join(each.folder for each in runs)}')
    say(f'done in {clock(time.time() - start)}')
    return 0


def say(text: str) -> None:
    print(f'quickstart: {text}', flush=True)


def read(path: str) -> dict:
    """The content of a JSON file; an empty dict if there is none, or a torn one."""
    from ..fileio import FileError, read_json

    try:
        return read_json(path)
    except (FileNotFoundError, FileError):
        return {}


class Run:
    """One method's training: its config, its folder and whether it is finished."""

    def __init__(self, name: str, config: str):
        from ..fileio import sha256
        from .launch import read_config

        self.name, self.config = name, config
        self.cfg = read_config(config)
        self.folder = f'{FOLDER}/{name.lower()}'
        data = read(f'{DATA}/benchmark.json')
        text = self.cfg.pretty_text + json.dumps(data, sort_keys=True)
        self.digest = sha256(text.encode())
        self.steps = self.cfg.train_cfg.get('max_iters', 0)
        self.first: Optional[Tuple[int, float]] = None  # step and time that were seen first

    @property
    def finished(self) -> bool:
        return read(f'{self.folder}/finished.json').get('digest') == self.digest

    @property
    def checkpoint(self) -> str:
        from ..checkpoint_files import noted

        path = noted(self.folder)
        if path is None:
            raise CommandError(f'{self.folder} holds no checkpoint; --fresh trains again')
        return path

    def train(self) -> Job:
        """Start the training, or go on with it if its config is still the same."""
        from ..fileio import write_json

        begun = read(f'{self.folder}/begun.json').get('digest')
        if begun != self.digest:
            shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder, exist_ok=True)
        write_json(f'{self.folder}/begun.json', dict(digest=self.digest))
        return Job(
            f'the training of {self.name}',
            ['-m', 'mmpose_al', 'train', self.config, '--work-dir', self.folder, '--resume'],
            f'{self.folder}/train.log',
        )

    def test(self) -> Job:
        return Job(
            f'the test of {self.name}',
            [
                '-m',
                'mmpose_al',
                'test',
                self.config,
                self.checkpoint,
                '--work-dir',
                f'{self.folder}/test',
                '--out',
                f'{self.folder}/test.json',
            ],
            f'{self.folder}/test.log',
        )

    def progress(self) -> str:
        """Steps done and the remaining time, for the progress line."""
        from ..visualization import read_scalars

        try:
            step = max(read_scalars(self.folder)['loss'])
        except (FileNotFoundError, KeyError):
            return f'{self.name}: starting'
        now = time.time()
        if self.first is None or step < self.first[0]:
            self.first = (step, now)
        text = f'{self.name}: step {step} of {self.steps}'
        done, spent = step - self.first[0], now - self.first[1]
        if step >= self.steps:
            return f'{self.name}: trained'
        if done > 0:
            text += f', {clock(spent / done * (self.steps - step))} left'
        return text


def write_data(fresh: bool) -> None:
    from ..synthetic import write_benchmark

    os.makedirs(FOLDER, exist_ok=True)
    if fresh:
        shutil.rmtree(DATA, ignore_errors=True)
    say(f'writing the synthetic benchmark (preset {PRESET}) into {DATA}')
    try:
        write_benchmark(DATA, preset=PRESET)
    except ValueError as error:
        raise CommandError(f'{error}\nif {DATA} is of another version, use --fresh') from None


def train_and_test(runs: Sequence[Run]) -> None:
    from ..fileio import write_json

    waiting = [run for run in runs if not run.finished]
    for run in runs:
        if run not in waiting:
            say(f'{run.name} is trained already (--fresh trains again)')
    if not waiting:
        return
    for run in waiting:
        say(f'training {run.name}: {run.steps} steps of {run.config}')
    run_jobs([run.train for run in waiting], lambda: '; '.join(run.progress() for run in waiting))
    say('testing')
    run_jobs([run.test for run in waiting])
    for run in waiting:
        write_json(f'{run.folder}/finished.json', dict(digest=run.digest))


def sizes(runs: Sequence[Run]) -> Dict[str, Any]:
    """Labelled and unlabelled samples of each run, and test samples."""
    from mmpose.registry import DATASETS

    result: Dict[str, Any] = {}
    for run in runs:
        data = DATASETS.build(run.cfg.train_dataloader.dataset)
        result[run.name] = [data.num_labeled, data.num_unlabeled]
    result['test'] = len(DATASETS.build(run.cfg.test_dataloader.dataset))
    return result


def table(results: dict) -> List[str]:
    """Lines of the table: one for each way a method predicts."""
    rows = []
    for name, metrics in results['metrics'].items():
        several = any(key.startswith('mean/') for key in metrics)
        for prefix in ['mean/', 'ensemble/'] if several else ['']:
            labeled, unlabeled = results['sizes'][name]
            values = [
                f'{factor * metrics[prefix + key]:.1f}' for key, (_, factor) in COLUMNS.items()
            ]
            rows.append([name, NETWORKS[prefix], f'{labeled:,}', f'{unlabeled:,}'] + values)
    header = ['method', 'prediction', 'labelled', 'unlabelled']
    header += [heading for heading, _ in COLUMNS.values()]
    widths = [max(len(row[i]) for row in rows + [header]) for i in range(len(header))]
    lines = [
        '  '.join(
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths))
        )
        for row in [header] + rows
    ]
    lines.insert(1, '-' * len(lines[0]))
    seeds = sorted(set(results['seeds'].values()), key=str)
    return [
        f'Synthetic benchmark (rendered, preset {results["preset"]}), '
        f'{results["sizes"]["test"]:,} test images, '
        f'seed {", ".join(map(str, seeds))}',
        '',
    ] + lines


def draw_pictures(runs: Sequence[Run]) -> Tuple[str, str]:
    """Curves of the runs, and their predictions on a few test images."""
    import cv2
    import numpy as np
    import torch
    from mmengine.dataset import pseudo_collate
    from mmengine.runner import load_checkpoint
    from mmpose.registry import DATASETS, MODELS

    from ..visualization import draw_overlays, plot_curves

    curves = f'{FOLDER}/curves.png'
    plot_curves({run.name: run.folder for run in runs}, curves)
    data = DATASETS.build(runs[0].cfg.test_dataloader.dataset)
    chosen = np.linspace(0, len(data) - 1, min(OVERLAYS, len(data))).astype(int)
    infos = [data.get_data_info(int(index)) for index in chosen]
    images = [cv2.imread(info['img_path']) for info in infos]
    true = [(info['keypoints'][0], info['keypoints_visible'][0] > 0) for info in infos]
    batch = pseudo_collate([data[int(index)] for index in chosen])
    predicted = {}
    for run in runs:
        model = MODELS.build(run.cfg.model).eval()
        load_checkpoint(model, run.checkpoint, map_location='cpu', logger='silent')
        with torch.no_grad():
            samples = model.test_step(batch)
        predicted[run.name] = [s.pred_instances.keypoints[0] for s in samples]
    overlays = f'{FOLDER}/overlays.png'
    draw_overlays(images, true, predicted, data.metainfo['skeleton_links'], overlays)
    return curves, overlays
