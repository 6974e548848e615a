"""One student of a trained estimator as an ordinary MMPose checkpoint.

    mmpose-al extract work_dirs/RUN/iter_1000.pth student.pth
    mmpose-al test CONFIG_OF_THE_NETWORK student.pth

The result loads into the network's own config (the `students` of the model).
"""

import argparse

HELP = 'one student of a trained estimator as an ordinary checkpoint'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('checkpoint', help='of PoseCons, PoseDual, ...')
    parser.add_argument('out', help='file to write')
    parser.add_argument('--student', type=int, default=0, help='which one')


def run(args: argparse.Namespace) -> int:
    from ..apis.students import extract_student
    from ..engine.checkpoint import allow_mmengine_checkpoints

    allow_mmengine_checkpoints()
    count = extract_student(args.checkpoint, args.out, args.student)
    print(f'{args.out}: student {args.student}, {count} tensors')
    return 0
