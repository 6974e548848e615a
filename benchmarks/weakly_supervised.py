"""Run the rows of the table of configs/weakly_supervised_3d and keep their figures.

    python -m benchmarks.weakly_supervised [--seeds 0 1 2] [--rows ws fs ...]
    mmpose-al results-table benchmarks/results/weakly_supervised \\
        --write docs/studies/weakly_supervised_3d.md \\
        configs/weakly_supervised_3d/README.md

Of each seed one network is pre-trained on 2D labels; every row goes on from it. A run
is `tools/train.py CONFIG --resume` and one pass of `tools/test.py`, and leaves
`benchmarks/results/weakly_supervised/ROW_seedK.json`. What is there is not repeated, a
killed run goes on. Several of these commands may run side by side with different seeds;
with different rows of one seed once its pre-training is done (`--rows pretrain`).
"""

import argparse
import os.path as osp
import sys

from mmengine.config import Config

from benchmarks import ROOT
from benchmarks.semi_supervised import call, config_digest, test
from mmpose_al.fileio import machine, write_json

TABLE = 'weakly_supervised'
PATH = 'configs/weakly_supervised_3d/synthetic/{}_lite0_synthetic-64x64.py'
ROWS = (
    '2d-only',
    'fs',
    'ss',
    'ws-r',
    'ws',
    'ws-regularized',
    'ws-no-limbs',
    'ws-no-multiview',
    'ws-l1',
    'ws-paper',
)


def folder(row: str, seed: int) -> str:
    return osp.join('work_dirs', 'benchmarks', TABLE, f'{row}_seed{seed}')


def check_data(config: Config) -> None:
    """Exit with the command to run where a part of the benchmark is not there."""
    for root, options in ((config.data_root, 'studio'), (config.people_root, 'people --seed 1')):
        if not osp.isdir(osp.join(ROOT, root)):
            sys.exit(
                f'weakly_supervised: no data in {root}; make it: '
                f'mmpose-al synthetic {root} --preset {options}'
            )


def train(row: str, seed: int, options: list) -> str:
    """Train a row, or go on with it.

    Returns:
        str: The checkpoint, relative to the repository.
    """
    config = Config.fromfile(osp.join(ROOT, PATH.format(row)))
    work_dir = folder(row, seed)
    iterations = dict(o.split('=', 1) for o in options).get(
        'train_cfg.max_iters', config.train_cfg.max_iters
    )
    checkpoint = osp.join(work_dir, f'iter_{iterations}.pth')
    if not osp.exists(osp.join(ROOT, checkpoint)):
        call(
            [
                'tools/train.py',
                PATH.format(row),
                '--work-dir',
                work_dir,
                '--resume',
                '--cfg-options',
                f'randomness.seed={seed}',
            ]
            + options,
            osp.join(work_dir, 'train.log'),
        )
    return checkpoint


def pseudo_labels(checkpoint: str, seed: int) -> str:
    """The pre-trained network's labels of the rig's views."""
    path = osp.join(folder('pretrain', seed), 'pseudo_labels.json')
    if not osp.exists(osp.join(ROOT, path)):
        call(
            [
                'tools/pseudo_labels.py',
                PATH.format('pretrain'),
                checkpoint,
                '--data',
                'rig',
                '--out',
                path,
            ],
            osp.join(folder('pretrain', seed), 'pseudo.log'),
        )
    return path


def run(row: str, seed: int, extra: list) -> None:
    """One row with one seed: train, test, and write its result file."""
    result = osp.join(ROOT, 'benchmarks', 'results', TABLE, f'{row}_seed{seed}.json')
    if osp.exists(result):
        print(f'{row} seed {seed}: done before', flush=True)
        return
    check_data(Config.fromfile(osp.join(ROOT, PATH.format(row))))
    pretrained = train('pretrain', seed, [])
    if row == 'pretrain':
        return
    config = Config.fromfile(osp.join(ROOT, PATH.format(row)))
    prefix = 'model.network' if config.model.get('network') else 'model'
    options = [f'{prefix}.init_cfg.checkpoint={pretrained}'] + extra
    if config.model.get('regularize'):
        options.append(
            'train_dataloader.dataset.unlabeled.ann_file=' + pseudo_labels(pretrained, seed)
        )
    checkpoint = train(row, seed, options)
    values = test(PATH.format(row), checkpoint, folder(row, seed), extra)
    content = dict(
        table=TABLE,
        row=row,
        seed=seed,
        config=PATH.format(row),
        command='python -m benchmarks.weakly_supervised '
        + ' '.join(
            ['--rows', row, '--seeds', str(seed)] + (['--cfg-options'] + extra if extra else [])
        ),
        config_digest=config_digest(config),
        steps=int(osp.basename(checkpoint)[len('iter_') : -len('.pth')]),
        batch_size=config.train_dataloader.batch_size,
        labels='all',
        input_size=list(config.input_size),
        machine=machine(),
        metrics=values,
    )
    write_json(result, content, sort_keys=True)
    print(f'{row} seed {seed}: {osp.relpath(result, ROOT)}', flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        '--rows',
        nargs='+',
        choices=('pretrain',) + ROWS,
        default=ROWS,
        metavar='ROW',
        help=', '.join(ROWS),
    )
    parser.add_argument('--seeds', nargs='+', type=int, default=[0, 1, 2])
    parser.add_argument(
        '--cfg-options', nargs='+', default=[], help='for the rows, not for the pre-training'
    )
    args = parser.parse_args()
    for seed in args.seeds:
        for row in args.rows:
            run(row, seed, args.cfg_options)


if __name__ == '__main__':
    main()
