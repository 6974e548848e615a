"""How strongly each loss of a config pulls, before the first step.

    mmpose-al loss-gradients CONFIG [CHECKPOINT] \\
        [--batches 4] [--out JSON]

Prints every loss and the norm of its gradient, apart for the parameters that make
heatmaps alone, those that make depth maps alone, and all others (the shared network),
averaged over batches of the training data. CHECKPOINT is one of the network or of the
whole model; without it the weights are what the config says.
"""

import argparse

from .options import OutFile, add_config, positive

HELP = 'how strongly each loss of a config pulls'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument('checkpoint', nargs='?')
    parser.add_argument('--batches', type=positive, default=4)
    parser.add_argument('--out', type=OutFile, help='also write the figures to this JSON file')


def run(args: argparse.Namespace) -> int:
    from ..analysis.loss_gradients import PARTS, mean_gradients
    from ..fileio import write_json
    from .launch import check_not_read, read_config

    config = read_config(args.config)
    check_not_read(config, args.out)
    rows, masked, seen = mean_gradients(config, args.checkpoint, args.batches)
    print(f'{"loss":24}' + ''.join(f'{column:>10}' for column in ('value',) + PARTS))
    for name, row in rows.items():
        print(f'{name:24}' + ''.join(f'{row[k]:10.4f}' for k in ('value',) + PARTS))
    print(f'masked poses a batch: {masked:.1f}')
    if args.out:
        content = dict(config=args.config, batches=seen, losses=rows, masked_poses=masked)
        write_json(args.out, content)
    return 0
