from .base import Annotator, AnswersPending
from .ground_truth import GroundTruthAnnotator

__all__ = ['Annotator', 'AnswersPending', 'GroundTruthAnnotator']
