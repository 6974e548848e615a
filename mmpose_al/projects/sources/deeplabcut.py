"""A DeepLabCut project: labelled images, and the videos as unlabelled frames."""

import glob
import os.path as osp
from collections import Counter
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from ...converters.sources import VIDEOS, about_drawn, frame_numbers, recorded
from ...datasets.format import FormatError
from ...fileio import short, visible_names
from ..dlc_tables import Labels, in_order, label_file, label_files_beside, read_labels
from ..joining import join_projects
from ..registry import PROJECT_SOURCES
from ..table import Clip, Person, Shot, Table, points_of
from .base import Options, ProjectSource, read_yaml, shown_size, without_missing, yaml_has
from .videos import clip_of, shots_of

LABELED = 'labeled-data'


@PROJECT_SOURCES.register_module(name='deeplabcut')
class DeepLabCut(ProjectSource):
    """``config.yaml``, ``labeled-data/*/CollectedData_<scorer>.csv``, ``videos/``.

    With several animals each is a person of its own, by the order of their names.
    """

    order = 10
    looks = 'a DeepLabCut project (config.yaml)'

    def recognise(self, path: str, options: Options) -> bool:
        """See :class:`ProjectSource`."""
        config = config_file(path)
        named = config is not None and yaml_has(config, 'bodyparts')
        return named or bool(labels_below(path))

    def read(self, paths: Sequence[str], options: Options) -> Table:
        """See :class:`ProjectSource`."""
        projects = []
        for path in paths:
            config = config_file(path)
            if config is None:  # as ours exports labels
                table = read_project(osp.abspath(path), {}, options)
                table.said.append(f'{path}: has no config.yaml, so joints have no limbs')
                projects.append((osp.abspath(path), table))
                continue
            content = read_yaml(config)
            if 'bodyparts' not in content:
                raise FormatError(
                    f'{config}: has no "bodyparts", so it is no config.yaml of DeepLabCut. Copy '
                    "the project's own there"
                )
            folder = osp.dirname(osp.abspath(config))
            projects.append((folder, read_project(folder, content, options)))
        return join_projects(projects)


def config_file(path: str) -> Optional[str]:
    """The ``config.yaml`` that a path is, or holds; None without."""
    inside = osp.join(path, 'config.yaml')
    if osp.isfile(inside):
        return inside
    return path if osp.isfile(path) and osp.basename(path) == 'config.yaml' else None


def labels_below(folder: str) -> List[str]:
    """Label files in the folders of ``labeled-data``, by name."""
    home = osp.join(glob.escape(folder), LABELED, '*', 'CollectedData_*')
    return sorted(path for path in glob.glob(home) if path.endswith(('.csv', '.h5')))


def read_project(folder: str, config: dict, options: Options) -> Table:
    """A project's labels and videos.

    Raises:
        FormatError: There are no labels, images are missing, or label files disagree.
    """
    home = osp.join(folder, LABELED)
    names = visible_names(home) if osp.isdir(home) else []
    files = [
        path
        for name in names
        if osp.isdir(osp.join(home, name))
        for path in [label_file(osp.join(home, name), config.get('scorer'))]
        if path is not None
    ]
    if not files:
        raise FormatError(
            f'{home}: no folder in it has a CollectedData_{config.get("scorer")}.csv. Label '
            'frames in DeepLabCut first, or give the videos alone'
        )
    videos = find_videos(folder, config)
    table = Table('deeplabcut', links=_links(config), folders={LABELED: home})
    add_label_files(table, folder, files, options, videos)
    compare_with_config(table, config, osp.join(folder, 'config.yaml'))
    for path in files:
        others = label_files_beside(path)
        if others:
            table.said.append(f'{path} counts, and not {", ".join(others)} beside it')
    table.said += about_drawn(osp.join(folder, 'videos'))
    for name, path in videos.items():
        table.clips.append(unlabeled_clip(table, name, path, options))
        table.shots += shots_of(table.clips[-1], name)
    return table


def compare_with_config(table: Table, config: dict, path: str) -> None:
    """Hold the label files to the body parts and the scorer that ``config.yaml`` names.

    Raises:
        FormatError: They label a body part that it does not name.
    """
    parts = config.get('bodyparts')  # a list; 'MULTI!' with several animals
    parts = parts if isinstance(parts, list) else config.get('multianimalbodyparts') or []
    parts = [str(part) for part in parts]
    joints = table.joints or []
    others = [joint for joint in joints if joint not in parts]
    if others and parts:
        raise FormatError(
            f'{path}: names the body parts {short(parts, 200)}, but the label files have '
            f'{short(others, 200)}. They may be of another project; else add these to bodyparts'
        )
    missing = [part for part in parts if part not in joints]
    if missing:
        table.said.append(f'body parts without labels are left out: {", ".join(missing)}')
    scorer, own = config.get('scorer'), table.notes.get('scorer')
    if scorer and str(scorer) != own:
        table.said.append(f'the labels are of the scorer {own}; config.yaml names {scorer}')


