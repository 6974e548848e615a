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
TABLES = {
    'lspet': {
        'supervised': LSPET.format('supervised', '50'),
        'posedual-a': LSPET.format('posedual-a', '50'),
        'posedual-a-jc': LSPET.format('posedual-a-jc', '50'),
        'supervised-all': LSPET.format('supervised', 'all'),
    },
    'synthetic': {
        'supervised': SYNTHETIC.format('supervised', '60'),
        'posedual-a': SYNTHETIC.format('posedual-a', '60'),
        'posedual-a-jc': SYNTHETIC.format('posedual-a-jc', '60'),
        'supervised-all': SYNTHETIC.format('supervised', 'all'),
    },
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


def last_metrics(work_dir: str) -> dict:
    """Step and values of the last validation in a work directory's log."""
    newest, step = {}, -1
    for folder, _, files in sorted(os.walk(work_dir)):
        if 'scalars.json' not in files:
            continue
        with open(osp.join(folder, 'scalars.json')) as file:
            for line in file:
                entry = json.loads(line)
                if any(key.startswith(('pck/', 'coco/')) for key in entry):
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
        config_digest=hashlib.sha256(config.pretty_text.encode()).hexdigest()[:16],
        steps=found['step'], batch_size=config.train_dataloader.batch_size,
        labels=dict(labels, seed=seed) if labels else 'all',
        input_size=list(config.input_size), machine=machine(),
        metrics=found['metrics']), result)
    print(f'{table} {row} seed {seed}: {result}', flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('table', choices=TABLES)
    parser.add_argument('--rows', nargs='+', help='all by default')
    parser.add_argument('--seeds', nargs='+', type=int, default=[0, 1, 2])
    parser.add_argument('--cfg-options', nargs='+', default=[])
    args = parser.parse_args()
    rows = args.rows or list(TABLES[args.table])
    unknown = [row for row in rows if row not in TABLES[args.table]]
    if unknown:
        parser.error(f'no row {unknown[0]!r}; there are '
                     f'{", ".join(TABLES[args.table])}')
    for seed in args.seeds:
        for row in rows:
            run(args.table, row, seed, args.cfg_options)


if __name__ == '__main__':
    main()
