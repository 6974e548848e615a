"""Run the rows of a results table, one config and seed after another, and keep them.

    python benchmarks/semi_supervised.py lspet [--seeds 0 1 2] [--rows supervised ...]
    python tools/analysis/results_table.py benchmarks/results/lspet

Each run is `tools/train.py CONFIG --resume` with the seed for the labels, the weights
and the order; it leaves `benchmarks/results/TABLE/ROW_seedK.json`. A run whose file is
there is not repeated; a killed one goes on. Several of these commands may run side by
side with different rows or seeds.
"""
import argparse
import hashlib
import json
import os
import os.path as osp
import subprocess
import sys

from mmengine.config import Config

ROOT = osp.dirname(osp.dirname(osp.abspath(__file__)))
FOLDER = 'configs/semi_supervised/'
LSPET = FOLDER + 'lspet/{}_lite0_lspet-64x64_{}.py'
SYNTHETIC = FOLDER + 'synthetic/{}_lite0_synthetic-64x64_{}.py'
# Rows of the tables: name of the row -> what its config's name begins with
XIE21 = ('posecons-a', 'posecons-a-jc', 'posedual-a', 'posedual-a-jc')
BASELINES = ('pseudopose-a', 'datadistill-a', 'meanteacher-99-a', 'meanteacher-999-a')
AUGMENTATIONS = ('posedual-a-ra', 'posedual-a-jo')
YU24 = ('denoised-a', 'denoised-a-jc', 'denoised-a-views', 'denoised-a-refine')
MULTIPATH = ('multipath-single', 'multipath-dual', 'multipath-denoised')
COLLAPSE = ('posecons-easy-easy', 'posecons-hard-hard', 'posecons-hard-easy',
            'posecons-reweighted', 'meanteacher-99-easy-easy') + tuple(
                f'posecons-confidence-{number}' for number in (2, 4, 6, 8))


def rows(path: str, few: str, names) -> dict:
    """Config of each row; supervised training with few and with all labels around."""
    found = {'supervised': path.format('supervised', few)}
    found.update((name, path.format(name, few)) for name in names)
    found['supervised-all'] = path.format('supervised', 'all')
    return found


TABLES = {
    'lspet': rows(LSPET, '50', ('posecons-a', 'posecons-a-jc', 'posedual-a',
                                'posedual-a-jc', 'denoised-a', 'denoised-a-jc')
                  + MULTIPATH),
    'synthetic': rows(SYNTHETIC, '60',
                      XIE21 + BASELINES + AUGMENTATIONS + YU24 + MULTIPATH + COLLAPSE),
}


def seed_options(config: Config, seed: int) -> dict:
    """The keys that a seed sets: the run's own, and the choice of labels."""
    options = {'randomness.seed': seed}
    dataset = config.train_dataloader.dataset
    for part in ('labeled', 'unlabeled'):
        if dataset.get(part) and dataset[part].get('labels'):
            options[f'train_dataloader.dataset.{part}.labels.seed'] = seed
    return options


def machine() -> str:
    """Kind of the machine, without its name."""
    try:
        import torch
        if torch.cuda.is_available():
            return torch.cuda.get_device_name()
        with open('/proc/cpuinfo') as file:
            names = [ln.split(':', 1)[1].strip() for ln in file if 'model name' in ln]
        return f'{names[0]} ({os.cpu_count()} cores)'
    except (OSError, IndexError):
        return 'unknown'


def config_digest(config: Config) -> str:
    """Of everything the config says."""
    return hashlib.sha256(config.pretty_text.encode()).hexdigest()[:16]


def last_metrics(work_dir: str, names=('pck/', 'coco/')) -> dict:
    """Step and values of the last validation in a work directory's log."""
    newest, step = {}, -1
    for folder, _, files in sorted(os.walk(work_dir)):
        if 'scalars.json' not in files:
            continue
        with open(osp.join(folder, 'scalars.json')) as file:
            for line in file:
                entry = json.loads(line)
                if any(key.startswith(tuple(names)) for key in entry):
                    newest, step = entry, entry['step']
    values = {k: v for k, v in newest.items()
              if k not in ('step', 'time', 'data_time')}
    return dict(step=step, metrics=values)


def write_json(content: dict, path: str) -> None:
    os.makedirs(osp.dirname(path), exist_ok=True)
    with open(path + '.tmp', 'w') as file:
        json.dump(content, file, indent=1, sort_keys=True)
        file.write('\n')
    os.replace(path + '.tmp', path)


def run(table: str, row: str, seed: int, extra: list) -> None:
    """One row with one seed: train or continue, then write its result file."""
    result = osp.join(ROOT, 'benchmarks', 'results', table, f'{row}_seed{seed}.json')
    if osp.exists(result):
        print(f'{table} {row} seed {seed}: done before', flush=True)
        return
    path = TABLES[table][row]
    config = Config.fromfile(osp.join(ROOT, path), import_custom_modules=False)
    options = [f'{k}={v}' for k, v in seed_options(config, seed).items()] + extra
    work_dir = osp.join('work_dirs', 'benchmarks', table, f'{row}_seed{seed}')
    if config.model.get('teacher_checkpoint'):  # the supervised row of the same seed
        run(table, 'supervised', seed, extra)
        options.append('model.teacher_checkpoint=' + osp.join(
            osp.dirname(work_dir), f'supervised_seed{seed}',
            osp.basename(config.model.teacher_checkpoint)))
    command = ['tools/train.py', path, '--work-dir', work_dir, '--resume',
               '--cfg-options'] + options
    print(f'{table} {row} seed {seed}: {" ".join(command)}', flush=True)
    os.makedirs(osp.join(ROOT, work_dir), exist_ok=True)
    with open(osp.join(ROOT, work_dir, 'train.log'), 'a') as log:
        subprocess.run([sys.executable] + command, cwd=ROOT, check=True, stdout=log,
                       stderr=log)
    found = last_metrics(osp.join(ROOT, work_dir))
    labels = config.train_dataloader.dataset.labeled.get('labels')
    write_json(dict(
        table=table, row=row, seed=seed, config=path,
        command='python ' + ' '.join(command),
        config_digest=config_digest(config),
        steps=found['step'], batch_size=config.train_dataloader.batch_size,
        labels=dict(labels, seed=seed) if labels else 'all',
        input_size=list(config.input_size), machine=machine(),
        metrics=found['metrics']), result)
    print(f'{table} {row} seed {seed}: {osp.relpath(result, ROOT)}', flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('table', choices=TABLES)
    parser.add_argument('--rows', nargs='+', help='all by default')
    parser.add_argument('--seeds', nargs='+', type=int, default=[0, 1, 2])
    parser.add_argument('--cfg-options', nargs='+', default=[])
    args = parser.parse_args()
    chosen = args.rows or list(TABLES[args.table])
    unknown = [row for row in chosen if row not in TABLES[args.table]]
    if unknown:
        parser.error(f'no row {unknown[0]!r}; there are '
                     f'{", ".join(TABLES[args.table])}')
    for seed in args.seeds:
        for row in chosen:
            run(args.table, row, seed, args.cfg_options)


if __name__ == '__main__':
    main()
