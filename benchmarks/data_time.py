"""What loading a training sample costs, beside an earlier state of this repository.

    python -m benchmarks.data_time 759c3b3 [--turns 7] [--out FILE.json]

Each turn is two fresh processes, this tree and the earlier one, the order changing from turn
to turn. A process loads whole batches as a training on one process does (PoseDual on the
synthetic benchmark: half labelled, half unlabelled), checks of images included. The ratio is
that of neighbours in time; processor seconds are counted, so that other work on the machine
disturbs them little, and wall seconds stand beside them.
"""

import argparse
import json
import os
import os.path as osp
import statistics
import subprocess
import sys
import tarfile
import tempfile
from io import BytesIO

from benchmarks import ROOT
from mmpose_al.fileio import machine, write_json

CONFIG = 'configs/semi_supervised/synthetic/posedual-a_lite0_synthetic-64x64_60-images.py'
# Runs in either tree, so it uses nothing that only one of them has.
WORKER = """
import json, sys, time
import mmpose_al
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
init_default_scope('mmpose')
config, data, batches = sys.argv[1], sys.argv[2], int(sys.argv[3])
loader = Config.fromfile(config).train_dataloader
for name in ('labeled', 'unlabeled'):
    loader.dataset[name].data_root = data
    loader.dataset[name].labels.num = 8
begun = time.process_time()
loader = Runner.build_dataloader(loader, seed=0)
built = time.process_time() - begun
def forever():
    while True:
        yield from loader
iterator, cpu, wall, samples = forever(), [], [], 0
for batch in range(batches + 2):
    begun = time.process_time(), time.perf_counter()
    data = next(iterator)
    cpu.append(time.process_time() - begun[0])
    wall.append(time.perf_counter() - begun[1])
    samples = len(data['inputs'])
print(json.dumps(dict(cpu=cpu[2:], wall=wall[2:], samples=samples, built=built)))
"""


def extract(revision: str, folder: str) -> None:
    """Write the files of a commit into a folder."""
    archive = subprocess.run(
        ['git', '-C', ROOT, 'archive', revision, 'mmpose_al', 'configs', 'setup.py'],
        check=True,
        stdout=subprocess.PIPE,
    ).stdout
    with tarfile.open(fileobj=BytesIO(archive)) as tar:
        tar.extractall(folder)


def measure(tree: str, data: str, batches: int) -> dict:
    """Medians over the batches of one process, milliseconds a sample."""
    said = subprocess.run(
        [sys.executable, '-c', WORKER, osp.join(tree, CONFIG), data, str(batches)],
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=tree,
        env=dict(os.environ, PYTHONPATH=tree, OMP_NUM_THREADS='1'),
    ).stdout
    found = json.loads(said.splitlines()[-1])
    per_sample = 1000 / found['samples']
    return dict(
        cpu_ms=statistics.median(found['cpu']) * per_sample,
        wall_ms=statistics.median(found['wall']) * per_sample,
        built_s=found['built'],
    )


def compare(before: str, data: str, turns: int, batches: int) -> list:
    """Each turn's figures of both trees."""
    rows = []
    for turn in range(turns):
        trees = dict(now=ROOT, before=before)
        names = list(trees) if turn % 2 else list(reversed(list(trees)))
        row = {name: measure(trees[name], data, batches) for name in names}
        row['load'] = round(os.getloadavg()[0], 1)
        rows.append(row)
        print(
            f'turn {turn + 1}: now {row["now"]["cpu_ms"]:.3f}, before '
            f'{row["before"]["cpu_ms"]:.3f} ms of processor time a sample; load {row["load"]}',
            flush=True,
        )
    return rows


def summary(rows: list) -> dict:
    """Medians over turns, and of the ratios of neighbours in time."""
    result = dict(load=statistics.median(row['load'] for row in rows))
    for key in ('cpu_ms', 'wall_ms', 'built_s'):
        for name in ('now', 'before'):
            result[f'{name}_{key}'] = statistics.median(row[name][key] for row in rows)
        result[f'ratio_{key}'] = statistics.median(
            row['now'][key] / row['before'][key] for row in rows
        )
    return result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('before', help='a commit')
    parser.add_argument('--turns', type=int, default=7)
    parser.add_argument('--batches', type=int, default=60, help='of a process, after two more')
    parser.add_argument('--out', help='also write the figures to this JSON file')
    args = parser.parse_args()
    from mmpose_al.synthetic import write_benchmark

    with tempfile.TemporaryDirectory() as folder:
        before, data = osp.join(folder, 'before'), osp.join(folder, 'data')
        extract(args.before, before)
        write_benchmark(data, 'tiny', workers=1, progress=False)
        rows = compare(before, data + '/', args.turns, args.batches)
    found = summary(rows)
    print(
        f'processor time a sample {found["now_cpu_ms"]:.3f} ms, before {found["before_cpu_ms"]:.3f}'
        f' ms; ratio {found["ratio_cpu_ms"]:.3f} (wall {found["ratio_wall_ms"]:.3f})'
    )
    if args.out:
        command = 'python -m benchmarks.data_time ' + ' '.join(sys.argv[1:])
        content = dict(command=command, before=args.before, machine=machine(gpu=False))
        write_json(args.out, dict(content, batches=args.batches, **found, turns=rows))


if __name__ == '__main__':
    main()
