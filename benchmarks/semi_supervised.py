"""Run the rows of a results table, one config and seed after another, and keep them.

    python -m benchmarks.semi_supervised lspet [--seeds 0 1 2] [--rows supervised ...]
    mmpose-al results-table benchmarks/results/lspet

Each run is `tools/train.py CONFIG --resume` with the seed for the labels, the weights
and the order; it leaves `benchmarks/results/TABLE/ROW_seedK.json`. A run whose file is
there is not repeated; a killed one goes on. Several of these commands may run side by
side with different rows or seeds.

With --equal-compute every row takes as many steps as cost what PoseDual's usual ones
cost, counted in network passes; the results go to `benchmarks/results/TABLE-compute`,
and become further columns of the table. PoseDual's own are those of the usual table.

    python -m benchmarks.semi_supervised lspet --rows denoised-a-jc --seeds 0 \
        --variant "starts at 500" --cfg-options model.start=500

is a row of its own, "denoised-a-jc: starts at 500", of the same table.
"""

import argparse
import json
import os
import os.path as osp
import re
import subprocess
import sys
from contextlib import suppress
from typing import Iterator

from mmengine.config import Config

from benchmarks import ROOT
from mmpose_al.active_learning.experiment import read_pool
from mmpose_al.active_learning.settings import without_choice
from mmpose_al.checkpoint_files import noted
from mmpose_al.datasets.splits import make_split
from mmpose_al.fileio import machine, read_json, sha256, write_json

FOLDER = 'configs/semi_supervised/'
LSPET = FOLDER + 'lspet/{}_lite0_lspet-64x64_{}.py'
SYNTHETIC = FOLDER + 'synthetic/{}_lite0_synthetic-64x64_{}.py'
# Rows of the tables: name of the row -> what its config's name begins with
XIE21 = ('posecons-a', 'posecons-a-jc', 'posedual-a', 'posedual-a-jc')
BASELINES = ('pseudopose-a', 'datadistill-a', 'meanteacher-99-a', 'meanteacher-999-a')
AUGMENTATIONS = ('posedual-a-ra', 'posedual-a-jo')
YU24 = (
    'denoised-a',
    'denoised-a-jc',
    'denoised-a-views',
    'denoised-a-refine',
    'denoised-a-batch',
    'denoised-a-views-batch',
)
MULTIPATH = ('multipath-single', 'multipath-dual', 'multipath-denoised')
COLLAPSE = (
    'posecons-easy-easy',
    'posecons-hard-hard',
    'posecons-hard-easy',
    'posecons-easy-hard',
    'posecons-no-detach',
    'posecons-reweighted',
    'meanteacher-99-easy-easy',
) + tuple(f'posecons-confidence-{number}' for number in (2, 4, 6, 8))

NO_METRICS = ('step', 'time', 'data_time')


def forwards(config: Config) -> int:
    """Forward passes of a step for each labelled image, with as many unlabelled ones.

    A pass with its backward counts three, as in benchmarks/semi_step.py.
    """
    from mmengine.registry import init_default_scope
    from mmpose.registry import MODELS

    from mmpose_al.models.passes import passes_per_step

    init_default_scope('mmpose')
    return passes_per_step(MODELS.build(config.model), 1, 1).forwards


