from . import annotators, formats, strategies
from .pool import Pool, State, StateError, load_pool, load_state
from .registry import ANNOTATION_FORMATS, ANNOTATORS, QUERY_STRATEGIES
from .statistics import PoolStatistics, ViewStatistics

__all__ = [
    'ANNOTATION_FORMATS',
    'ANNOTATORS',
    'Pool',
    'PoolStatistics',
    'QUERY_STRATEGIES',
    'State',
    'StateError',
    'ViewStatistics',
    'load_pool',
    'load_state',
]
