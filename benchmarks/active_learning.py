"""Run active-learning experiments, one strategy and seed after another, and keep them.

    python -m benchmarks.active_learning synthetic [--rows random mvc] [--seeds 0 1 2]
    mmpose-al active-learning-table \\
        benchmarks/results/active_synthetic --write docs/studies/active_learning.md \\
        configs/active_learning/README.md

Each is `tools/train.py CONFIG`; it leaves
`benchmarks/results/active_TABLE/ROW_seedK.json` with the labels, metrics, picks, errors
of pseudo-labels and times of every round. A run whose file is there is not repeated; a
killed one goes on where it was. Several of these commands may run side by side, with
the same rows and seeds too: a run that another one is at is left to it. `all` is full
supervision with the schedule of a round. Rows of a seed that train the same network on
the same first labels share their first training: the next ones copy it.
"""

import argparse
import os
import os.path as osp
import shutil
import subprocess
import sys
from contextlib import ExitStack, contextmanager

from mmengine.config import Config

from benchmarks import ROOT
from benchmarks.semi_supervised import config_digest, load_config, validations
from mmpose_al.active_learning.experiment import Experiment
from mmpose_al.active_learning.paths import Paths
from mmpose_al.active_learning.settings import experiment_digest
from mmpose_al.active_learning.stage_names import bootstraps, last_training
from mmpose_al.active_learning.state import WritableState
from mmpose_al.engine.active_learning import only_training
from mmpose_al.fileio import locked, machine, write_json

PATH = 'configs/active_learning/synthetic/{}_lite0_synthetic-64x64.py'
# Full supervision first, then what is compared, then what is added to it.
ROWS = (
    'all',
    'random',
    'bsb',
    'mpe',
    'coreset',
    'mvc',
    'mvc-spread',
    'random-pl',
    'mvc-pl',
    'mvc-pl-grow',
    'mvc-pl-constant',
    'mvc-posedual',
    'random-bootstrap',
    'coreset-bootstrap',
)
STUDIO = 'configs/active_learning/studio/{}_lite0_studio-64x64.py'
BOOTSTRAPPED = ('random-bootstrap', 'coreset-bootstrap', 'mvc-bootstrap')
STUDIO_ROWS = (
    'all',
    'random',
    'coreset',
    'mvc',
    *BOOTSTRAPPED,
    'random-bootstrap-twice',
    'coreset-bootstrap-twice',
    'random-multiview-bootstrap',
    'coreset-multiview-bootstrap',
    'random-pl',
    'mvc-pl',
    'bsb',
    'mpe',
    'consensus-coreset-bootstrap',
)
MOUSE = 'configs/active_learning/mouse/{}_lite0_mouse-64x64.py'
MOUSE_ROWS = (
    'all',
    'random',
    'first',
    'diverse',
    'coreset-features',
    'random-posedual',
    'committee-posedual',
)
TABLES = {
    'synthetic': {row: PATH.format(row) for row in ROWS},
    'studio': {row: STUDIO.format(row) for row in STUDIO_ROWS},
    'mouse': {row: MOUSE.format(row) for row in MOUSE_ROWS},
}
# How the data of a table come about.
DATA = {
    'synthetic': 'make it: mmpose-al synthetic {} --preset small',
    'studio': 'make it: mmpose-al synthetic {} --preset studio',
    'mouse': 'see configs/_base_/datasets/mouse.py; MOUSE_ROOT names the folder',
}
METRICS = ('pck/', 'keypoints/', 'multiview/', 'coco/')
PREFIXES = ('', 'mean/', 'ensemble/', 'student0/', 'student1/')  # of a dual estimator


