"""What was accepted, and is kept for ever.

``answers/round_XX.json`` is what was accepted for a round's query, one event a file
that was ingested; events are only ever added.
"""

import os.path as osp
from typing import ContextManager, Dict, Iterable, List, Optional, Sequence

import numpy as np

from ... import fileio
from ..paths import Paths
from ..query import Query

ANSWERS_FORMAT, ANSWERS_VERSION = 'mmpose_al-answers', 1


def new_answers(query: Query) -> dict:
    """What a round's file holds before anything was accepted."""
    return dict(
        format=ANSWERS_FORMAT, version=ANSWERS_VERSION, query=query.id, round=query.round, events=[]
    )


def load_answers(work_dir: str, round: int) -> Optional[dict]:
    """What was accepted for a round; None without.

    Raises:
        ValueError: The file cannot be read.
    """
    path = Paths(work_dir).answers(round)
    if not osp.exists(path):
        return None
    try:
        document = fileio.read_json(path)
        if (document['format'], document['version']) != (ANSWERS_FORMAT, ANSWERS_VERSION):
            raise ValueError('another format or version')
        merged([document])
        return document
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f'{path} holds no answers of mmpose_al ({error}); put the file back'
        ) from error


def load_all_answers(work_dir: str) -> List[dict]:
    """What was accepted, by round."""
    documents = (load_answers(work_dir, number) for number in Paths(work_dir).answer_rounds())
    return [document for document in documents if document is not None]


def merged(documents: Sequence[dict]) -> Dict[int, np.ndarray]:
    """Annotation id -> keypoints (K, 3); what came later counts."""
    return {
        entry['id']: np.asarray(entry['keypoints'], np.float64).reshape(-1, 3)
        for document in documents
        for event in document['events']
        for entry in event['annotations']
    }


def answered_units(query: Query, annotations: Iterable[int]) -> List[int]:
    """Units of a query with an answered person, in the query's order."""
    units = {query.annotations[i]['unit'] for i in annotations}
    return [unit for unit in query.units if unit in units]


def locked(work_dir: str) -> ContextManager:
    """No other process takes answers, or closes their round, at the same time."""
    return fileio.locked(Paths(work_dir).lock)
