from .answers import Ingested, ingest
from .base import Annotator, AnswersPending
from .checks import AnswerError
from .files import FileAnnotator
from .ground_truth import GroundTruthAnnotator
from .query import Query, load_queries, load_query

__all__ = [
    'Annotator',
    'AnswerError',
    'AnswersPending',
    'FileAnnotator',
    'GroundTruthAnnotator',
    'Ingested',
    'Query',
    'ingest',
    'load_queries',
    'load_query',
]
