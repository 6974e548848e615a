"""When an experiment is over."""
from typing import List, Optional, Sequence


def reached(limits: dict, rounds: Sequence[dict]) -> Optional[str]:
    """Why no further round is needed, or None.

    Args:
        limits (dict): Any of ``rounds``, ``labels`` (units), ``views``, ``joints``,
            ``minutes`` (of annotation, with ``seconds_per_view``), ``plateau`` =
            dict(metric, rounds, min_gain, rule='greater' | 'less') and ``uncertainty``
            (stop when the best utility of a round's picks falls below it).
        rounds (Sequence[dict]): One a finished round: ``labels``, ``views``,
            ``joints`` (so far), ``metrics``, ``utilities`` (of its picks).

    Raises:
        ValueError: An unknown limit.
    """
    known = ('rounds', 'labels', 'views', 'joints', 'minutes', 'seconds_per_view',
             'plateau', 'uncertainty')
    unknown = sorted(set(limits) - set(known))
    if unknown:
        raise ValueError(f'unknown limits {unknown}; there are {", ".join(known)}')
    if not rounds:
        return None
    last = rounds[-1]
    if limits.get('rounds') is not None and len(rounds) >= limits['rounds']:
        return f'{len(rounds)} rounds are done'
    for name in ('labels', 'views', 'joints'):
        if limits.get(name) is not None and last[name] >= limits[name]:
            return f'{last[name]} {name} are labelled, the limit is {limits[name]}'
    if limits.get('minutes') is not None:
        minutes = last['views'] * limits.get('seconds_per_view', 30) / 60
        if minutes >= limits['minutes']:
            return f'{minutes:.0f} minutes of annotation are spent'
    if limits.get('plateau') is not None:
        reason = _plateau(limits['plateau'], rounds)
        if reason is not None:
            return reason
    if limits.get('uncertainty') is not None and last.get('utilities'):
        if max(last['utilities']) < limits['uncertainty']:
            return (f'the most uncertain unit has {max(last["utilities"]):.4g}, below '
                    f'{limits["uncertainty"]:.4g}')
    return None


def _plateau(rule: dict, rounds: Sequence[dict]) -> Optional[str]:
    metric, span = rule['metric'], rule.get('rounds', 2)
    if any(metric not in r['metrics'] for r in rounds):
        raise ValueError(f'plateau watches {metric!r}, which the evaluation does not '
                         f'report; it reports {sorted(rounds[-1]["metrics"])}')
    sign = {'greater': 1, 'less': -1}[rule.get('rule', 'greater')]
    values: List[float] = [sign * r['metrics'][metric] for r in rounds]
    if len(values) <= span:
        return None
    gain = max(values[-span:]) - max(values[:-span])
    if gain < rule.get('min_gain', 0):
        return f'{metric} gained {gain:.4g} in the last {span} rounds'
    return None
