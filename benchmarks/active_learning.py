"""Run active-learning experiments, one strategy and seed after another, and keep them.

    python benchmarks/active_learning.py synthetic [--rows random mvc] [--seeds 0 1 2]

Each is `tools/train.py CONFIG`; it leaves `benchmarks/results/active_TABLE/ROW_seedK.json`
with the labels and metrics of every round. A run whose file is there is not repeated; a
killed one goes on. `all` is full supervision with the schedule of a round.
"""
import argparse
import os
import os.path as osp
import subprocess
import sys

sys.path.insert(0, osp.dirname(osp.abspath(__file__)))

from mmengine.config import Config  # noqa: E402
from semi_supervised import (ROOT, config_digest, last_metrics, machine,  # noqa: E402
                             write_json)

from mmpose_al.active_learning import load_state  # noqa: E402

PATH = 'configs/active_learning/synthetic/{}_lite0_synthetic-64x64.py'
ROWS = ('random', 'bsb', 'mpe', 'coreset', 'mvc', 'random-pl', 'mvc-pl', 'mvc-posedual',
        'all')
TABLES = {'synthetic': {row: PATH.format(row) for row in ROWS}}


def rounds_of(state) -> list:
    """Labels, metrics, and what was pseudo-labelled, of every round."""
    result = []
    for entry in state.rounds:
        stages = entry['stages']
        result.append(dict(
            labels=stages['annotate']['labels'], views=stages['annotate']['views'],
            metrics=stages['train']['metrics'],
            picked=stages.get('select', {}).get('ids'),
            pseudo=len(stages.get('pseudo', {}).get('ids', [])),
            pseudo_mkpe=stages.get('pseudo', {}).get('mkpe'),
            seconds={name: stage['seconds'] for name, stage in stages.items()}))
    return result


def run(table: str, row: str, seed: int, extra: list) -> None:
    """One experiment with one seed: run or continue, then write its result file."""
    result = osp.join(ROOT, 'benchmarks', 'results', f'active_{table}',
                      f'{row}_seed{seed}.json')
    if osp.exists(result):
        print(f'{table} {row} seed {seed}: done before', flush=True)
        return
    path = TABLES[table][row]
    config = Config.fromfile(osp.join(ROOT, path), import_custom_modules=False)
    work_dir = osp.join('work_dirs', 'benchmarks', f'active_{table}', f'{row}_seed{seed}')
    command = ['tools/train.py', path, '--work-dir', work_dir]
    command += ['--resume'] if row == 'all' else []
    command += ['--cfg-options', f'randomness.seed={seed}'] + extra
    print(f'{table} {row} seed {seed}: {" ".join(command)}', flush=True)
    os.makedirs(osp.join(ROOT, work_dir), exist_ok=True)
    with open(osp.join(ROOT, work_dir, 'train.log'), 'a') as log:
        subprocess.run([sys.executable] + command, cwd=ROOT, check=True, stdout=log,
                       stderr=log)
    content = dict(table=f'active_{table}', row=row, seed=seed, config=path,
                   command='python ' + ' '.join(command),
                   config_digest=config_digest(config), machine=machine(),
                   input_size=list(config.input_size))
    if row == 'all':
        found = last_metrics(osp.join(ROOT, work_dir), ('pck/', 'multiview/'))
        content.update(metrics=found['metrics'], steps=found['step'])
    else:
        state = load_state(osp.join(ROOT, work_dir))
        content.update(rounds=rounds_of(state), units=state.content['pool']['units'],
                       steps=config.train_cfg.round_cfg.max_iters)
    write_json(content, result)
    print(f'{table} {row} seed {seed}: {osp.relpath(result, ROOT)}', flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('table', choices=TABLES)
    parser.add_argument('--rows', nargs='+', choices=ROWS, default=list(ROWS))
    parser.add_argument('--seeds', nargs='+', type=int, default=[0, 1, 2])
    parser.add_argument('--cfg-options', nargs='+', default=[])
    args = parser.parse_args()
    for seed in args.seeds:
        for row in args.rows:
            run(args.table, row, seed, args.cfg_options)


if __name__ == '__main__':
    main()
