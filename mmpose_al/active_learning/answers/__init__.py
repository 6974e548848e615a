from ...lazy import lazy_names

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    dict(
        intake=['Ingested', 'ingest'],
        kept=['answered_units', 'load_all_answers', 'load_answers', 'locked', 'merged'],
        reading=['read_answers'],
    ),
)
