"""Four labelled frames of a rig, what its other cameras teach, and what four more are worth.

    mmpose-al quickstart

Writes the synthetic studio (rendered people before eight cameras) and trains side by side:

- an experiment of active learning: four labelled frames alone, then with multi-view
  bootstrapping, then both again with four more frames that the network chose;
- MultiViewPoseDual on the same four frames and all others without labels.

Prints one table, and draws curves and the same images before and after, all in
work_dirs/quickstart of the current folder. Finished runs are not trained again, stopped
ones go on.
"""

import argparse
import glob
import os
import os.path as osp
import shutil
import time
import warnings
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from .errors import CommandError
from .jobs import Job, clock, run_jobs

HELP = 'what few labelled frames of a rig teach, alone and with its other cameras'
FOLDER = 'work_dirs/quickstart'
DATA = 'work_dirs/studio'
PRESET = 'studio'
EXPERIMENT = 'mmpose_al::active_learning/studio/coreset-bootstrap_lite0_studio-64x64.py'
TRAINING = 'mmpose_al::semi_supervised/studio/multiview-a_lite0_studio-64x64_4-frames.py'
EVERYTHING = 'all_lite0_studio-64x64'  # its figures stand in the metafile
METAFILE = 'active_learning/metafile.yml'
ROUNDS = 2
# Columns of the table: name of the metric -> heading, factor, and its name in the metafile.
COLUMNS = {
    'pck/bbox@0.1': ('PCK@0.1 of box', 1, 'PCK@0.1 of box'),
    'coco/AP': ('AP', 100, 'AP'),
    'multiview/MKPE': ('MKPE, mm', 1, 'MKPE (mm)'),
}
# What a training shows and logs; its figures are the same.
QUIET_KEYS = ('custom_imports', 'data_mode', 'log_processor', 'vis_backends', 'visualizer')
QUIET_HOOKS = ('logger', 'timer', 'visualization')
OVERLAYS = 6  # test images in the picture
ALONE, BOOTSTRAPPED = 'labels alone', 'and bootstrapping'


class Row(NamedTuple):
    """A line of the table.

    Attributes:
        labels (str): What is labelled.
        method (str): What is trained on it.
        metrics (dict): Of people who are in no training image.
    """

    labels: str
    method: str
    metrics: Dict[str, float]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--fresh', action='store_true', help='train again, even where finished runs are there'
    )


def run(args: argparse.Namespace) -> int:
    from ..fileio import locked

    os.environ.setdefault('MPLBACKEND', 'Agg')
    warnings.filterwarnings('ignore', message='The metainfo config file')
    runs = CommandError(f'{FOLDER}: another quickstart runs in this folder; wait for its end')
    with locked(f'{FOLDER}/.lock', wait=False, held=runs):
        return train_and_show(args)


def train_and_show(args: argparse.Namespace) -> int:
    """All of it, in a folder that nobody else works in."""
    start = time.monotonic()
    write_data(args.fresh)
    from mmengine.registry import init_default_scope

    from ..fileio import write_json

    experiment = ExperimentRun('active learning', EXPERIMENT)
    training = TrainingRun('MultiViewPoseDual', TRAINING)
    init_default_scope('mmpose')
    if args.fresh:
        for each in (experiment, training):
            shutil.rmtree(each.folder, ignore_errors=True)
    train([experiment, training])
    rows = rows_of(experiment.rows(), training.rows(), everything())
    results = dict(
        benchmark='synthetic',
        preset=PRESET,
        seed=training.cfg.get('randomness', {}).get('seed'),
        steps=training.steps,
        rows=[row._asdict() for row in rows],
    )
    write_json(f'{FOLDER}/results.json', results, sort_keys=True)
    curves, overlays = draw_pictures(experiment, training)
    print('\n' + '\n'.join(table(rows, training.steps)) + '\n')
    say(f'curves    {curves}')
    say(f'overlays  {overlays}')
    say(f'figures   {FOLDER}/results.json')
    say(f'runs      {experiment.folder}, {training.folder}')
    say(f'done in {clock(time.monotonic() - start)}')
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


def digest_of(cfg: Any, data: dict) -> str:
    """What decides a training's figures: its config's values, and every byte of its data.

    Where it runs and what it writes about itself is left out.

    Args:
        cfg (Config): Of the training.
        data (dict): ``benchmark.json``, which has a digest of the data.
    """
    from ..config_files import FREE_KEYS, config_digest

    values = {k: v for k, v in cfg.to_dict().items() if k not in (*FREE_KEYS, *QUIET_KEYS)}
    hooks = values.get('default_hooks') or {}
    values['default_hooks'] = {k: v for k, v in hooks.items() if k not in QUIET_HOOKS}
    return config_digest(dict(config=values, data=data))


