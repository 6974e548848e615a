"""Registries of what an experiment is made of."""

import inspect
from difflib import get_close_matches
from typing import Any, Callable, List, Mapping, Optional

from mmengine.registry import Registry, build_from_cfg


def arguments_of(kind: Callable) -> Optional[List[str]]:
    """Names that a class takes in a config, those that it hands on to its bases too.

    None where it takes any.
    """
    names: List[str] = []
    for base in getattr(kind, '__mro__', [kind]):
        made = vars(base).get('__init__') if inspect.isclass(base) else base
        if made is None:
            continue
        if base is object:
            return names
        given = list(inspect.signature(made).parameters.values())
        given = given[1:] if inspect.isclass(base) else given
        names += [p.name for p in given if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
        if all(p.kind is not p.VAR_KEYWORD for p in given):
            return names
    return None


def build_known(cfg: Mapping[str, Any], registry: Registry, *args: Any, **kwargs: Any) -> Any:
    """As MMEngine builds from a config, with errors that say what there is.

    Raises:
        ValueError: There is no such type, it has no such argument, or one is missing.
    """
    name = cfg.get('type') if isinstance(cfg, Mapping) else None
    if not isinstance(name, str):
        return build_from_cfg(cfg, registry, *args, **kwargs)
    kind = registry.get(name)
    if kind is None:
        there = sorted(registry.module_dict)
        close = get_close_matches(name, there, 1)
        meant = f'did you mean {close[0]!r}? ' if close else ''
        raise ValueError(
            f'there is no {registry.name} {name!r}; {meant}there are {", ".join(there)}'
        )
    known = arguments_of(kind)
    unknown = [] if known is None else sorted(set(cfg) - {'type'} - set(known))
    if unknown:
        has = ', '.join(known or ()) or 'none'
        raise ValueError(f'{registry.name} {name} has no {", ".join(unknown)}; its keys are {has}')
    lacking = [n for n in _needed(kind) if n not in cfg]
    if lacking:
        raise ValueError(f'{registry.name} {name} needs {", ".join(lacking)}')
    return build_from_cfg(cfg, registry, *args, **kwargs)


def _needed(kind: Callable) -> List[str]:
    """Arguments without a default."""
    given = inspect.signature(kind).parameters.values()
    some = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    return [p.name for p in given if p.default is p.empty and p.kind not in some]


QUERY_STRATEGIES = Registry(
    'query strategy',
    build_func=build_known,
    locations=['mmpose_al.active_learning.strategies'],
    scope='mmpose',
)
ANNOTATORS = Registry(
    'annotator',
    build_func=build_known,
    locations=[
        'mmpose_al.active_learning.annotators.files',
        'mmpose_al.active_learning.annotators.ground_truth',
    ],
    scope='mmpose',
)
ANNOTATION_FORMATS = Registry(
    'annotation format', locations=['mmpose_al.active_learning.formats'], scope='mmpose'
)
SELF_TRAINING = Registry(
    'self-training',
    build_func=build_known,
    locations=['mmpose_al.active_learning.self_training'],
    scope='mmpose',
)
# What the pass over the pool keeps of each view, under the names of the columns.
STATISTICS = Registry(
    'statistic', locations=['mmpose_al.active_learning.statistics'], scope='mmpose'
)
