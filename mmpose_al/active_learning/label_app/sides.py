"""Left and right in the names of joints: ``left_knee``, ``LeftKnee``, ``knee-L``, ``l_knee``."""

import re
from typing import List, Sequence, Tuple

_WORDS = re.compile(r'[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^A-Za-z\d]+')
_SIDES = {'left': 'right', 'right': 'left', 'l': 'r', 'r': 'l'}


def side_of(name: str) -> str:
    """``'left'``, ``'right'``, or ``'middle'`` where the name says neither."""
    for word in _WORDS.findall(name):
        if word.lower() in _SIDES:
            return 'left' if word.lower()[0] == 'l' else 'right'
    return 'middle'


def side_pairs(names: Sequence[str]) -> List[Tuple[int, int]]:
    """Places of the left and the right joint of each pair that differs by its side alone."""
    place = {name: number for number, name in enumerate(names)}
    pairs = []
    for number, name in enumerate(names):
        other = place.get(_other(name))
        if side_of(name) == 'left' and other is not None and other != number:
            pairs.append((number, other))
    return pairs


def _other(name: str) -> str:
    """The name with its side exchanged, in the same case."""

    def exchanged(word: str) -> str:
        other = _SIDES.get(word.lower(), word)
        if word.lower() not in _SIDES:
            return word
        return other.upper() if word.isupper() else other.title() if word[0].isupper() else other

    return ''.join(map(exchanged, _WORDS.findall(name)))