class TrainingRun:
    """A training: its config, its folder, how far it is and what came out."""

    def __init__(self, name: str, config: str):
        from .launch import read_config

        self.name, self.config = name, config
        self.cfg = read_config(config)
        self.folder = f'{FOLDER}/{name.lower().replace(" ", "-")}'
        self.digest = digest_of(self.cfg, read(f'{DATA}/benchmark.json'))
        self.first: Optional[Tuple[int, float]] = None  # step and time that were seen first

    @property
    def steps(self) -> int:
        """Optimiser steps of a training."""
        return self.cfg.train_cfg.max_iters

    @property
    def trainings(self) -> int:
        """How many trainings there are, one after another."""
        return 1

    @property
    def finished(self) -> bool:
        return read(f'{self.folder}/finished.json').get('digest') == self.digest

    @property
    def checkpoint(self) -> str:
        with open(f'{self.folder}/last_checkpoint', encoding='utf-8') as file:
            noted = file.read().strip()
        return osp.join(self.folder, osp.basename(noted))

    def words(self) -> List[str]:
        """What ``mmpose-al`` is called with."""
        return ['train', self.config, '--work-dir', self.folder, '--resume']

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
            ['-m', 'mmpose_al', *self.words()],
            f'{self.folder}/train.log',
        )

    def steps_done(self) -> int:
        """Steps of all its trainings so far."""
        return last_step(self.folder)

    def progress(self) -> str:
        """Steps done and the remaining time, for the progress line."""
        done, total = self.steps_done(), self.steps * self.trainings
        if not done:
            return f'{self.name}: starting'
        if done >= total:
            return f'{self.name}: trained'
        now = time.monotonic()
        if self.first is None or done < self.first[0]:
            self.first = (done, now)
        text = f'{self.name}: step {done} of {total}'
        newer, spent = done - self.first[0], now - self.first[1]
        return text + (f', {clock(spent / newer * (total - done))} left' if newer else '')

    def rows(self) -> List[Row]:
        """What came out."""
        from ..visualization import read_scalars

        scalars = read_scalars(self.folder)
        metrics = {name: values[max(values)] for name, values in scalars.items() if values}
        return [Row(frames(self.labels), self.name, chosen_metrics(metrics))]

    @property
    def labels(self) -> int:
        """How many frames are labelled."""
        return self.cfg.train_dataloader.dataset.labeled.labels.num


class ExperimentRun(TrainingRun):
    """An experiment of active learning; each round trains on labels, then bootstraps."""

    @property
    def steps(self) -> int:
        return self.cfg.train_cfg.round_cfg.max_iters

    @property
    def trainings(self) -> int:
        return ROUNDS * (1 + self.cfg.active_learning.self_training.get('rounds', 1))

    def words(self) -> List[str]:
        option = f'active_learning.limits.rounds={ROUNDS}'
        return ['train', self.config, '--work-dir', self.folder, '--cfg-options', option]

    def steps_done(self) -> int:
        return sum(map(last_step, self.folders()))

    def folders(self) -> List[str]:
        """Of the trainings that have begun, oldest first."""
        found = glob.glob(f'{self.folder}/round_*/**/vis_data', recursive=True)
        return sorted({osp.dirname(osp.dirname(each)) for each in found})

    def stages(self) -> List[Tuple[str, str, dict]]:
        """What is labelled, the method, and the stage of each training."""
        from ..active_learning.experiment import Experiment

        found = []
        for entry in Experiment(self.folder).state.rounds:
            labels = entry['stages']['annotate']['labels']
            first = self.cfg.active_learning.initial
            shown = frames(labels) + (f', {labels - first} chosen' if labels > first else '')
            for name, stage in entry['stages'].items():
                if name.endswith('train'):
                    found.append((shown, ALONE if name == 'train' else BOOTSTRAPPED, stage))
        return found

    def rows(self) -> List[Row]:
        return [
            Row(labels, method, chosen_metrics(stage['metrics']))
            for labels, method, stage in self.stages()
        ]


def frames(number: int) -> str:
    return f'{number} frames'


def last_step(folder: str) -> int:
    """The last step that a work directory has logged; 0 before the first."""
    from ..visualization import read_scalars

    try:
        return max(read_scalars(folder)['loss'])
    except (FileNotFoundError, KeyError):
        return 0


def chosen_metrics(metrics: Dict[str, float]) -> Dict[str, float]:
    """The table's, of a network or of the ensemble of both."""
    prefix = 'ensemble/' if any(name.startswith('ensemble/') for name in metrics) else ''
    return {name: float(metrics[prefix + name]) for name in COLUMNS if prefix + name in metrics}


