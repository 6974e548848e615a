"""When an experiment is over."""

import math
from typing import List, Optional, Sequence

from ..fileio import is_int, is_number, short
from ..metric_direction import lower_is_better

LIMITS = (
    'rounds',
    'labels',
    'views',
    'joints',
    'minutes',
    'seconds_per_view',
    'plateau',
    'uncertainty',
)
PLATEAU = ('metric', 'rounds', 'min_gain', 'rule')
SECONDS_PER_VIEW = 30.0  # where nobody has measured
RULES = dict(greater=1, less=-1)


def reached(limits: dict, rounds: Sequence[dict]) -> Optional[str]:
    """Why no further round is needed, or None.

    Args:
        limits (dict): Any of ``rounds``, ``labels`` (units), ``views``, ``joints``,
            ``minutes`` (of annotation, see :func:`minutes_of`), ``plateau`` =
            dict(metric, rounds, min_gain, rule='greater' | 'less', by default as the metric's
            name tells) and ``uncertainty`` (stop when the best utility of a round's picks falls
            below it).
        rounds (Sequence[dict]): One a finished round: ``labels``, ``views``,
            ``joints`` (so far), ``metrics``, ``utilities`` (of its picks), and where times
            were measured ``timed_views`` and ``label_seconds``.

    Raises:
        ValueError: A limit that is unknown or no number, or a plateau that cannot be
            watched.
    """
    _check(limits)
    if not rounds:
        return None
    last = rounds[-1]
    if limits.get('rounds') is not None and len(rounds) >= limits['rounds']:
        return f'{len(rounds)} rounds are done'
    for name in ('labels', 'views', 'joints'):
        if limits.get(name) is not None and last[name] >= limits[name]:
            return f'{last[name]} {name} are labelled, the limit is {limits[name]}'
    if limits.get('minutes') is not None:
        minutes = minutes_of(last, limits.get('seconds_per_view'))
        if minutes >= limits['minutes']:
            return f'{minutes:.0f} minutes of annotation are spent'
    if limits.get('plateau') is not None:
        reason = _plateau(limits['plateau'], rounds)
        if reason is not None:
            return reason
    least, utilities = limits.get('uncertainty'), last.get('utilities')
    if least is not None and utilities and max(utilities) < least:
        return f'the most uncertain unit has {max(utilities):.4g}, below {least:.4g}'
    return None


def minutes_of(done: dict, seconds_per_view: Optional[float] = None) -> float:
    """How long people have labelled: as it was measured, where it was.

    Args:
        done (dict): Of a round, see :func:`reached`.
        seconds_per_view (float, optional): Of views without a time; default: the mean of
            those with one, else 30.
    """
    timed, seconds = done.get('timed_views', 0), done.get('label_seconds', 0.0)
    if seconds_per_view is None:
        seconds_per_view = seconds / timed if timed else SECONDS_PER_VIEW
    return (seconds + (done['views'] - timed) * seconds_per_view) / 60


def _check(limits: dict) -> None:
    unknown = sorted(set(limits) - set(LIMITS))
    if unknown:
        raise ValueError(f'unknown limits {unknown}; there are {", ".join(LIMITS)}')
    for name, value in limits.items():
        if name != 'plateau' and value is not None and not is_number(value):
            raise ValueError(
                f'active_learning.limits.{name} is {short(value)}; '
                'write a finite number, or None for no limit'
            )
    seconds = limits.get('seconds_per_view')
    if seconds is not None and seconds <= 0:
        raise ValueError(
            f'active_learning.limits.seconds_per_view is {seconds}; write seconds, above 0'
        )
    if limits.get('plateau') is not None:
        _check_plateau(limits['plateau'])


def _check_plateau(rule: dict) -> None:
    unknown = sorted(set(rule) - set(PLATEAU))
    if unknown:
        raise ValueError(
            f'active_learning.limits.plateau: unknown keys {unknown}; '
            f'there are {", ".join(PLATEAU)}'
        )
    if not isinstance(rule.get('metric'), str):
        raise ValueError(
            'active_learning.limits.plateau: metric is missing; name one '
            "that the evaluation reports, e.g. metric='multiview/MKPE'"
        )
    if 'rule' not in rule and lower_is_better(rule['metric']) is None:
        raise ValueError(
            f'active_learning.limits.plateau: the name of the metric {rule["metric"]!r} does not '
            "tell whether it is an error; add rule='less' if lower is better, else rule='greater'"
        )
    if 'rule' in rule and rule['rule'] not in RULES:
        raise ValueError(
            f'active_learning.limits.plateau: rule is {rule["rule"]!r}; '
            f'write one of {", ".join(RULES)}'
        )
    span, gain = rule.get('rounds', 2), rule.get('min_gain', 0)
    if not is_int(span) or span < 1 or not is_number(gain):
        raise ValueError(
            f'active_learning.limits.plateau: rounds is {short(span)} and min_gain '
            f'{short(gain)}; write a whole number, at least 1, and a finite number'
        )


def _plateau(rule: dict, rounds: Sequence[dict]) -> Optional[str]:
    metric, span = rule['metric'], rule.get('rounds', 2)
    rounds = [r for r in rounds if r['metrics']]  # before anything validated there are none
    if any(metric not in r['metrics'] for r in rounds):
        raise ValueError(
            f'plateau watches {metric!r}, which the evaluation does not '
            f'report; it reports {sorted(rounds[-1]["metrics"])}'
        )
    sign = RULES[rule.get('rule', 'less' if lower_is_better(metric) else 'greater')]
    values: List[float] = [sign * r['metrics'][metric] for r in rounds]
    if len(values) <= span:
        return None
    # A round without a number is no gain, and none to be compared with.
    values = [v if math.isfinite(v) else -math.inf for v in values]
    late, early = max(values[-span:]), max(values[:-span])
    gain = 0.0 if late == early else late - early
    if gain < rule.get('min_gain', 0):
        return f'{metric} gained {gain:.4g} in the last {span} rounds'
    return None
