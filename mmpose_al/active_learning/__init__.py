from . import annotators, strategies
from .pool import Pool, State, StateError, load_pool, load_state
from .registry import ANNOTATORS, QUERY_STRATEGIES
from .statistics import PoolStatistics, ViewStatistics

__all__ = [
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
