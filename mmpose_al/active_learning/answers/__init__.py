from ...lazy import lazy_names

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    dict(
        intake=['Ingested', 'ingest'],
        label_warnings=['LabelWarning', 'read_warnings'],
        kept=['answered_units', 'load_all_answers', 'load_answers', 'locked', 'merged'],
        reading=['read_answers'],
    ),
)