def equal_compute(config: Config, reference: Config, row: str) -> dict:
    """Keys of the schedule in which a row costs what a reference costs in its own.

    Args:
        config, reference (Config): The row's, and PoseDual's of the same table.
        row (str): The name of the row.

    Raises:
        ValueError: The row's unlabelled images join later: its steps cost differently.
    """
    if config.model.get('start'):
        raise ValueError(
            f'{row} has start={config.model.start}: equal compute is '
            'counted for steps that all cost the same'
        )
    usual = config.train_cfg.max_iters
    steps = round(usual * forwards(reference) / forwards(config))
    options = {'train_cfg.max_iters': steps}
    for index, scheduler in enumerate(config.param_scheduler):
        if 'milestones' in scheduler:
            milestones = [m * steps // usual for m in scheduler.milestones]
            options[f'param_scheduler.{index}.milestones'] = milestones
            options[f'param_scheduler.{index}.end'] = steps
    return options


def load_config(path: str) -> Config:
    """A config of the repository."""
    return Config.fromfile(osp.join(ROOT, path), import_custom_modules=False)


def rows(path: str, few: str, names) -> dict:
    """Config of each row; supervised training with few and with all labels around."""
    found = {'supervised': path.format('supervised', few)}
    found.update((name, path.format(name, few)) for name in names)
    found['supervised-all'] = path.format('supervised', 'all')
    return found


TABLES = {
    'lspet': rows(
        LSPET,
        '50',
        (
            'posecons-a',
            'posecons-a-jc',
            'posedual-a',
            'posedual-a-jc',
            'denoised-a',
            'denoised-a-jc',
            'denoised-a-jc-batch',
        )
        + MULTIPATH
        + ('multipath-denoised-sum',),
    ),
    'synthetic': rows(
        SYNTHETIC, '60-images', XIE21 + BASELINES + AUGMENTATIONS + YU24 + MULTIPATH + COLLAPSE
    ),
    'synthetic-4-frames': rows(
        SYNTHETIC,
        '4-frames',
        (
            'posedual-a',
            'multiview-a',
            'bootstrap',
            'denoised-a',
            'multipath-dual',
            'multipath-denoised',
        ),
    ),
    'studio-4-frames': rows(
        SYNTHETIC, '4-frames', ('posedual-a', 'multiview-a', 'multiview-denoised-a', 'bootstrap')
    ),
}

# Multi-view bootstrapping: whose network makes the pseudo-labels that a row trains on. These
# rows differ in that alone.
TEACHERS = {
    'bootstrap': 'supervised',
    'bootstrap-twice': 'bootstrap',
    'multiview-bootstrap': 'multiview-a',
    'multiview-bootstrap-twice': 'multiview-bootstrap',
}
BOOTSTRAPPED = TABLES['studio-4-frames']['bootstrap']
TABLES['studio-4-frames'] |= dict.fromkeys(('bootstrap-twice', 'multiview-bootstrap'), BOOTSTRAPPED)

# Eight labelled frames: the first four of an experiment, and four more that one of its rows picked.
PICKED, CHOSEN = 'studio-8-frames', 'chosen-'
PICKED_BY = {'': 'random-bootstrap', CHOSEN: 'coreset-bootstrap'}
EIGHT = {row: TABLES['studio-4-frames'][row] for row in ('supervised', 'multiview-a')}
EIGHT |= dict.fromkeys(('multiview-bootstrap', 'multiview-bootstrap-twice'), BOOTSTRAPPED)
TABLES[PICKED] = {start + row: path for start in PICKED_BY for row, path in EIGHT.items()}
TEACHERS |= {CHOSEN + row: CHOSEN + TEACHERS[row] for row in EIGHT if row in TEACHERS}


# Options of every row of a table whose schedule or data are its own.
LONG, STUDIO = 5000, 'work_dirs/studio/'
OF_STUDIO = {
    'train_dataloader.dataset.labeled.data_root': STUDIO,
    'train_dataloader.dataset.unlabeled.data_root': STUDIO,
    'val_dataloader.dataset.data_root': STUDIO,
    'test_dataloader.dataset.data_root': STUDIO,
}
OPTIONS = {
    'studio-4-frames': OF_STUDIO,
    PICKED: OF_STUDIO,
    'lspet-long': {
        'train_cfg.max_iters': LONG,
        'train_cfg.val_interval': LONG // 10,
        'param_scheduler.1.end': LONG,
        'param_scheduler.1.milestones': [LONG * 7 // 10, LONG * 9 // 10],
        'train_dataloader.dataset.labeled.labels.num': 200,
        'train_dataloader.dataset.unlabeled.labels.num': 200,
    },
}
# Students of other outputs: lessons in keypoints, in the schedule of `lspet`.
TABLES['lspet-simcc'] = {
    'supervised': TABLES['lspet']['supervised'],
    'supervised-simcc': LSPET.replace('lite0_', 'lite0-simcc_').format('supervised', '50'),
    'posedual-a': TABLES['lspet']['posedual-a'],
    'posedual-simcc': LSPET.replace('lite0_', 'lite0-simcc_').format('posedual-a', '50'),
    'posedual-heatmap-simcc': LSPET.replace('lite0_', 'lite0-lite0-simcc_').format(
        'posedual-a', '50'
    ),
}
TABLES['lspet-long'] = {
    name: TABLES['lspet'][name]
    for name in (
        'supervised',
        'posedual-a',
        'supervised-all',
        'posedual-a-jc',
        'denoised-a-jc',
        'multipath-dual',
    )
}


def table_options(table: str, config: Config) -> dict:
    """Options of a table for one of its configs: of the sources and labels that it has."""
    chosen = {}
    for key, value in OPTIONS.get(table, {}).items():
        part = re.match(r'(train_dataloader\.dataset\.(\w+))\.(.+)', key)
        if part is None:
            chosen[key] = value
            continue
        for name, source in sources(config, part.group(2)):
            if not part.group(3).startswith('labels.') or source.get('labels'):
                chosen[f'{name}.{part.group(3)}'] = value
    return chosen


def sources(config: Config, kind: str) -> list:
    """Key and config of each labelled or unlabelled source of the training data."""
    found, key = config.train_dataloader.dataset.get(kind), f'train_dataloader.dataset.{kind}'
    if isinstance(found, (list, tuple)):
        return [(f'{key}.{index}', each) for index, each in enumerate(found)]
    return [(key, found)] if found else []


def seed_options(config: Config, seed: int) -> dict:
    """The keys that a seed sets: the run's own, and the choice of labels."""
    options = {'randomness.seed': seed}
    for kind in ('labeled', 'unlabeled'):
        for key, source in sources(config, kind):
            if source.get('labels'):
                options[f'{key}.labels.seed'] = seed
    return options


def row_keys(table: str, row: str, seed: int) -> dict:
    """Keys of a row: of its table, its seed, and of the pseudo-labels that it trains on."""
    config = load_config(TABLES[table][row])
    labels = picked_labels(config, row, seed) if table == PICKED else None
    keys = {**table_options(table, config), **(labels or seed_options(config, seed))}
    if row in TEACHERS:
        first, second = (key for key, _ in sources(config, 'labeled'))
        root = keys.get(f'{second}.data_root', config.train_dataloader.dataset.labeled[1].data_root)
        keys[f'{second}.data_root'] = '.'
        keys[f'{second}.data_prefix.img'] = osp.join(root, 'images/')
        keys[f'{second}.ann_file'] = osp.join(work_dir_of(table, row, seed), 'pseudo.json')
    return keys


def picked_labels(config: Config, row: str, seed: int) -> dict:
    """Keys that name eight labelled frames in a file, which is written, in place of a draw."""
    experiment = PICKED_BY[CHOSEN if row.startswith(CHOSEN) else '']
    ids_file = osp.join('work_dirs', 'benchmarks', PICKED, f'{experiment}_{seed}.json')
    if not osp.exists(osp.join(ROOT, ids_file)):
        source = dict(sources(config, 'labeled')[0][1], data_root=osp.join(ROOT, STUDIO))
        pool = read_pool(without_choice(source), 'frames', None)
        name = f'active_studio/{experiment}_seed{seed}.json'
        first = read_json(osp.join(ROOT, 'benchmarks', 'results', name))['rounds'][0]
        split = make_split(pool.path, 'frames', 'random', 8)
        frames = sorted([*pool.initial(4, seed), *first['picked']])
        write_json(osp.join(ROOT, ids_file), dict(split, labeled=frames, seed=seed))
    keys = {'randomness.seed': seed}
    for kind in ('labeled', 'unlabeled'):
        for key, source in sources(config, kind):
            if source.get('labels'):
                keys.update({f'{key}.labels': None, f'{key}.ids_file': ids_file})
    return keys


def work_dir_of(table: str, row: str, seed: int) -> str:
    """Where a row is trained, from the repository."""
    return osp.join('work_dirs', 'benchmarks', table, f'{row}_seed{seed}')


def make_pseudo_labels(table: str, row: str, seed: int, extra: list) -> None:
    """The pseudo-labels of a row, by its teacher of the same seed.

    The teacher is trained where it has not been.
    """
    teacher, out = TEACHERS[row], osp.join(work_dir_of(table, row, seed), 'pseudo.json')
    run(table, teacher, seed, extra, checkpoint='last_checkpoint')
    if osp.exists(osp.join(ROOT, out)):
        return
    checkpoint, log = noted(osp.join(ROOT, work_dir_of(table, teacher, seed))), out[:-5] + '.log'
    if 'students' in load_config(TABLES[table][teacher]).model:  # one of them makes the labels
        student = osp.join(work_dir_of(table, row, seed), 'student0.pth')
        call(['-m', 'mmpose_al', 'extract', checkpoint, student, '--student', '0'], log)
        teacher, checkpoint = teacher.replace('multiview-a', 'supervised'), student
    call(
        ['-m', 'mmpose_al', 'bootstrap', TABLES[table][teacher], checkpoint, '--out', out]
        + ['--cfg-options', *as_words(row_keys(table, teacher, seed)), *extra],
        log,
    )


def as_words(keys: dict) -> list:
    """Options as the command line has them."""
    return [f'{k}={v}'.replace(' ', '') for k, v in keys.items()]


def config_digest(config: Config) -> str:
    """Of everything the config says."""
    return sha256(config.pretty_text.encode())[:16]


def scalars(work_dir: str) -> Iterator[dict]:
    """Lines of a work directory's logs, oldest first; those that a kill has torn are left out."""
    for folder, _, files in sorted(os.walk(work_dir)):
        if 'scalars.json' in files:
            with open(osp.join(folder, 'scalars.json')) as file:
                for line in file:
                    with suppress(ValueError):
                        yield json.loads(line)


def validations(work_dir: str, names=('pck/', 'coco/')) -> list:
    """Step and values of each validation in a work directory's logs, oldest first.

    Raises:
        ValueError: There is none.
    """
    found = {}
    for entry in scalars(work_dir):
        if any(key.startswith(tuple(names)) for key in entry):
            values = {k: v for k, v in entry.items() if k not in NO_METRICS}
            found[entry['step']] = dict(step=entry['step'], metrics=values)
    if not found:
        raise ValueError(f'{work_dir}: no validation in any scalars.json; see train.log')
    return [found[step] for step in sorted(found)]


def call(command: list, log: str) -> None:
    """A Python command in the repository, its output appended to a file."""
    os.makedirs(osp.dirname(osp.join(ROOT, log)), exist_ok=True)
    with open(osp.join(ROOT, log), 'a') as file:
        subprocess.run([sys.executable] + command, cwd=ROOT, check=True, stdout=file, stderr=file)


def test(path: str, checkpoint: str, work_dir: str, extra: list) -> dict:
    """What ``tools/test.py`` measures of a checkpoint."""
    values = osp.join(work_dir, 'test.json')
    call(
        [
            'tools/test.py',
            path,
            checkpoint,
            '--work-dir',
            osp.join(work_dir, 'test'),
            '--out',
            values,
        ]
        + (['--cfg-options'] + extra if extra else []),
        osp.join(work_dir, 'test.log'),
    )
    return read_json(osp.join(ROOT, values))


def run(
    table: str,
    row: str,
    seed: int,
    extra: list,
    equal: bool = False,
    checkpoint: str = None,
    variant: str = '',
) -> None:
    """One row with one seed: train or continue, then write its result file.

    With a ``variant`` the row is one of its own, with the options in ``extra``.

    A row that is done is not repeated, unless ``checkpoint``, the name of a file that
    another row needs of it, is not in its work directory.
    """
    path = TABLES[table][row]
    named = table, row
    shown, row = row, '-'.join([row, *re.findall(r'\w+', variant.lower())])
    if variant:
        shown += f': {variant}'
    if equal:
        table += '-compute'
    result = osp.join(ROOT, 'benchmarks', 'results', table, f'{row}_seed{seed}.json')
    work_dir = osp.join('work_dirs', 'benchmarks', table, f'{row}_seed{seed}')
    if osp.exists(result) and (
        checkpoint is None or osp.exists(osp.join(ROOT, work_dir, checkpoint))
    ):
        print(f'{table} {row} seed {seed}: done before', flush=True)
        return
    config = load_config(path)
    own = table_options(table, config)
    config.merge_from_dict(own)
    keys = row_keys(*named, seed)
    if equal:
        schedule = equal_compute(config, load_config(TABLES[named[0]]['posedual-a']), row)
        keys.update(schedule)
        usual = osp.join(
            ROOT, 'benchmarks', 'results', table[: -len('-compute')], f'{row}_seed{seed}.json'
        )
        if schedule['train_cfg.max_iters'] == config.train_cfg.max_iters and osp.exists(usual):
            write_json(result, dict(read_json(usual), table=table), sort_keys=True)
            print(f'{table} {row} seed {seed}: as in its usual table', flush=True)
            return
    options = as_words(keys) + extra
    if config.model.get('teacher_checkpoint'):  # the supervised row of the same seed
        teacher = osp.basename(config.model.teacher_checkpoint)
        run(
            table.replace('-compute', ''),
            'supervised',
            seed,
            [] if variant else extra,
            equal,
            teacher,
        )
        options.append(
            'model.teacher_checkpoint='
            + osp.join(osp.dirname(work_dir), f'supervised_seed{seed}', teacher)
        )
    if named[1] in TEACHERS:
        make_pseudo_labels(*named, seed, [] if variant else extra)
    command = [
        'tools/train.py',
        path,
        '--work-dir',
        work_dir,
        '--resume',
        '--cfg-options',
    ] + options
    print(f'{table} {row} seed {seed}: {" ".join(command)}', flush=True)
    call(command, osp.join(work_dir, 'train.log'))
    if osp.exists(result):
        return
    curve = validations(osp.join(ROOT, work_dir))
    found = curve[-1]
    labels = sources(config, 'labeled')[0][1].get('labels')
    if table == PICKED:
        labels = dict(labels, num=8, chosen=row.startswith(CHOSEN))
    content = dict(
        table=table,
        row=shown,
        seed=seed,
        config=path,
        command='python ' + ' '.join(command),
        config_digest=config_digest(config),
        steps=found['step'],
        batch_size=config.train_dataloader.batch_size,
        labels=dict(labels, seed=seed) if labels else 'all',
        input_size=list(config.input_size),
        machine=machine(),
        metrics=found['metrics'],
    )
    if own:
        content['curve'] = curve
    if config.test_dataloader.dataset.ann_file != config.val_dataloader.dataset.ann_file:
        data = [f'{key}={value}' for key, value in own.items() if key.startswith('test_')]
        content['test'] = test(path, noted(osp.join(ROOT, work_dir)), work_dir, data + extra)
    write_json(result, content, sort_keys=True)
    print(f'{table} {row} seed {seed}: {osp.relpath(result, ROOT)}', flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('table', choices=TABLES)
    parser.add_argument('--rows', nargs='+', help='all by default')
    parser.add_argument('--seeds', nargs='+', type=int, default=[0, 1, 2])
    parser.add_argument(
        '--equal-compute',
        action='store_true',
        help='as many steps as cost what those of PoseDual cost',
    )
    parser.add_argument(
        '--variant', default='', help="what --cfg-options change, as a part of the row's name"
    )
    parser.add_argument('--cfg-options', nargs='+', default=[])
    args = parser.parse_args()
    chosen = args.rows or list(TABLES[args.table])
    unknown = [row for row in chosen if row not in TABLES[args.table]]
    if unknown:
        parser.error(f'no row {unknown[0]!r}; there are {", ".join(TABLES[args.table])}')
    for seed in args.seeds:
        for row in chosen:
            run(args.table, row, seed, args.cfg_options, args.equal_compute, variant=args.variant)


if __name__ == '__main__':
    main()
