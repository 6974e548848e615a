from .base import Annotator, AnswersPending
from .files import FileAnnotator
from .ground_truth import GroundTruthAnnotator

__all__ = ['Annotator', 'AnswersPending', 'FileAnnotator', 'GroundTruthAnnotator']
