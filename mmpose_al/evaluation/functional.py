"""What the metrics share: reading samples and taking means."""

from typing import Dict, Optional, Sequence

import numpy as np


def breakdown(
    name: str,
    values: np.ndarray,
    counted: np.ndarray,
    joints: Optional[Sequence[str]] = None,
    actions: Optional[Sequence[Optional[str]]] = None,
) -> Dict[str, float]:
    """The mean of a quantity, and its means for each joint and each action.

    Args:
        name (str): Name of the quantity.
        values (np.ndarray): (N, K), one for each pose and joint.
        counted (np.ndarray): (N, K) bool, which of them count.
        joints (Sequence[str], optional): Names of the K joints; None: not by joint.
        actions (Sequence[str | None], optional): Actions of the N poses, None for a
            pose without one; None: not by action.

    Returns:
        dict: ``{name}``, ``{name}/joint/{joint}``, ``{name}/action/{action}``: means
        over all that counts there; NaN where nothing does.
    """
    result = {name: _mean(values, counted)}
    for index, joint in enumerate(joints or ()):
        result[f'{name}/joint/{joint}'] = _mean(values[:, index], counted[:, index])
    for action in sorted({a for a in actions or () if a is not None}):
        rows = np.array([a == action for a in actions])
        result[f'{name}/action/{action}'] = _mean(values[rows], counted[rows])
    return result


def joint_names(dataset_meta: Optional[dict], count: int) -> list:
    """Names of the joints, from the data set's meta information."""
    names = (dataset_meta or {}).get('keypoint_id2name')
    if names is None:
        raise ValueError(
            'the metric needs the names of the joints: set its '
            'dataset_meta, as MMEngine does in a run'
        )
    if len(names) != count:
        raise ValueError(
            f'poses have {count} joints, the metainfo of the data set '
            f'names {len(names)}: {list(names.values())}'
        )
    return [names[index] for index in range(count)]


def indices_of(names: Sequence[str], wanted: Sequence[str], metric: str) -> list:
    """Indices of joints by name.

    Raises:
        ValueError: One is not there; the message names the metric.
    """
    missing = [name for name in wanted if name not in names]
    if missing:
        raise ValueError(
            f'{metric}: the data set has no joint {missing[0]!r}; it has {list(names)}'
        )
    return [list(names).index(name) for name in wanted]


def describe(sample: dict) -> str:
    """A sample, for messages."""
    return f'sample id {sample.get("id")}, image {sample.get("img_path")}'


def to_numpy(values) -> np.ndarray:
    """Tensor, array or list as a float64 array."""
    values = values.detach().cpu().numpy() if hasattr(values, 'detach') else values
    return np.asarray(values, dtype=np.float64)


def _mean(values: np.ndarray, counted: np.ndarray) -> float:
    return float(values[counted].mean()) if counted.any() else float('nan')
