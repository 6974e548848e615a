"""The stages of a round by their names, as the state notes them.

``annotate, train, score, select, pseudo``. With multi-view bootstrapping more trainings
follow ``train``, each after its pseudo-labels: ``bootstrap_1_label, bootstrap_1_train``, ...
"""

import re
from typing import List, Mapping, Optional, Tuple

BEFORE, AFTER = ('annotate', 'train'), ('score', 'select', 'pseudo')
STAGES = BEFORE + AFTER
KINDS = ('label', 'train')  # of a bootstrap, in their order
_BOOTSTRAP = re.compile(r'bootstrap_([1-9]\d*)_(label|train)')


def bootstrap_stage(kind: str, number: int) -> str:
    """Name of a stage of a bootstrap: ``'label'`` or ``'train'``, and its number from 1."""
    return f'bootstrap_{number}_{kind}'


def bootstrap_of(name: str) -> Optional[Tuple[str, int]]:
    """Kind and number of a stage of a bootstrap; None of another one."""
    found = _BOOTSTRAP.fullmatch(name)
    return None if found is None else (found.group(2), int(found.group(1)))


def is_stage(name: str) -> bool:
    """Whether a round may have a stage of this name."""
    return name in STAGES or bootstrap_of(name) is not None


def stage_names(trainings: int = 0) -> Tuple[str, ...]:
    """The stages of a round in their order.

    Args:
        trainings (int): Bootstraps: trainings on pseudo-labels after that on the labels.
    """
    more = (bootstrap_stage(kind, n + 1) for n in range(trainings) for kind in KINDS)
    return (*BEFORE, *more, *AFTER)


def last_training_stage(stages: Mapping[str, dict], before: Optional[int] = None) -> str:
    """The stage whose network is the newest of a round that is trained.

    A bootstrap that had no pseudo-label was skipped, and has none of its own.

    Args:
        stages (Mapping): Of a round: name -> what it left.
        before (int, optional): Only trainings before this bootstrap count.
    """
    number, name = 1, 'train'
    while bootstrap_stage('train', number) in stages and (before is None or number < before):
        if not stages[bootstrap_stage('train', number)].get('skipped'):
            name = bootstrap_stage('train', number)
        number += 1
    return name


def last_training(stages: Mapping[str, dict]) -> Optional[dict]:
    """What the last training of a round left that is done; None if none is."""
    return stages.get(last_training_stage(stages))


def trainings(stages: Mapping[str, dict]) -> List[dict]:
    """What each training of a round left that is done: on the labels, then the bootstraps."""
    found = [stages['train']] if 'train' in stages else []
    while found and bootstrap_stage('train', len(found)) in stages:
        found.append(stages[bootstrap_stage('train', len(found))])
    return found


def bootstraps(stages: Mapping[str, dict]) -> List[dict]:
    """What making the pseudo-labels of each bootstrap of a round left, first one first."""
    found: List[dict] = []
    while bootstrap_stage('label', len(found) + 1) in stages:
        found.append(stages[bootstrap_stage('label', len(found) + 1)])
    return found
