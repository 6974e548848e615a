"""Labels that people gave for a project in the browser become the project's own.

``labels/N/labels.json`` are the labels of a pool (:mod:`mmpose_al.active_learning.label_app`).
They are put into ``pool.json``, each for the person of its image, and stay there when the
project is completed with the same ``mmpose-al new``.
"""

import glob
import os.path as osp
import re
from typing import Any, Callable, Dict, List, Optional, Sequence, Set, Tuple, TypeVar

from ..active_learning.answers import kept
from ..active_learning.label_app import plain
from ..active_learning.paths import experiments_below
from ..fileio import are_numbers, checksum_fault, locked, read_json, short, to_json, write_json
from . import config_text
from .made_files import MadeFiles
from .project import NAME, ProjectError, is_project

Person = Tuple[str, int]  # file name of the image, number of the person
Read = TypeVar('Read')


def home(folder: str) -> str:
    """Where the labels that people gave for a project lie."""
    return osp.join(osp.abspath(folder), 'labels')


def waiting_images(folder: str) -> int:
    """Images of a project with labels in the browser that were not handed over.

    None once an experiment has begun, which takes no more.
    """
    return 0 if experiments_below(folder) else plain.waiting_images(home(folder))


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


def given_labels(folder: str, joints: Sequence[str]) -> Dict[Person, List[float]]:
    """Keypoints that people gave, 3K numbers each in the order of the joints.

    What came later counts. A joint that is new has no label.

    Raises:
        ProjectError: People labelled a joint that is none of these, or a file is damaged.
    """
    found: Dict[Person, List[float]] = {}
    for labels in _of_each(folder, lambda content, path: _labels_of(content, joints, path)):
        found.update(labels)
    return found


def _of_each(folder: str, read: Callable[[Dict[str, Any], str], Read]) -> List[Read]:
    """What is read of each file of labels that people gave, the oldest first.

    Raises:
        ProjectError: A file is damaged.
    """
    found = []
    for each in _folders(folder):
        path = osp.join(each, 'labels.json')
        if osp.isfile(path):
            try:
                found.append(read(read_labels(path), path))
            except (LookupError, TypeError, AttributeError) as error:
                raise ProjectError(
                    f'{path}: holds no labels of a project ({error!r}). Remove it, and hand the '
                    'labels over again (`mmpose-al label`)'
                ) from None
    return found


def _labels_of(
    content: Dict[str, Any], joints: Sequence[str], path: str
) -> Dict[Person, List[float]]:
    """What people gave, of an annotation file.

    Raises:
        LookupError, TypeError, AttributeError: It is none.
        ProjectError: A joint that has labels is none of the joints.
    """
    names = {image['id']: image['file_name'] for image in content['images']}
    own = [str(name) for name in content['categories'][0]['keypoints']]
    found = {}
    for entry in content['annotations']:
        if entry['num_keypoints']:
            points = entry['keypoints']
            if not are_numbers(points, len(points)) or len(points) != 3 * len(own):
                raise TypeError(f'keypoints are {short(points)}')
            lost = [name for name, v in zip(own, points[2::3]) if v and name not in joints]
            if lost:
                raise ProjectError(
                    f'{path}: people labelled the joint {lost[0]!r}, and the joints are now '
                    f'{short(list(joints), 200)}. Let joints keep their names; others may stand '
                    'beside them. To rename one or leave it out, edit what `mmpose-al export '
                    'PROJECT --out labels.json` writes, and make a new project of that file'
                )
            found[names[entry['image_id']], entry['person_id']] = in_order(points, own, joints)
    return found


def in_order(points: Sequence[float], names: Sequence[str], joints: Sequence[str]) -> List[float]:
    """Keypoints of named joints as those of others: by name, zeros for a joint that is new."""
    rows = {name: list(points[3 * k : 3 * k + 3]) for k, name in enumerate(names)}
    return [value for joint in joints for value in rows.get(joint, (0, 0, 0))]


def labelled_frames(folder: str) -> Dict[str, List[int]]:
    """Folder below ``images`` -> numbers of the frames of a video in it that people labelled."""
    found: Dict[str, List[int]] = {}
    for frames in _of_each(folder, lambda content, path: _labelled_frames_of(content)):
        for place, number in frames:
            found.setdefault(place, []).append(number)
    return found


