from ..lazy import lazy_names

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    dict(
        annotators=[],
        formats=[],
        experiment=['Experiment'],
        pool=['Pool', 'load_pool'],
        registry=[
            'ANNOTATION_FORMATS',
            'ANNOTATORS',
            'QUERY_STRATEGIES',
            'SELF_TRAINING',
            'STATISTICS',
        ],
        self_training=[],
        state=['State', 'StateError', 'load_state'],
        statistics=['PoolStatistics', 'ViewStatistics'],
        strategies=[],
    ),
)
