"""Left and right joints, told by their names. Needs no PyTorch."""

import re
from typing import Dict, List, Optional, Sequence, Tuple

_SIDES = dict(l='left', r='right')


def plain_name(name: str) -> Tuple[str, ...]:
    """The words of a joint's name, whatever their spelling and order.

    ``left_wrist``, ``LWrist`` and ``Wrist left`` are one.
    """
    words = re.findall(r'[A-Z]?[a-z]+|[A-Z](?=[A-Z][a-z])|[A-Z]+|\d+', name)
    return tuple(sorted(_SIDES.get(word.lower(), word.lower()) for word in words)) or (name,)


def joint_side(name: str) -> Optional[str]:
    """``'left'``, ``'right'``, or None for a joint of the middle."""
    found = {'left', 'right'} & set(plain_name(name))
    return found.pop() if len(found) == 1 else None


def side_pairs(names: Sequence[str]) -> List[Tuple[int, int]]:
    """The places of each left joint and its right one, each pair once."""
    rights: Dict[Tuple[str, ...], int] = {}
    for place, name in enumerate(names):
        if joint_side(name) == 'right':
            rights[_without_side(name)] = place
    return [
        (place, rights[_without_side(name)])
        for place, name in enumerate(names)
        if joint_side(name) == 'left' and _without_side(name) in rights
    ]


def without_side(name: str) -> str:
    """What both joints of a pair are called: ``hand`` of ``left_hand``."""
    return ' '.join(_without_side(name)) or name


def _without_side(name: str) -> Tuple[str, ...]:
    return tuple(word for word in plain_name(name) if word not in ('left', 'right'))
