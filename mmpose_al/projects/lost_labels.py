"""Labels of a project are not lost where it is completed with other sources or options."""

import os.path as osp
from typing import Any, Dict, Iterable, List, Optional, Sequence, Set, Tuple

from ..datasets.format import FormatError
from ..fileio import read_json, short
from .labels import Person, frame_of, given_labels, home, labelled_images
from .table import Shot, Table

VALIDATION = 'val.json'
FILES = ('pool.json', VALIDATION)


def check_labels(
    folder: str, table: Table, contents: Dict[str, dict], joints: Sequence[str]
) -> None:
    """Let no label of before be lost without a word.

    Labels that people gave in the project have nowhere else to be. What the sources lack now
    is said: whoever took it out of them may want that.

    Args:
        folder (str): Of the project.
        table (Table): Of the sources, as they are now.
        contents (dict): Name of an annotation file -> what it becomes.
        joints (Sequence[str]): Of the project.

    Raises:
        FormatError: Images that people labelled in the project would not be in it any more; or
            a validation set that stays has other joints.
    """
    before = {file: _read(folder, file) for file in FILES}
    kept = before[VALIDATION]
    if VALIDATION not in contents and kept is not None:
        check_validation(osp.join(folder, VALIDATION), kept, joints)
        contents = {**contents, VALIDATION: kept}
    there = {person for content in contents.values() for person in _persons(content)}
    lost = {name for name, _ in set(given_labels(folder, joints)) - there}
    taken = {(_view(shot), shot.index) for shot in table.shots if shot.is_labeled}
    both = {name for name in lost if _moments(name) & taken}
    if lost - both:
        raise FormatError(
            f'{folder}: images that people labelled and that would not be in it any more: '
            f'{len(lost - both)}, such as {min(lost - both)}. Name all sources of the project, '
            'those of before too, under the names and with the boxes that they had. If these '
            f'labels are to go, remove {home(folder)}'
        )
    if both:
        table.said.append(
            f'images labelled here and now in the sources too: {len(both)}, such as {min(both)}; '
            'the labels of the sources count'
        )
    if before['pool.json'] is not None:
        table.said += changed_joints(before['pool.json'], joints)
    old = {name for each in before.values() if each is not None for name in labelled_images(each)}
    gone = old - {name for name, _ in there} - lost
    if gone:
        table.said.append(
            f'labelled images of before that are in the sources no more: {len(gone)}, such as '
            f'{min(gone)}'
        )


def changed_joints(before: Dict[str, Any], joints: Sequence[str]) -> List[str]:
    """What to say where the sources name other joints than a pool of before did.

    A joint that was renamed looks like one that is gone and one that is new, so people have to
    see both names.
    """
    own = before['categories'][0]['keypoints']
    gone = [name for name in own if name not in joints]
    new = [name for name in joints if name not in own]
    shown = [(entry.get('keypoints') or ())[2::3] for entry in before['annotations']]
    labels = sum(v > 0 and name in gone for each in shown for name, v in zip(own, each))
    said = []
    if gone:
        said.append(
            f'joints of before that the sources name no more: {", ".join(gone)} ({labels} labels)'
        )
    if new:
        said.append(f'joints that are new: {", ".join(new)}')
    return said


def check_validation(path: str, content: dict, joints: Sequence[str]) -> None:
    """Refuse a validation set that stays and has other joints than the project.

    Raises:
        FormatError: It has.
    """
    own = content['categories'][0]['keypoints']
    if own != list(joints):
        raise FormatError(
            f'{path}: its joints are {short(own, 200)}, those of the sources '
            f'{short(list(joints), 200)}, and none of its images is in them. Name its source '
            'again (--val), or remove the file'
        )


def _persons(content: dict) -> Iterable[Person]:
    names = {image['id']: image['file_name'] for image in content['images']}
    return ((names[entry['image_id']], entry['person_id']) for entry in content['annotations'])


def _view(shot: Shot) -> Optional[str]:
    """The recording of an image, with the camera in a rig."""
    return shot.sequence if shot.camera is None else f'{shot.sequence}/{shot.camera.name}'


def _moments(name: str) -> Set[Tuple[Optional[str], int]]:
    """What an image that was a frame of a video may be: view and number of the frame."""
    found = frame_of(name)
    return set() if found is None else {(osp.basename(found[0]), found[1]), found}


def _read(folder: str, name: str) -> Optional[Any]:
    path = osp.join(folder, name)
    return read_json(path) if osp.isfile(path) else None