def rounds_of(experiment: Experiment) -> list:
    """What every round left: labels, metrics, picks, pseudo-labels, seconds."""
    units = experiment.units
    result = []
    for entry in experiment.state.rounds:
        stages = entry['stages']
        select, pseudo = stages.get('select', {}), stages.get('pseudo', {})
        result.append(
            dict(
                labels=stages['annotate']['labels'],
                views=stages['annotate']['views'],
                joints=stages['annotate']['joints'],
                share=round(stages['annotate']['labels'] / units, 4),
                metrics=plain(last_training(stages)['metrics']),
                alone=plain(stages['train']['metrics']) if bootstraps(stages) else None,
                bootstraps=bootstraps(stages),
                picked=select.get('ids'),
                utilities=select.get('utilities'),
                pseudo=len(pseudo.get('ids', [])),
                candidates=pseudo.get('candidates'),
                pseudo_mkpe=pseudo.get('mkpe'),
                seconds={name: stage['seconds'] for name, stage in stages.items()},
            )
        )
    return result


def plain(metrics: dict) -> dict:
    """Those of the whole set and of an action: not of one joint or one camera."""
    return {
        name: round(value, 4)
        for name, value in metrics.items()
        if any(
            name.startswith(prefix + metric)
            and (name[len(prefix) :].count('/') == 1 or '/action/' in name)
            for prefix in PREFIXES
            for metric in METRICS
        )
    }


@contextmanager
def alone(path: str):
    """Whether nobody else holds the lock; a process that is killed lets go of it."""
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(path, wait=False))
        except BlockingIOError:
            yield False
        else:
            yield True


def seeded(path: str, seed: int) -> Config:
    """What ``tools/train.py`` makes of a row's config and a seed."""
    config = load_config(path)
    config.merge_from_dict({'randomness.seed': seed})
    return config


def share_first_round(work_dir: str, config: Config, others: dict) -> str:
    """Copy the first training of another experiment that begins as this one does.

    Experiments whose configs differ in nothing but strategy and self-training label the
    same units first and train the same network on them. It is the longest part of a
    round, and would come out the same.

    Args:
        work_dir (str): Of an experiment that has no state yet; one that has is left.
        config (Config): Of the experiment.
        others (dict): Work directory of another experiment -> its config.

    Returns:
        str: The work directory it was copied from; empty where there was none.
    """
    chosen = ('strategy', 'self_training')
    paths = Paths(work_dir)
    if osp.exists(paths.state):
        return ''
    for folder, other in others.items():
        if not osp.exists(Paths(folder).state):
            continue
        state = Experiment(folder).state
        if state.stage(0, 'train') is None:
            continue
        if state.content['config_digest'] != experiment_digest(other):
            continue
        if experiment_digest(other, chosen) != experiment_digest(config, chosen):
            continue
        with only_training(paths):
            copy_first_round(Experiment(folder), paths, experiment_digest(config))
        return folder
    return ''


def copy_first_round(experiment: Experiment, paths: Paths, digest: str) -> None:
    """Begin an experiment with the labels and the training of another one's first round."""
    state = experiment.state
    stages = {name: state.done(0, name) for name in ('annotate', 'train')}
    os.makedirs(paths.round(0), exist_ok=True)
    for path in (
        paths.absolute(stages['train']['checkpoint']),
        paths.labeled_split(0),
        paths.taken_split(0),
    ):
        shutil.copyfile(experiment.paths.absolute(paths.relative(path)), path)
    content = dict(
        state.content,
        config_digest=digest,
        finished=None,
        labeled=[e for e in state.content['labeled'] if e['round'] == 0],
        rounds=[dict(round=0, stages=stages)],
    )
    WritableState(paths.folder, content).write()


