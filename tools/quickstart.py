#!/usr/bin/env python3
"""The main job of ``tools/quickstart.sh``: few labels alone against PoseDual.

Writes the synthetic benchmark, trains both methods side by side, tests them, prints
one table, and draws curves and overlays. Finished runs are not trained again, stopped
ones go on.
"""

import argparse
import json
import os
import os.path as osp
import shutil
import subprocess
import sys
import time
import warnings

ROOT = osp.dirname(osp.dirname(osp.abspath(__file__)))
sys.path.insert(0, ROOT)

from mmpose_al.fileio import FileError, read_json, sha256, write_json

FOLDER = 'work_dirs/quickstart'
DATA = f'{FOLDER}/data'
PRESET = 'small'
CONFIGS = 'configs/semi_supervised/synthetic'
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


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        '--fresh', action='store_true', help='train again, even where finished runs are there'
    )
    return parser.parse_args()


def say(text):
    print(f'quickstart: {text}', flush=True)


def clock(seconds):
    return f'{int(seconds) // 60}:{int(seconds) % 60:02d}'


def read(path):
    """The content of a JSON file; an empty dict if there is none, or a torn one."""
    try:
        return read_json(path)
    except (FileNotFoundError, FileError):
        return {}


class Job:
    """A process of ours that writes into a log file."""

    def __init__(self, name, command, log):
        threads = str(max(1, min(4, (os.cpu_count() or 2) // 2)))
        environ = dict(os.environ, OMP_NUM_THREADS=threads, MKL_NUM_THREADS=threads)
        self.name, self.log = name, log
        with open(log, 'a', encoding='utf-8') as file:
            self.process = subprocess.Popen(
                [sys.executable] + command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=environ,
            )

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()

    def last_words(self):
        with open(self.log, encoding='utf-8', errors='replace') as file:
            return ''.join(file.readlines()[-12:])


def run_jobs(jobs, progress=None):
    """Wait for all jobs; if one fails or we are interrupted, stop the others."""
    start = shown = time.time()
    try:
        while any(job.process.poll() is None for job in jobs):
            for job in jobs:
                if job.process.poll():
                    raise SystemExit(
                        f'{job.last_words()}\nquickstart: error: {job.name} failed; '
                        f'the whole log is {job.log}; run it again to go on'
                    )
            time.sleep(0.5)
            wait = 2 if sys.stdout.isatty() else 30
            if progress and time.time() - shown >= wait:
                shown = time.time()
                line = f'quickstart: {clock(shown - start)} {progress()}'
                print(
                    *(['\r\033[K' + line] if wait == 2 else [line]),
                    end='' if wait == 2 else '\n',
                    flush=True,
                )
    finally:
        for job in jobs:
            job.stop()
        if progress and sys.stdout.isatty():
            print('\r\033[K', end='')
    for job in jobs:
        if job.process.returncode:
            raise SystemExit(
                f'{job.last_words()}\nquickstart: error: {job.name} failed; the whole '
                f'log is {job.log}'
            )


class Run:
    """One method's training: its config, its folder and whether it is finished."""

    def __init__(self, name, path):
        from mmengine.config import Config

        self.name, self.path = name, path
        self.cfg = Config.fromfile(path)
        self.folder = f'{FOLDER}/{name.lower()}'
        data = read(f'{DATA}/benchmark.json')
        text = self.cfg.pretty_text + json.dumps(data, sort_keys=True)
        self.digest = sha256(text.encode())
        self.steps = self.cfg.train_cfg.get('max_iters', 0)
        self.first = None

    @property
    def finished(self):
        return read(f'{self.folder}/finished.json').get('digest') == self.digest

    @property
    def checkpoint(self):
        with open(f'{self.folder}/last_checkpoint', encoding='utf-8') as file:
            return file.read().strip()

    def train(self):
        """Start the training, or go on with it if its config is still the same."""
        begun = read(f'{self.folder}/begun.json').get('digest')
        if begun != self.digest:
            shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder, exist_ok=True)
        write_json(f'{self.folder}/begun.json', dict(digest=self.digest))
        return Job(
            f'the training of {self.name}',
            ['tools/train.py', self.path, '--work-dir', self.folder, '--resume'],
            f'{self.folder}/train.log',
        )

    def test(self):
        return Job(
            f'the test of {self.name}',
            [
                'tools/test.py',
                self.path,
                self.checkpoint,
                '--work-dir',
                f'{self.folder}/test',
                '--out',
                f'{self.folder}/test.json',
            ],
            f'{self.folder}/test.log',
        )

    def progress(self):
        """Steps done and the remaining time, for the progress line."""
        from mmpose_al.visualization import read_scalars

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


def write_data(fresh):
    os.makedirs(FOLDER, exist_ok=True)
    if fresh:
        shutil.rmtree(DATA, ignore_errors=True)
    say(f'writing the synthetic benchmark (preset {PRESET}) into {DATA}')
    status = subprocess.call(
        [sys.executable, 'tools/make_synthetic.py', DATA, '--preset', PRESET],
        stdin=subprocess.DEVNULL,
    )
    if status:
        raise SystemExit(
            'quickstart: error: the benchmark could not be written; if '
            f'{DATA} is of another version, use --fresh'
        )


def train_and_test(runs):
    waiting = [run for run in runs if not run.finished]
    for run in runs:
        if run not in waiting:
            say(f'{run.name} is trained already (--fresh trains again)')
    if not waiting:
        return
    for run in waiting:
        say(f'training {run.name}: {run.steps} steps of {run.path}')
    run_jobs([run.train() for run in waiting], lambda: '; '.join(run.progress() for run in waiting))
    say('testing')
    run_jobs([run.test() for run in waiting])
    for run in waiting:
        write_json(f'{run.folder}/finished.json', dict(digest=run.digest))


def sizes(runs):
    """Labelled and unlabelled samples of each run, and test samples."""
    from mmpose.registry import DATASETS

    result = {}
    for run in runs:
        data = DATASETS.build(run.cfg.train_dataloader.dataset)
        result[run.name] = [data.num_labeled, data.num_unlabeled]
    result['test'] = len(DATASETS.build(run.cfg.test_dataloader.dataset))
    return result


def table(results):
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


def draw_pictures(runs):
    """Curves of the runs, and their predictions on a few test images."""
    import cv2
    import numpy as np
    import torch
    from mmengine.dataset import pseudo_collate
    from mmengine.runner import load_checkpoint
    from mmpose.registry import DATASETS, MODELS

    from mmpose_al.visualization import draw_overlays, plot_curves

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


def main():
    args = parse_args()
    start = time.time()
    os.chdir(ROOT)
    paths = [ROOT, os.environ.get('PYTHONPATH', '')]
    os.environ['PYTHONPATH'] = os.pathsep.join(filter(None, paths))
    write_data(args.fresh)
    os.environ.setdefault('MPLBACKEND', 'Agg')
    warnings.filterwarnings('ignore', message='The metainfo config file')
    from mmengine.registry import init_default_scope

    runs = [Run(name, path) for name, path in METHODS.items()]
    init_default_scope('mmpose')
    if args.fresh:
        for run in runs:
            shutil.rmtree(run.folder, ignore_errors=True)
    train_and_test(runs)
    results = dict(
        benchmark='synthetic',
        preset=PRESET,
        seeds={run.name: run.cfg.get('randomness', {}).get('seed') for run in runs},
        steps={run.name: run.steps for run in runs},
        sizes=sizes(runs),
        metrics={run.name: read(f'{run.folder}/test.json') for run in runs},
    )
    write_json(f'{FOLDER}/results.json', results, sort_keys=True)
    curves, overlays = draw_pictures(runs)
    print('\n' + '\n'.join(table(results)) + '\n')
    say(f'curves    {curves}')
    say(f'overlays  {overlays}')
    say(f'figures   {FOLDER}/results.json')
    say(f'runs      {", ".join(run.folder for run in runs)}')
    say(f'done in {clock(time.time() - start)}')


if __name__ == '__main__':
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit('\nquickstart: stopped; run it again to go on') from None
