"""What gradient checkpointing and accumulation save: peak memory of a training step.

    python -m benchmarks.memory [--batch 8] [--out FILE.json]

A backbone of timm learns from one batch of images of 256x192 on the CPU. Each
case is a process of its own, and its figure the growth of the largest resident size over what
it was before the step: activations, gradients and what the operators need.
"""

import argparse
import json
import resource
import subprocess
import sys
import time

from mmpose_al.fileio import machine, write_json

BACKBONES = {
    'resnet18': dict(name='resnet18'),
    'vit_small_patch16_224': dict(name='vit_small_patch16_224', img_size=(256, 192)),
}
CASES = {
    'plain': dict(),
    'with_cp': dict(with_cp=True),
    'accumulative_counts=4': dict(parts=4),
    'both': dict(with_cp=True, parts=4),
}
MACOS = sys.platform == 'darwin'


def largest() -> float:
    """Largest resident size of this process so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if MACOS else 2**10)


def step(backbone: dict, batch: int, parts: int = 1, with_cp: bool = False) -> dict:
    """One training step in this process."""
    import torch

    from mmpose_al.models.backbones import TimmBackbone

    torch.manual_seed(0)
    torch.set_num_threads(1)
    network = TimmBackbone(with_cp=with_cp, **backbone)
    network(torch.zeros(1, 3, 256, 192))[0].sum().backward()  # libraries take their memory
    network.zero_grad(set_to_none=False)
    images = torch.randn(batch, 3, 256, 192)
    before, begun = largest(), time.process_time()
    for part in images.chunk(parts):
        (network(part)[0].square().mean() / parts).backward()
    return dict(mib=round(largest() - before, 1), seconds=round(time.process_time() - begun, 2))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--batch', type=int, default=8)
    parser.add_argument('--out', default='benchmarks/results/memory.json')
    parser.add_argument('--case', nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.case:
        name, case = args.case
        print(json.dumps(step(BACKBONES[name], args.batch, **CASES[case])))
        return 0
    result: dict = {}
    for name in BACKBONES:
        for case in CASES:
            words = ['-m', 'benchmarks.memory', '--batch', str(args.batch), '--case', name, case]
            said = subprocess.run([sys.executable, *words], check=True, stdout=subprocess.PIPE)
            result.setdefault(name, {})[case] = json.loads(said.stdout.splitlines()[-1])
            print(name, case, result[name][case], flush=True)
    write_json(args.out, dict(machine=machine(False), batch=args.batch, size=[192, 256], **result))
    return 0


if __name__ == '__main__':
    sys.exit(main())
