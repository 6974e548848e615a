from ...lazy import lazy_names

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    dict(
        base=['AnnotationServer', 'Handing'],
        connection=['Connection', 'ServerError'],
        cvat=['CvatServer'],
        exchange=['Pushed', 'pull', 'push'],
        label_studio=['LabelStudioServer'],
    ),
)
