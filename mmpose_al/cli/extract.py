"""One network of a trained estimator as an ordinary MMPose checkpoint.

    mmpose-al extract work_dirs/RUN/iter_1000.pth student.pth
    mmpose-al test CONFIG_OF_THE_NETWORK student.pth

Without --student or --teacher it is the network that the run's evaluations judged. The
result loads into the network's own config (the `students` of the model).
"""

import argparse

from .options import OutFile

HELP = 'one network of a trained estimator as an ordinary checkpoint'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('checkpoint', help='of PoseCons, PoseDual, MeanTeacherPose, ...')
    parser.add_argument('out', type=OutFile, help='file to write')
    which = parser.add_mutually_exclusive_group()
    which.add_argument('--student', type=int, help='which one; default: what was evaluated')
    which.add_argument('--teacher', action='store_true', help='the teacher, if there is one')


def run(args: argparse.Namespace) -> int:
    from ..apis.students import ENSEMBLE, extract_network, spoken

    network = None if args.student is None else f'students.{args.student}'
    done = extract_network(args.checkpoint, args.out, 'teacher' if args.teacher else network)
    text = f'{args.out}: {spoken(done.network)}, {done.tensors} tensors'
    if done.averaged:
        text += ', the moving average that was evaluated (EMAHook)'
    if done.evaluated == ENSEMBLE:
        text += '; the evaluation of the run was of the mean of all students, so test this one'
    elif done.evaluated != done.network:
        text += f'; the evaluation of the run was of {spoken(done.evaluated)}, so test this one'
    print(text)
    return 0
