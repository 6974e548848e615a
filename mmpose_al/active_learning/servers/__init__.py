from ...lazy import lazy_names

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    dict(
        connection=['Connection', 'ServerError'],
        exchange=['Pushed', 'pull', 'push'],
        label_studio=['LabelStudioServer'],
    ),
)
