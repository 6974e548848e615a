"""One student of a trained estimator as an ordinary MMPose checkpoint."""

import pickle

import torch

from ..fileio import atomic


def extract_student(checkpoint: str, out: str, index: int = 0) -> int:
    """Write the weights of one student, which load into the network's own config.

    Args:
        checkpoint (str): Of PoseCons, PoseDual, ...
        out (str): File to write.
        index (int): Which student.

    Returns:
        int: Number of tensors.

    Raises:
        ValueError: It is no checkpoint, or has no such student; it names the file.
    """
    try:
        content = torch.load(checkpoint, map_location='cpu', weights_only=True)
        state = student_state(content['state_dict'], index)
    except (ValueError, KeyError, pickle.UnpicklingError, RuntimeError) as error:
        raise ValueError(f'{checkpoint}: {error}') from None
    meta = {k: v for k, v in content.get('meta', {}).items() if k == 'dataset_meta'}
    with atomic(out, 'wb') as file:
        torch.save(dict(meta=meta, state_dict=state), file)
    return len(state)


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
