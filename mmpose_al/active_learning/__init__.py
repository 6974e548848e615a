from ..lazy import lazy_names

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    dict(
        annotators=[],
        formats=[],
        pool=['Pool', 'State', 'StateError', 'load_pool', 'load_state'],
        registry=['ANNOTATION_FORMATS', 'ANNOTATORS', 'QUERY_STRATEGIES', 'STATISTICS'],
        statistics=['PoolStatistics', 'ViewStatistics'],
        strategies=[],
    ),
)
