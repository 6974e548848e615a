"""One student of a trained estimator as an ordinary MMPose checkpoint.

    python tools/misc/extract_student.py work_dirs/RUN/iter_1000.pth student.pth
    python tools/test.py CONFIG_OF_THE_NETWORK student.pth

The result loads into the network's own config (the `students` of the model).
"""

import argparse
import os.path as osp
import sys

sys.path.insert(0, osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__)))))

import torch

from mmpose_al.fileio import atomic


def student_state(state_dict: dict, index: int) -> dict:
    """Tensors of one student, named as in the network alone.

    Raises:
        ValueError: There is no such student.
    """
    prefix = f'students.{index}.'
    state = {k[len(prefix) :]: v for k, v in state_dict.items() if k.startswith(prefix)}
    if not state:
        known = sorted({k.split('.')[1] for k in state_dict if k.startswith('students.')})
        raise ValueError(
            f'no student {index}; the checkpoint holds students {", ".join(known) or "none"}'
        )
    return state


def main(argv=None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('checkpoint', help='of PoseCons, PoseDual, ...')
    parser.add_argument('out', help='file to write')
    parser.add_argument('--student', type=int, default=0, help='which one')
    args = parser.parse_args(argv)
    try:
        checkpoint = torch.load(args.checkpoint, map_location='cpu', weights_only=True)
        state = student_state(checkpoint['state_dict'], args.student)
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f'extract_student: {args.checkpoint}: {error}')
    meta = {k: v for k, v in checkpoint.get('meta', {}).items() if k == 'dataset_meta'}
    with atomic(args.out, 'wb') as file:
        torch.save(dict(meta=meta, state_dict=state), file)
    print(f'{args.out}: student {args.student}, {len(state)} tensors')


if __name__ == '__main__':
    main()
