from .intake import Ingested, ingest
from .kept import (
    LABELS_FILE,
    answered_units,
    answers_file,
    load_all_answers,
    load_answers,
    locked,
    merged,
)
from .reading import read_answers

__all__ = [
    'Ingested',
    'LABELS_FILE',
    'answered_units',
    'answers_file',
    'ingest',
    'load_all_answers',
    'load_answers',
    'locked',
    'merged',
    'read_answers',
]
