"""What the state of an experiment may hold: every entry, held to what the runner writes."""

import os.path as osp
from typing import Any, Dict, Iterable, Iterator, NamedTuple, Sequence

from ..fileio import is_int, is_number, short
from .stage_names import STAGES, is_stage

UNITS = ('frames', 'images', 'instances')


class Fault(NamedTuple):
    """Where something is wrong, and what."""

    entry: str
    field: str
    problem: str


def state_faults(content: dict) -> Iterator[Fault]:
    """What no experiment writes: wrong types, labels twice, missing rounds, climbing paths.

    Args:
        content (dict): Of the state.
    """
    yield from _head_faults(content)
    yield from _label_faults(content)
    yield from _round_faults(content)


def stranger_faults(content: dict, units: Iterable[int]) -> Iterator[Fault]:
    """Units of the state that the pool does not have.

    Args:
        content (dict): Without :func:`state_faults`.
        units (Iterable[int]): Of the pool.
    """
    known = set(map(int, units))
    for number, event in enumerate(content['labeled']):
        for each in event['ids']:
            if each not in known:
                yield Fault(f'labeled[{number}]', 'ids', f'the pool has no unit {each}')
    for entry in content['rounds']:
        for name in ('select', 'pseudo'):
            for each in (entry['stages'].get(name) or {}).get('ids') or ():
                if each not in known:
                    where = f'{name} of round {entry["round"]}'
                    yield Fault(where, 'ids', f'the pool has no unit {each}')


def _head_faults(content: dict) -> Iterator[Fault]:
    kinds: Dict[str, Any] = dict(
        unit=lambda value: value in UNITS,
        seed=is_int,
        config_digest=lambda value: isinstance(value, str),
        finished=lambda value: value is None or isinstance(value, str),
        pool=lambda value: isinstance(value, dict),
        labeled=_are_dicts,
        rounds=_are_dicts,
    )
    for name, fits in kinds.items():
        if name not in content or not fits(content[name]):
            yield Fault('state', name, f'is {short(content.get(name, "missing"))}')
            return
    pool: Dict[str, Any] = content['pool']
    for name, fits in dict(file=_is_text, sha256=_is_text, units=is_int).items():
        if not fits(pool.get(name)):
            yield Fault('pool', name, f'is {short(pool.get(name, "missing"))}')
            return


def _label_faults(content: dict) -> Iterator[Fault]:
    seen: Dict[int, int] = {}
    for number, event in enumerate(content['labeled']):
        where, ids = f'labeled[{number}]', event.get('ids')
        if not is_int(event.get('round')) or event['round'] < 0:
            yield Fault(where, 'round', f'is {short(event.get("round"))}, no number of a round')
            return
        if not _are_ints(ids):
            yield Fault(where, 'ids', f'is {short(ids)}, no list of whole numbers')
            return
        withdrawn = event.get('withdrawn', [])
        if not _are_ints(withdrawn) or not set(withdrawn) <= set(seen):
            told = f'is {short(withdrawn)}, no list of units that were labelled before'
            yield Fault(where, 'withdrawn', told)
            return
        for each in withdrawn:
            seen.pop(each, None)
        for each in ids:
            if each in seen:
                told = f'unit {each} is labelled twice, first in labeled[{seen[each]}]'
                yield Fault(where, 'ids', told)
                return
            seen[each] = number


def _round_faults(content: dict) -> Iterator[Fault]:
    for number, entry in enumerate(content['rounds']):
        stages = entry.get('stages')
        if entry.get('round') != number or not is_int(entry['round']):
            told = f'is {short(entry.get("round"))}; round {number} is missing here'
            yield Fault(f'rounds[{number}]', 'round', told)
            return
        if not isinstance(stages, dict) or not all(map(is_stage, stages)):
            told = f'is {short(stages)}; a round has {", ".join(STAGES)} and bootstraps'
            yield Fault(f'round {number}', 'stages', told)
            return
        for name, result in stages.items():
            yield from _stage_faults(f'{name} of round {number}', name, result)


def _stage_faults(where: str, name: str, result: Any) -> Iterator[Fault]:
    if not isinstance(result, dict):
        yield Fault(where, 'result', f'is {short(result)}, no object')
        return
    for field in ('checkpoint', 'file'):
        if result.get(field) is not None and not _stays_inside(result[field]):
            told = f'is {short(result[field])}, which leads out of the folder'
            yield Fault(where, field, told)
    for field in ('validation', *('labels', 'views', 'joints') * (name == 'annotate')):
        if field in result and (not is_int(result[field]) or result[field] < 0):
            yield Fault(where, field, f'is {short(result[field])}, no count')
    metrics = result.get('metrics') or {}
    if not isinstance(metrics, dict):
        yield Fault(where, 'metrics', f'is {short(metrics)}, no object')
        return
    for metric, value in metrics.items():
        if value is not None and not is_number(value):
            yield Fault(where, f'metrics.{metric}', f'is {short(value)}, no finite number')
    ids, utilities = result.get('ids', []), result.get('utilities', [])
    if not _are_ints(ids) or len(set(ids)) < len(ids):
        yield Fault(where, 'ids', f'is {short(ids)}, no list of different whole numbers')
    elif name == 'select' and (
        not isinstance(utilities, list)
        or len(utilities) != len(ids)
        or not all(map(is_number, utilities))
    ):
        yield Fault(where, 'utilities', f'is {short(utilities)}, not a finite number for each unit')


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _are_dicts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


def _are_ints(value: Any) -> bool:
    """Whether it is a list of whole numbers as arrays hold them."""
    return isinstance(value, list) and all(is_int(each) and abs(each) < 2**63 for each in value)


def _stays_inside(path: Any) -> bool:
    """Whether a path that the state notes lies in the experiment's folder."""
    if not isinstance(path, str) or osp.isabs(path):
        return False
    parts: Sequence[str] = osp.normpath(path).replace('\\', '/').split('/')
    return '..' not in parts
