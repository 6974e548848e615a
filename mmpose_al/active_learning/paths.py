"""Where everything of an experiment lies. No other file knows these names."""

import glob
import os
import os.path as osp
import re
from typing import List, NamedTuple, Optional, Tuple

_ROUND = re.compile(r'round_(\d{2,})')
_BOOTSTRAP = re.compile(r'bootstrap_(\d+)')


class Paths(NamedTuple):
    """The files and folders of an experiment; none of them need be there.

    Attributes:
        folder (str): Of the experiment, its work directory.
    """

    folder: str

    def _at(self, *names: str) -> str:
        return osp.join(self.folder, *names)

    # ---- of the experiment -----------------------------------------------------------

    @property
    def state(self) -> str:
        """What was done, see :mod:`mmpose_al.active_learning.state`."""
        return self._at('active_learning.json')

    @property
    def previous_state(self) -> str:
        """The state as it was before it was last written whole: a way back."""
        return self._at('active_learning.previous.json')

    @property
    def config(self) -> str:
        """The config of the latest start."""
        return self._at('experiment_config.py')

    @property
    def labels(self) -> str:
        """The labels that people gave, an annotation file."""
        return self._at('labels.json')

    @property
    def lock(self) -> str:
        """Held for a moment by who takes answers, or closes their round."""
        return self._at('.lock')

    @property
    def training_lock(self) -> str:
        """Held by a training from its beginning to its end."""
        return self._at('.training.lock')

    @property
    def label_lock(self) -> str:
        """Held by the annotator of our own while it shows a query."""
        return self._at('.label.lock')

    @property
    def push_lock(self) -> str:
        """Held by a push to the server of an annotation tool, and by a pull of its answers."""
        return self._at('.push.lock')

    @property
    def server_project(self) -> str:
        """Which project of the server of an annotation tool has the queries."""
        return self._at('labelling', 'server_project.json')

    def folders(self) -> List[str]:
        """Where files of the experiment are written; not all of them need be there."""
        return [self.folder, *map(self._at, ('query', 'answers', 'labelling')), *self.trainings()]

    def trainings(self) -> List[str]:
        """Work directories of the trainings that have begun, oldest first."""
        rounds = _folders(self.folder, _ROUND)
        return [each for round in rounds for each in (round, *_folders(round, _BOOTSTRAP))]

    # ---- of a round ------------------------------------------------------------------

    def round(self, number: int) -> str:
        """An ordinary MMEngine work directory."""
        return self._at(_name(number))

    def training(self, number: int, bootstrap: int = 0) -> str:
        """Work directory of a training of a round: on its labels, or a later one."""
        folder = self.round(number)
        return osp.join(folder, f'bootstrap_{bootstrap}') if bootstrap else folder

    def labeled_split(self, number: int) -> str:
        """Split file: the labelled units that a round trains on."""
        return osp.join(self.round(number), 'labels.json')

    def taken_split(self, number: int) -> str:
        """Split file: the units that a round's unlabelled source leaves out."""
        return osp.join(self.round(number), 'taken.json')

    def validation_split(self, number: int) -> str:
        """Split file: the labelled units that validate a round."""
        return osp.join(self.round(number), 'validation.json')

    def pseudo(self, number: int) -> str:
        """Annotation file: the pseudo-labels that a round trains on."""
        return osp.join(self.round(number), 'pseudo.json')

    def bootstrap_labels(self, number: int, bootstrap: int) -> str:
        """Annotation file: the pseudo-labels of a later training of a round."""
        return osp.join(self.training(number, bootstrap), 'pseudo.json')

    def bootstrap_scores(self, number: int, bootstrap: int) -> str:
        """The statistics of the pool that these pseudo-labels are made of."""
        return osp.join(self.training(number, bootstrap), 'scores.npz')

    def last_checkpoint(self, number: int, bootstrap: int = 0) -> str:
        """MMEngine's note where the latest checkpoint of a training is."""
        return osp.join(self.training(number, bootstrap), 'last_checkpoint')

    def scores(self, number: int) -> str:
        """The statistics of the pool with a round's last weights."""
        return osp.join(self.round(number), 'scores.npz')

    def first_scores(self) -> str:
        """The statistics of the pool before the first training, if it chose the first labels."""
        return osp.join(self.round(0), 'first_scores.npz')

    # ---- queries and answers ---------------------------------------------------------

    def query(self, number: int) -> str:
        """Folder of what people are asked in a round."""
        return self._at('query', _name(number))

    def query_file(self, number: int) -> str:
        """The query as data."""
        return osp.join(self.query(number), 'query.json')

    def query_rounds(self) -> List[int]:
        """Rounds with a folder of a query, ascending."""
        return _numbers(self._at('query'), '')

    def answers(self, number: int) -> str:
        """What people answered to the query of a round."""
        return self._at('answers', _name(number) + '.json')

    def answer_rounds(self) -> List[int]:
        """Rounds with answers, ascending."""
        return _numbers(self._at('answers'), '.json')

    def label_journal(self, number: int) -> str:
        """What people did in a round in the annotator of our own, line by line."""
        return self._at('labelling', _name(number) + '.jsonl')

    def label_rounds(self) -> List[int]:
        """Rounds that somebody has worked on in the annotator of our own, ascending."""
        return _numbers(self._at('labelling'), '.jsonl')

    def label_answers(self, number: int) -> str:
        """What the annotator of our own handed over in a round."""
        return self._at('labelling', _name(number) + '_answers.json')

    def pulled_answers(self, number: int, tool: str) -> str:
        """What was last pulled in a round from the server of an annotation tool."""
        return self._at('labelling', f'{_name(number)}_pulled_{tool}.json')

    # ---- paths that the state holds --------------------------------------------------

    def relative(self, path: str) -> str:
        """A path as the state notes it, so that the folder may be moved."""
        return osp.relpath(path, self.folder)

    def absolute(self, noted: str) -> str:
        """Where a path is that the state notes."""
        return self._at(noted)


