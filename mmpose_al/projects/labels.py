"""Labels that people gave for a project in the browser become the project's own.

``labels/N/labels.json`` are the labels of a pool (:mod:`mmpose_al.active_learning.label_app`).
They are put into ``pool.json``, each for the person of its image, and stay there when the
project is completed with the same ``mmpose-al new``.
"""

import glob
import os.path as osp
from typing import Any, Callable, Dict, List, Tuple

from ..active_learning.answers.kept import all_poses, latest, load_all_answers
from ..active_learning.paths import experiments_below
from ..fileio import (
    are_numbers,
    checksum_fault,
    locked,
    read_json,
    short,
    to_json,
    write_json,
    write_text,
)
from . import config_text
from .project import NAME, ProjectError

DATA = 'configs/data.py'
EDITED = (
    "For the labels it needs `labels = dict(unit='instances')`, and in train_dataloader "
    "`labeled=dict(pool, labels=labels, subset='labeled')`"
)
Person = Tuple[str, int]  # file name of the image, number of the person


def home(folder: str) -> str:
    """Where the labels that people gave for a project lie."""
    return osp.join(osp.abspath(folder), 'labels')


def read_labels(path: str) -> Dict[str, Any]:
    """An annotation file of a project, held to the checksum beside it where it has one.

    Raises:
        ProjectError: Its bytes are not those that were written.
        FileError: It is not JSON.
    """
    fault = checksum_fault(path)
    if fault:
        raise ProjectError(
            f'{path}: {fault}. It follows from the answers: remove it, and hand the labels over '
            'again (`mmpose-al label`), or repair the experiment (`mmpose-al doctor --repair`)'
        )
    return read_json(path)


def given_labels(folder: str) -> Dict[Person, List[float]]:
    """Keypoints that people gave, 3K numbers each; what came later counts."""
    found: Dict[Person, List[float]] = {}
    for each in _folders(folder):
        path = osp.join(each, 'labels.json')
        if osp.isfile(path):
            try:
                found.update(_labels_of(read_labels(path)))
            except (LookupError, TypeError, AttributeError) as error:
                raise ProjectError(
                    f'{path}: holds no labels of a project ({error!r}). Remove it, and hand the '
                    'labels over again (`mmpose-al label`)'
                ) from None
    return found


def _labels_of(content: Dict[str, Any]) -> Dict[Person, List[float]]:
    """What people gave, of an annotation file.

    Raises:
        LookupError, TypeError, AttributeError: It is none.
    """
    names = {image['id']: image['file_name'] for image in content['images']}
    found = {}
    for entry in content['annotations']:
        if entry['num_keypoints']:
            points = entry['keypoints']
            if not are_numbers(points, len(points)) or len(points) % 3:
                raise TypeError(f'keypoints are {short(points)}')
            found[names[entry['image_id']], entry['person_id']] = points
    return found


def taken_back(folder: str) -> Dict[Person, List[List[float]]]:
    """Persons whom people gave labels and took them back -> the keypoints that they had."""
    found: Dict[Person, List[List[float]]] = {}
    for path in _folders(folder):
        documents = load_all_answers(path)
        there = latest(documents)
        gone = {n: poses for n, poses in all_poses(documents).items() if n not in there}
        if not gone:
            continue
        content = read_json(osp.join(path, 'pool.json'))
        names = {image['id']: image['file_name'] for image in content['images']}
        of = {a['id']: (names[a['image_id']], a['person_id']) for a in content['annotations']}
        for number, poses in gone.items():
            found.setdefault(of[number], []).extend(p.tolist() for p in poses if p[2::3].any())
    now = given_labels(folder) if found else {}
    return {person: points for person, points in found.items() if person not in now}


def _folders(folder: str) -> List[str]:
    """Where the labels of each pool of a project lie, the oldest first."""
    numbers = (osp.basename(path) for path in glob.glob(osp.join(glob.escape(home(folder)), '*')))
    return [osp.join(home(folder), n) for n in sorted(filter(str.isdigit, numbers), key=int)]


