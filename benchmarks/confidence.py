"""What the scores of two networks are worth, before and after a map is fitted to them.

    python -m benchmarks.confidence [--rows lspet mouse] [--write docs/studies/confidence.md]

Each row is a training, which an earlier one in ``work_dirs/benchmarks/confidence/ROW`` stands
for, and ``mmpose-al confidence`` with its last checkpoint. They leave
``benchmarks/results/confidence.json``, where rows that are not run stay as they are.
"""

import argparse
import os.path as osp
import subprocess
import sys

from benchmarks import ROOT
from benchmarks.semi_supervised import as_words
from mmpose_al.analysis.active_learning_table import table as markdown
from mmpose_al.analysis.results_table import write_table
from mmpose_al.checkpoint_files import noted
from mmpose_al.fileio import machine, read_json, write_json

RESULT = osp.join(ROOT, 'benchmarks', 'results', 'confidence.json')
CONFIGS = 'configs/semi_supervised/'


def schedule(steps: int) -> dict:
    """Keys of a training of so many steps."""
    return {
        'randomness.seed': 0,
        'train_cfg.max_iters': steps,
        'train_cfg.val_interval': steps,
        'param_scheduler.1.end': steps,
        'param_scheduler.1.milestones': [steps * 7 // 10, steps * 9 // 10],
    }


# Row -> what it is of, config, keys of the training, radius as a share of the box's longer side.
ROWS = {
    'lspet': (
        'LSPET, 200 labels, 5,000 steps',
        CONFIGS + 'lspet/supervised_lite0_lspet-64x64_50.py',
        {**schedule(5000), 'train_dataloader.dataset.labeled.labels.num': 200},
        0.1,
    ),
    'mouse': (
        'mouse, 10 labels, 500 steps',
        CONFIGS + 'mouse/supervised_lite0_mouse-64x64_10.py',
        schedule(500),
        0.02,
    ),
}


def run(row: str) -> dict:
    """Train a row where it is not, and judge it."""
    of, config, options, radius = ROWS[row]
    folder = osp.join('work_dirs', 'benchmarks', 'confidence', row)
    out = osp.join(ROOT, folder, 'confidence.json')
    if not osp.exists(osp.join(ROOT, folder, 'last_checkpoint')):
        call(['train', config, '--work-dir', folder, '--cfg-options', *as_words(options)])
    checkpoint = noted(osp.join(ROOT, folder))
    call(
        ['confidence', config, checkpoint, '--out', out, '--thr', str(radius)]
        + ['--work-dir', osp.join(folder, 'test')]
    )
    found = read_json(out)
    kept = {key: found[key] for key in ('method', 'scale', 'slope', 'intercept', 'figures')}
    joints = {
        name: dict(
            count=sum(each['before']['count']),
            before=each['before']['ECE'],
            after=each['after']['ECE'],
        )
        for name, each in found['joints'].items()
    }
    told = dict(of=of, config=config, options=options, radius=radius, machine=machine())
    return dict(kept, **told, joints=joints)


def call(words: list) -> None:
    """One of the package's commands, in the repository."""
    subprocess.run([sys.executable, '-m', 'mmpose_al', *words], cwd=ROOT, check=True)


def table(content: dict) -> str:
    """The table of a page: each network's scores as they are, and by each method."""
    lines = []
    for row in content['rows'].values():
        for name, each in row['figures'].items():
            mean, right, ece = (f'{100 * each[key]:.1f}' for key in ('mean', 'right', 'ECE'))
            joint, worst = (
                f'{100 * each[key]:.1f}' if key in each else ''  # not told before
                for key in ('joints_mean', 'joints_max')
            )
            shown = [mean, right, ece, f'{each["NLL"]:.3f}', joint, worst]
            lines.append([row['of'], f'{row["radius"]:g}', name, *shown])
    head = [
        'network',
        'radius',
        'confidence',
        'mean',
        'right',
        'ECE',
        'NLL',
        'ECE of a joint',
        'the largest',
    ]
    fits = [
        f'{row["of"]}: slope {row["slope"]:.2f}, intercept {row["intercept"]:.2f}; '
        f'{row["machine"]}.'
        for row in content['rows'].values()
    ]
    return '\n\n'.join([markdown(head, lines), ' '.join(fits)])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--rows', nargs='+', choices=ROWS, default=list(ROWS))
    parser.add_argument('--out', default=RESULT)
    parser.add_argument('--write', metavar='PAGE', help='put the table into this page')
    args = parser.parse_args()
    rows = read_json(args.out)['rows'] if osp.exists(args.out) else {}
    rows.update((row, run(row)) for row in args.rows)
    content = dict(rows=rows, command='python -m benchmarks.confidence')
    write_json(args.out, content)
    print(table(content))
    if args.write:
        write_table(args.write, 'confidence', table(content))


if __name__ == '__main__':
    main()