def add_label_files(
    table: Table, folder: str, files: Sequence[str], options: Options, videos: Dict[str, str]
) -> None:
    """Add the labelled images of several label files to a table.

    Args:
        table (Table): Takes joints, individuals and images.
        folder (str): That the files' image names start from.
        files (Sequence[str]): Label files.
        options (Options): Of the command.
        videos (dict): Name of a recording -> its video, which tells times.
    """
    rates = {} if options.fps else {name: frame_rate(video) for name, video in videos.items()}
    for path in files:
        labels = read_labels(path)
        table.joints = table.joints or labels.joints
        table.individuals = table.individuals or labels.individuals
        if sorted(labels.joints) == sorted(table.joints):
            labels = in_order(labels, table.joints)
        if labels.joints != table.joints or labels.individuals != table.individuals:
            raise FormatError(
                f'{path}: names other body parts or individuals than {files[0]}: '
                f'{short(labels.joints, 200)}, {short(table.joints, 200)}. It may be of another '
                'project'
            )
        table.notes.setdefault('scorer', labels.scorer)
        if labels.dropped:
            table.said.append(f'{path}: left out, of no animal: {", ".join(labels.dropped)}')
        table.shots += labeled_shots(path, labels, folder, options, table.said, rates)
    if table.individuals:
        table.said.append(
            f'several animals ({", ".join(table.individuals)}): each is a person of its own, with '
            'the box of its labels'
        )


def labeled_shots(
    path: str,
    labels: Labels,
    folder: str,
    options: Options,
    said: List[str],
    rates: Dict[str, Optional[float]],
) -> List[Shot]:
    """The images of one label file; ``rates``: recording -> frames a second of its video."""
    images = [below_project(name) for name in labels.images]
    files = [osp.join(folder, name) for name in images]
    shots, places = [], recordings(images)
    for row in without_missing(images, files, options, path, said):
        sequence, number, counted = places[row]
        fps = (options.fps or rates.get(sequence)) if counted else None
        people = [
            Person(points_of(points), number=animal)
            for animal, points in enumerate(labels.points[row])
            if not labels.individuals or np.isfinite(points).any()
        ]
        shots.append(
            Shot(
                images[row],
                shown_size(files[row]),
                sequence,
                number,
                round(number / fps, 6) if fps else None,
                people=people,
                counted=counted,
            )
        )
    return shots


def below_project(name: str) -> str:
    """An image's name from ``labeled-data`` on, whatever is before it."""
    _, labeled, below = f'/{name}'.rpartition(f'/{LABELED}/')
    return f'{LABELED}/{below}' if labeled else name


def recordings(images: Sequence[str]) -> List[Tuple[str, int, bool]]:
    """Recording and number of the frame of images such as ``labeled-data/walk/img012.png``.

    Where names tell no number of a frame it is the image's place, and the last value False.
    """
    rows: Dict[str, List[int]] = {}
    for row, name in enumerate(images):
        rows.setdefault(osp.dirname(name), []).append(row)
    found = [(osp.basename(osp.dirname(name)), row, False) for row, name in enumerate(images)]
    for folder, members in rows.items():
        numbers = frame_numbers(images[row] for row in members)
        for row, number in zip(members, numbers or ()):
            found[row] = (osp.basename(folder), number, True)
    known = Counter((folder, number) for folder, number, _ in found)
    return [
        each if known[each[:2]] == 1 else (each[0], row, False) for row, each in enumerate(found)
    ]


def find_videos(folder: str, config: Dict[str, Any]) -> Dict[str, str]:
    """Name of a recording -> its video: those in ``videos`` and of ``video_sets``."""
    home = osp.join(folder, 'videos')
    names = recorded(home) if osp.isdir(home) else []
    paths = [osp.join(home, name) for name in names]
    listed = config.get('video_sets')
    paths += [str(path) for path in (listed if isinstance(listed, dict) else {})]
    found: Dict[str, str] = {}
    for path in paths:
        if osp.isfile(path) and path.lower().endswith(VIDEOS):
            found.setdefault(osp.splitext(osp.basename(path))[0], path)
    return found


def frame_rate(path: str) -> Optional[float]:
    """Frames a second that a video tells of; None if it does not."""
    import cv2

    capture = cv2.VideoCapture(path)
    try:
        return float(capture.get(cv2.CAP_PROP_FPS)) or None
    finally:
        capture.release()


def unlabeled_clip(table: Table, name: str, path: str, options: Options) -> Clip:
    """Frames of a project's video that are not labelled already."""
    taken = [shot.index for shot in table.shots if shot.sequence == name and shot.counted]
    return clip_of(path, options, taken, f'videos/{name}')


def _links(config: dict) -> List[Tuple[str, str]]:
    limbs = config.get('skeleton') or []
    return [
        (str(limb[0]), str(limb[1]))
        for limb in limbs
        if isinstance(limb, (list, tuple)) and len(limb) == 2
    ]
