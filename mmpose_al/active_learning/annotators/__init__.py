from ...lazy import lazy_names

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    dict(
        base=['Annotator', 'AnswersPending'],
        files=['FileAnnotator'],
        ground_truth=['GroundTruthAnnotator'],
    ),
)
