"""Random numbers that are a pure function of a seed.

Augmentation drawn from these does not depend on the batch a sample sits in, the rank
or the worker that made it, the device, or whether the run was resumed.
"""

from typing import Union

import numpy as np

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def _mix(z: np.ndarray) -> np.ndarray:
    """The finaliser of splitmix64: a bijection of uint64 that spreads every bit."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def seeded_uniforms(seeds: Union[np.ndarray, list], num: int, stream: str = '') -> np.ndarray:
    """Uniform numbers in [0, 1) from one seed a row (splitmix64).

    Args:
        seeds (array-like): Integers in [0, 2**63), shape (B, ).
        num (int): Numbers wanted for each seed.
        stream (str): Names what the numbers are for. Different streams of one seed
            are independent of one another.

    Returns:
        np.ndarray: float64, shape (B, num).
    """
    seeds = np.asarray(seeds, dtype=np.uint64).reshape(-1, 1)
    salt = np.zeros(1, np.uint64)
    for byte in stream.encode():
        salt = _mix(salt + _GOLDEN + np.uint64(byte))
    counters = np.arange(1, num + 1, dtype=np.uint64)[None]
    bits = _mix(_mix(seeds + salt) + counters * _GOLDEN)
    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53
