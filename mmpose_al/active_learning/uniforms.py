"""Random numbers that are a function of an id, so no order of files matters."""

import hashlib

import numpy as np


def keyed_uniforms(ids: np.ndarray, *key: object) -> np.ndarray:
    """One number in [0, 1) for each id, a function of the id and the key alone."""
    text = '/'.join(map(str, key))
    return np.array(
        [
            int.from_bytes(
                hashlib.blake2b(f'{text}/{int(i)}'.encode(), digest_size=8).digest(), 'little'
            )
            / 2.0**64
            for i in ids
        ]
    )