def with_labels(folder: str, content: Dict[str, Any]) -> Dict[str, Any]:
    """An annotation file with the labels that people gave for a project, in place of its own.

    Labels that they took back are in it no more.
    """
    given, gone = given_labels(folder), taken_back(folder)
    if not given and not gone:
        return content
    names = {image['id']: image['file_name'] for image in content['images']}
    annotations = []
    for entry in content['annotations']:
        person = names[entry['image_id']], entry['person_id']
        keypoints = given.get(person)
        if keypoints is None and entry.get('keypoints') in gone.get(person, ()):
            keypoints = [0] * len(entry['keypoints'])
        if keypoints is not None:
            seen = sum(v > 0 for v in keypoints[2::3])
            entry = dict(entry, keypoints=keypoints, num_keypoints=seen)
        annotations.append(entry)
    return dict(content, annotations=annotations)


def counted(facts: config_text.Facts, content: Dict[str, Any]) -> config_text.Facts:
    """The facts of a project with the labels that its pool has."""
    labelled = [entry for entry in content['annotations'] if entry.get('num_keypoints')]
    images = {entry['image_id'] for entry in labelled}
    units = {
        image['frame_id'] if facts.views else image['id']
        for image in content['images']
        if image['id'] in images
    }
    return facts._replace(
        labeled=len(labelled),
        unlabeled=len(content['annotations']) - len(labelled),
        labeled_units=len(units),
    )


def take_labels(folder: str, report: Callable[[str], None] = print) -> None:
    """Put the labels that people gave into a project.

    Configs and README that nobody has edited follow: with labels there is something to train.

    Args:
        folder (str): Of the project.
        report (callable): Takes what people have to do in a config that they edited.

    Raises:
        ProjectError: An experiment has begun, which is bound to its pool, or the project was
            made by an earlier version.
    """
    folder = osp.abspath(folder)
    check_free(folder)
    with locked(osp.join(folder, '.lock')):
        path = osp.join(folder, NAME)
        project = read_json(path)
        before = facts_of_project(folder, project)
        pool = read_json(osp.join(folder, 'pool.json'))
        content = with_labels(folder, pool)
        after = counted(before, content)
        if to_json(content) != to_json(pool):
            write_json(osp.join(folder, 'pool.json'), content, indent=None, nan_as_null=False)
        old = config_text.configs(before)
        for name, text in config_text.configs(after).items():
            kept = not _renew(osp.join(folder, name), old.get(name), text)
            if kept and name == DATA and not before.labeled:
                report(f'{osp.join(folder, name)}: was edited and stays. {EDITED}')
        _renew_readme(folder, project, before, after)
        write_json(
            path, dict(project, config=config_text.first_config(after), facts=after._asdict())
        )


def facts_of_project(folder: str, content: Dict[str, Any]) -> config_text.Facts:
    """What the configs of a project were made of.

    Raises:
        ProjectError: It was made by a version that did not note it.
    """
    try:
        return config_text.Facts(**content['facts'])
    except (KeyError, TypeError):
        raise ProjectError(
            f'{osp.join(folder, NAME)}: field "facts": is not there or of another version. '
            'Complete the project with the same `mmpose-al new`, then label'
        ) from None


def check_free(folder: str) -> None:
    """Refuse to change the pool of an experiment.

    Raises:
        ProjectError: One has begun.
    """
    begun = experiments_below(folder)
    if begun:
        raise ProjectError(
            f'{folder}: {begun[0]} has begun, and an experiment is bound to its pool. Label what '
            f'it asks for (`mmpose-al label {begun[0]}`), or remove it'
        )


def _renew(path: str, before: Any, text: str) -> bool:
    """Write a file that is not there, or is as it was made; whether it is now what it should be."""
    if osp.exists(path):
        with open(path, encoding='utf-8') as file:
            found = file.read()
        if found not in (text, before):
            return False
    write_text(path, text)
    return True


def _renew_readme(
    folder: str, project: dict, before: config_text.Facts, after: config_text.Facts
) -> None:
    """Let the commands and counts of the README follow, where they are as they were made."""
    path = osp.join(folder, 'README.md')
    if not osp.exists(path):
        return
    with open(path, encoding='utf-8') as file:
        text = file.read()
    renewed, named = text, project.get('named', folder)
    for old, new in zip(
        (config_text.pool_text(project['kind'], before), config_text.steps_text(before, named)),
        (config_text.pool_text(project['kind'], after), config_text.steps_text(after, named)),
    ):
        renewed = renewed.replace(old, new)
    if renewed != text:
        write_text(path, renewed)
