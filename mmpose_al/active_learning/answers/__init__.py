from .intake import Ingested, ingest
from .kept import answered_units, load_all_answers, load_answers, locked, merged
from .reading import read_answers

__all__ = [
    'Ingested',
    'answered_units',
    'ingest',
    'load_all_answers',
    'load_answers',
    'locked',
    'merged',
    'read_answers',
]