def experiments_below(folder: str) -> List[str]:
    """Experiments in ``work_dirs`` of a folder, as a project has them."""
    pattern = osp.join(glob.escape(folder), 'work_dirs', '*', osp.basename(Paths('').state))
    return sorted(map(osp.dirname, glob.glob(pattern)))


def labels_below(folder: str) -> List[str]:
    """Where the labels of a project without an experiment lie."""
    pattern = osp.join(glob.escape(folder), 'labels', '*', 'query')
    return sorted(map(osp.dirname, glob.glob(pattern)))


def experiment_of_scores(path: str) -> Optional[Tuple[str, int]]:
    """The experiment's folder and the round that a score file belongs to, or None."""
    home, name = osp.split(osp.abspath(path))
    folder, round_folder = osp.split(home)
    found = _ROUND.fullmatch(round_folder)
    if found is None or name != 'scores.npz' or not osp.exists(Paths(folder).state):
        return None
    return folder, int(found.group(1))


def _name(number: int) -> str:
    return f'round_{number:02d}'


def _folders(folder: str, pattern: 're.Pattern[str]') -> List[str]:
    """Entries of a folder with names of a pattern, in the order of the numbers in them."""
    names = os.listdir(folder) if osp.isdir(folder) else []
    found = [match for match in map(pattern.fullmatch, names) if match]
    return [osp.join(folder, match[0]) for match in sorted(found, key=lambda m: int(m[1]))]


def _numbers(folder: str, ending: str) -> List[int]:
    """Numbers of the rounds that a folder has an entry of."""
    names = os.listdir(folder) if osp.isdir(folder) else []
    found = [_ROUND.fullmatch(n[: len(n) - len(ending)]) for n in names if n.endswith(ending)]
    return sorted(int(match.group(1)) for match in found if match)