def everything() -> Optional[Row]:
    """Full supervision, mean of three seeds; it was trained before, not here."""
    from mmengine.fileio import load

    from ..config_files import config_folder

    path = osp.join(config_folder(), METAFILE)
    for model in load(path)['Models']:
        if model['Name'] == EVERYTHING:
            values = model['Results'][0]['Metrics']
            metrics = {
                name: values[noted] / factor
                for name, (_, factor, noted) in COLUMNS.items()
                if noted in values
            }
            return Row('all 378 frames (measured before)', ALONE, metrics)
    return None


def rows_of(experiment: List[Row], training: List[Row], full: Optional[Row]) -> List[Row]:
    """The lines of the table: by what is labelled, then as they were trained."""
    rows = list(experiment)
    at = sum(row.labels in {each.labels for each in training} for row in rows)
    rows[at:at] = training
    return rows + ([full] if full else [])


def write_data(fresh: bool) -> None:
    from ..synthetic import write_benchmark

    if fresh:
        shutil.rmtree(DATA, ignore_errors=True)
    say(f'writing the synthetic benchmark (preset {PRESET}) into {DATA}')
    try:
        write_benchmark(DATA, preset=PRESET)
    except ValueError as error:
        raise CommandError(f'{error}\nif {DATA} is of another version, use --fresh') from None


def train(runs: Sequence[TrainingRun]) -> None:
    """Run side by side what is not finished."""
    from ..fileio import write_json

    waiting = [run for run in runs if not run.finished]
    for run in runs:
        if run not in waiting:
            say(f'{run.name} is trained already (--fresh trains again)')
    if not waiting:
        return
    for run in waiting:
        say(f'training {run.name}: {run.trainings} x {run.steps} steps of {run.config}')
    run_jobs([run.train for run in waiting], lambda: '; '.join(run.progress() for run in waiting))
    for run in waiting:
        write_json(f'{run.folder}/finished.json', dict(digest=run.digest))


def table(rows: Sequence[Row], steps: int) -> List[str]:
    """Lines of the table."""
    header = ['labelled', 'trained on', *(heading for heading, _, _ in COLUMNS.values())]
    cells = [header]
    for row in rows:
        values = [
            f'{factor * row.metrics[name]:.1f}' if name in row.metrics else '-'
            for name, (_, factor, _) in COLUMNS.items()
        ]
        cells.append([row.labels, row.method, *values])
    widths = [max(len(line[i]) for line in cells) for i in range(len(header))]
    lines = [
        '  '.join(
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths))
        )
        for line in cells
    ]
    lines.insert(1, '-' * len(lines[0]))
    return [
        f'Synthetic benchmark (rendered, preset {PRESET}, 8 cameras), people who are in no '
        'training image,',
        f'one seed, {steps:,} steps a training',
        '',
        *lines,
    ]


def draw_pictures(experiment: ExperimentRun, training: TrainingRun) -> Tuple[str, str]:
    """Curves of the trainings, and the same test images before and after."""
    import numpy as np
    from mmengine.dataset import pseudo_collate
    from mmpose.registry import DATASETS

    from ..datasets.images import read_picture
    from ..visualization import draw_overlays, plot_curves

    curves = f'{FOLDER}/curves.png'
    trained = zip(experiment.stages(), experiment.folders())
    folders = {f'{labels}, {method}': folder for (labels, method, _), folder in trained}
    folders[f'{training.rows()[0].labels}, {training.name}'] = training.folder
    plot_curves(folders, curves, metric=next(iter(COLUMNS)))
    cfg = experiment.cfg
    data = DATASETS.build(cfg.test_dataloader.dataset)
    chosen = np.linspace(0, len(data) - 1, min(OVERLAYS, len(data))).astype(int)
    infos = [data.get_data_info(int(index)) for index in chosen]
    images = [read_picture(info['img_path']) for info in infos]
    true = [(info['keypoints'][0], info['keypoints_visible'][0] > 0) for info in infos]
    batch = pseudo_collate([data[int(index)] for index in chosen])
    stages = experiment.stages()
    predicted = {
        f'{labels}, {method}': predict(cfg, osp.join(experiment.folder, stage['checkpoint']), batch)
        for labels, method, stage in (stages[0], stages[-1])
    }
    overlays = f'{FOLDER}/before_and_after.png'
    draw_overlays(images, true, predicted, data.metainfo['skeleton_links'], overlays)
    return curves, overlays


def predict(cfg: Any, checkpoint: str, batch: Any) -> list:
    """The joints of each image of a batch, as a checkpoint's network sees them."""
    import torch
    from mmengine.runner import load_checkpoint
    from mmpose.registry import MODELS

    model = MODELS.build(cfg.model).eval()
    load_checkpoint(model, checkpoint, map_location='cpu', logger='silent')
    with torch.no_grad():
        samples = model.test_step(batch)
    return [sample.pred_instances.keypoints[0] for sample in samples]