def run(table: str, row: str, seed: int, extra: list, until: int = 0) -> str:
    """One experiment with one seed: run or continue, then write its result file.

    Args:
        table, row (str): Which.
        seed (int): Of labels, weights and order.
        extra (list): Options of the config.
        until (int): Labels at which it ends before its own end; 0: it does not.

    Returns:
        str: ``'done before'``, ``'runs elsewhere'`` or ``'done'``.
    """
    result = osp.join(ROOT, 'benchmarks', 'results', f'active_{table}', f'{row}_seed{seed}.json')
    work_dir = folder_of(table, row, seed)
    os.makedirs(osp.join(ROOT, work_dir), exist_ok=True)
    with alone(osp.join(ROOT, work_dir, 'benchmark.lock')) as mine:
        if osp.exists(result):
            return 'done before'
        if not mine:
            return 'runs elsewhere'
        path = TABLES[table][row]
        config = load_config(path)
        data_root = config.get('data_root', '')
        if not osp.isdir(osp.join(ROOT, data_root)):
            sys.exit(
                f'active_learning: no data in {data_root}; '
                + DATA.get(table, DATA['synthetic']).format(data_root)
            )
        if row != 'all' and not extra:
            others = {
                osp.join(ROOT, folder_of(table, other, seed)): seeded(TABLES[table][other], seed)
                for other in TABLES[table]
                if other not in ('all', row)
            }
            shared = share_first_round(osp.join(ROOT, work_dir), seeded(path, seed), others)
            if shared:
                print(f'{table} {row} seed {seed}: first training from {shared}', flush=True)
        content = dict(
            table=f'active_{table}',
            row=row,
            seed=seed,
            config=path,
            command=train(table, row, seed, extra + limit(row, until)),
            config_digest=config_digest(config),
            machine=machine(),
            threads=os.environ.get('OMP_NUM_THREADS'),
            input_size=list(config.input_size),
        )
        content.update(outcome(row, osp.join(ROOT, work_dir), config))
        write_json(result, content, sort_keys=True)
    return 'done'


def limit(row: str, until: int) -> list:
    """The option that ends an experiment before its own end."""
    return [f'active_learning.limits.labels={until}'] if until and row != 'all' else []


def folder_of(table: str, row: str, seed: int) -> str:
    """The work directory of an experiment, relative to the clone."""
    return osp.join('work_dirs', 'benchmarks', f'active_{table}', f'{row}_seed{seed}')


def train(table: str, row: str, seed: int, extra: list) -> str:
    """Run or continue an experiment in a process of its own; gives the command.

    Raises:
        SystemExit: It failed; the message says where its log is.
    """
    work_dir = folder_of(table, row, seed)
    command = ['tools/train.py', TABLES[table][row], '--work-dir', work_dir]
    command += ['--resume'] if row == 'all' else []
    command += ['--cfg-options', f'randomness.seed={seed}'] + extra
    print(f'{table} {row} seed {seed}: python {" ".join(command)}', flush=True)
    log_file = osp.join(work_dir, 'train.log')
    with open(osp.join(ROOT, log_file), 'a') as log:
        status = subprocess.run(
            [sys.executable] + command, cwd=ROOT, stdout=log, stderr=log
        ).returncode
    if status:
        sys.exit(
            f'active_learning: {row} seed {seed} ended with status {status}; '
            f'the end of {log_file} tells why. The same command goes on'
        )
    return 'python ' + ' '.join(command)


def outcome(row: str, work_dir: str, config: Config) -> dict:
    """What a result file keeps of a finished run."""
    if row == 'all':
        found = validations(work_dir, METRICS)[-1]
        return dict(metrics=plain(found['metrics']), steps=found['step'])
    experiment = Experiment(work_dir)
    return dict(
        rounds=rounds_of(experiment),
        unit=experiment.unit,
        units=experiment.units,
        finished=experiment.finished,
        strategy=config.active_learning.strategy,
        self_training=config.active_learning.get('self_training'),
        steps=experiment.state.rounds[-1]['stages']['train']['steps'],
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('table', choices=TABLES)
    parser.add_argument('--rows', nargs='+', help='all of the table by default')
    parser.add_argument('--seeds', nargs='+', type=int, default=[0, 1, 2])
    parser.add_argument(
        '--until',
        type=int,
        default=0,
        metavar='LABELS',
        help='end at so many labels; without the result file a later run goes on from there',
    )
    parser.add_argument('--cfg-options', nargs='+', default=[])
    args = parser.parse_args()
    chosen = args.rows or list(TABLES[args.table])
    unknown = [row for row in chosen if row not in TABLES[args.table]]
    if unknown:
        parser.error(f'no row {unknown[0]!r}; there are {", ".join(TABLES[args.table])}')
    for seed in args.seeds:
        for row in chosen:
            left = run(args.table, row, seed, args.cfg_options, args.until)
            print(f'{args.table} {row} seed {seed}: {left}', flush=True)


if __name__ == '__main__':
    main()
