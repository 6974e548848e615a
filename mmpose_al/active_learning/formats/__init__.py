from .base import (
    AnnotationFormat,
    Answer,
    build_format,
    build_formats,
    describe_formats,
    format_names,
    import_formats,
    named_format,
)
from .coco import Coco
from .cvat import Cvat
from .document import Document
from .faults import AnswerError, Faults, NothingNew, check_joint
from .label_studio import LabelStudio

__all__ = [
    'AnnotationFormat',
    'Answer',
    'AnswerError',
    'Coco',
    'Cvat',
    'Document',
    'Faults',
    'LabelStudio',
    'NothingNew',
    'build_format',
    'build_formats',
    'check_joint',
    'describe_formats',
    'format_names',
    'import_formats',
    'named_format',
]
