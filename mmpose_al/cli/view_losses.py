"""Would the losses on views prefer the true depths, with this network's 2D joints?

    mmpose-al view-losses CONFIG CHECKPOINT [--batches 8] [--out JSON]

CONFIG is a weakly supervised one whose unlabelled groups of views have 2D and 3D poses
in their file after all (a rig of which some frames are annotated); they are used here
alone. CHECKPOINT is one of the network or of the whole model, the 2D pre-training for
example. Prints how far the 2D joints are off, and the losses of

- `predicted`: the network's depths;
- `true`: the true relative depths under the network's 2D joints;
- `flat`: no depths.

Where, before training on views, `true` has not the lowest sum, that will not find the true
depths: the errors of the 2D joints outweigh what the views say.
"""

import argparse

from .options import OutFile, add_config, positive

HELP = 'would the losses on views prefer the true depths?'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument('checkpoint')
    parser.add_argument('--batches', type=positive, default=8)
    parser.add_argument('--out', type=OutFile, help='also write the figures to this JSON file')


def run(args: argparse.Namespace) -> int:
    from ..analysis.view_losses import median_error, show, view_losses
    from ..fileio import write_json
    from .launch import check_not_read, read_config

    config = read_config(args.config)
    check_not_read(config, args.out)
    rows, errors = view_losses(config, args.config, args.checkpoint, args.batches)
    print(show(rows, errors))
    if args.out:
        content = dict(
            config=args.config, batches=args.batches, losses=rows, median_error=median_error(errors)
        )
        write_json(args.out, content)
    return 0