def _labelled_frames_of(content: Dict[str, Any]) -> List[Tuple[str, int]]:
    return sorted(filter(None, map(frame_of, labelled_images(content))))


def labelled_images(content: Dict[str, Any]) -> Set[str]:
    """Names of the images of an annotation file with labels."""
    names = {image['id']: image['file_name'] for image in content['images']}
    return {names[e['image_id']] for e in content['annotations'] if e.get('num_keypoints')}


def frame_of(name: str) -> Optional[Tuple[str, int]]:
    """Folder and number of an image that was a frame of a video; None of another image."""
    place, _, file = name.rpartition('/')
    return (place, int(file[:-4])) if re.fullmatch(r'\d{6,}\.jpg', file) else None


def taken_back(folder: str, joints: Sequence[str]) -> Dict[Person, List[List[float]]]:
    """Persons whose labels people took back -> the keypoints that they had.

    These are the labels that people gave before, and those that people began from.
    """
    found: Dict[Person, List[List[float]]] = {}
    for path in _folders(folder):
        documents = kept.load_all_answers(path)
        poses, gone = kept.all_poses(documents), kept.taken_back(documents)
        if not gone:
            continue
        content = read_json(osp.join(path, 'pool.json'))
        names = {image['id']: image['file_name'] for image in content['images']}
        own = content['categories'][0]['keypoints']
        for entry in content['annotations']:
            if entry['id'] in gone:
                had = [pose.tolist() for pose in poses[entry['id']]]
                had.append(entry.get('keypoints') or [])
                found.setdefault((names[entry['image_id']], entry['person_id']), []).extend(
                    in_order(points, own, joints) for points in had if any(points[2::3])
                )
    now = given_labels(folder, joints) if found else {}
    return {person: points for person, points in found.items() if person not in now}


def _folders(folder: str) -> List[str]:
    """Where the labels of each pool of a project lie, the oldest first."""
    numbers = (osp.basename(path) for path in glob.glob(osp.join(glob.escape(home(folder)), '*')))
    return [osp.join(home(folder), n) for n in sorted(filter(str.isdigit, numbers), key=int)]


def with_labels(folder: str, content: Dict[str, Any]) -> Dict[str, Any]:
    """An annotation file with the labels that people gave for a project, in place of its own.

    Labels that they took back are in it no more.
    """
    joints = content['categories'][0]['keypoints']
    given, gone = given_labels(folder, joints), taken_back(folder, joints)
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
        files = MadeFiles(folder, project, config_text.configs(before))
        for name, text in config_text.configs(after).items():
            files.write(name, text, report)
        _renew_readme(folder, project, before, after, files)
        made = dict(config=config_text.first_config(after), facts=after._asdict())
        write_json(path, dict(project, **made, made=files.made))
        files.settle()


def take_left(folder: str, report: Callable[[str], None] = print) -> None:
    """Take labels that were handed over, but are not in the project since a process was killed.

    ``project.json`` is written last, so its counts tell. Once an experiment has begun, nothing
    is taken.

    Raises:
        ProjectError: A file is damaged.
    """
    if not is_project(folder) or not _folders(folder) or experiments_below(folder):
        return
    project = read_json(osp.join(folder, NAME))
    if 'facts' not in project:  # of a version that nobody could label with
        return
    before = facts_of_project(folder, project)
    pool = read_json(osp.join(folder, 'pool.json'))
    content = with_labels(folder, pool)
    if content['annotations'] != pool['annotations'] or counted(before, content) != before:
        report(f'{folder}: takes the labels that were handed over')
        take_labels(folder, report)


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


def _renew_readme(
    folder: str,
    project: dict,
    before: config_text.Facts,
    after: config_text.Facts,
    files: MadeFiles,
) -> None:
    """Let the commands and counts of the README follow, where they are as they were made."""
    name = 'README.md'
    text = files.text_of(name)
    if text is None:
        return
    renewed, named = text, project.get('named', folder)
    for old, new in zip(
        (config_text.pool_text(project['kind'], before), config_text.steps_text(before, named)),
        (config_text.pool_text(project['kind'], after), config_text.steps_text(after, named)),
    ):
        renewed = renewed.replace(old, new)
    files.replace(name, renewed)
