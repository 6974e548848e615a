"""A SLEAP project (.slp), read by sleap-io."""

import os.path as osp
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np

from ...converters.sources import VIDEOS
from ...datasets.format import FormatError
from ..registry import PROJECT_SOURCES
from ..table import Person, Shot, Table, link_name, points_of
from .base import Options, ProjectSource, shown_size, without_missing
from .videos import clip_of, shots_of

HDF5 = b'\x89HDF\r\n\x1a\n'


@PROJECT_SOURCES.register_module(name='sleap')
class Sleap(ProjectSource):
    """What people labelled in videos; predictions are passed over."""

    order = 30
    looks = 'a SLEAP project (.slp; extra "labs")'

    def recognise(self, path: str, options: Options) -> bool:
        """See :class:`ProjectSource`."""
        if not osp.isfile(path) or not path.lower().endswith('.slp'):
            return False
        with open(path, 'rb') as file:
            return file.read(len(HDF5)) == HDF5

    def read(self, paths: Sequence[str], options: Options) -> Table:
        """See :class:`ProjectSource`."""
        if len(paths) > 1:
            raise FormatError(f'{paths[1]}: is a second SLEAP project. Make a project of each')
        return read_labels(paths[0], import_sleap_io().load_slp(paths[0]), options)


def import_sleap_io() -> Any:
    """The library sleap-io.

    Raises:
        ImportError: It is not installed; it names the extra.
    """
    try:
        import sleap_io
    except ImportError:
        raise ImportError(
            'SLEAP and NWB files need sleap-io (Python 3.10 or newer): pip install '
            '"mmpose_al[labs]"'
        ) from None
    return sleap_io


def read_labels(path: str, labels: Any, options: Options) -> Table:
    """A project as sleap-io has read it.

    Raises:
        FormatError: It has several skeletons, no labels, or videos that are not there.
    """
    skeleton = labels.skeleton if len(labels.skeletons) == 1 else None
    if skeleton is None:
        raise FormatError(
            f'{path}: has {len(labels.skeletons)} skeletons, a project has one. Save a .slp of each'
        )
    frames = list(labels.user_labeled_frames)
    if not frames:
        raise FormatError(f'{path}: has no frame that a person labelled. Label frames in SLEAP')
    joints = [node.name for node in skeleton.nodes]
    table = Table('sleap', joints, links=[(a, b) for a, b in skeleton.edge_names])
    sides = [[node.name for node in each.nodes] for each in skeleton.symmetries]
    table.pairs = [_left_first(*sorted(pair)) for pair in sides] or None
    tracks = [track.name for track in labels.tracks]
    table.individuals = tracks if _several(frames) else []
    for video in labels.videos:
        people = {
            int(frame.frame_idx): _people(frame, tracks) for frame in frames if frame.video is video
        }
        name = _images_of(path, video)
        if isinstance(name, list):
            add_images(table, path, name, people, options)
        else:
            add_video(table, _file(path, name), people, options)
    return table


def _images_of(path: str, video: Any) -> Any:
    """The video's file or its list of images; of a package what its images were taken from."""
    source = getattr(video, 'source_video', None)
    packed = isinstance(video.filename, str) and osp.basename(video.filename) == osp.basename(path)
    return source.filename if packed and source is not None else video.filename


def add_video(table: Table, path: str, people: Dict[int, List[Person]], options: Options) -> None:
    """Add a video's labelled frames, and others of it, to a table."""
    clip = clip_of(path, options)
    if clip.folder in {each.folder for each in table.clips}:
        raise FormatError(f'{path}: another video has the same name, {clip.folder!r}. Rename one')
    _check_count(path, people, clip.source.count)
    clip = clip._replace(numbers=sorted({*clip.numbers, *people}))
    table.clips.append(clip)
    shots: List[Shot] = shots_of(clip)
    table.shots += [shot._replace(people=people.get(shot.index, ())) for shot in shots]


def add_images(
    table: Table, path: str, names: List[str], people: Dict[int, List[Person]], options: Options
) -> None:
    """Add a list of images, which SLEAP takes for a video, to a table."""
    _check_count(path, people, len(names))
    files = [osp.join(osp.dirname(osp.abspath(path)), name) for name in names]
    for place in without_missing(names, files, options, path, table.said):
        folder, name = osp.split(files[place])
        label = link_name(folder)
        if table.folders.setdefault(label, folder) != folder:
            raise FormatError(f'{folder}: another folder is called {label!r}, too. Rename one')
        size = shown_size(files[place])
        table.shots.append(
            Shot(f'{label}/{name}', size, label, place, people=people.get(place, ()), counted=False)
        )


def _check_count(path: str, people: Dict[int, List[Person]], count: int) -> None:
    beyond = [number for number in people if number >= count]
    if beyond:
        raise FormatError(
            f'{path}: frame {beyond[0]} is labelled, but the video has {count}. It may be another '
            'video of this name'
        )


def _people(frame: Any, tracks: List[str]) -> List[Person]:
    """A frame's animals, as people placed them; a number of its own for each."""
    people = []
    for place, instance in enumerate(frame.user_instances):
        named = instance.track is not None and instance.track.name in tracks
        number = tracks.index(instance.track.name) if named else place
        points = instance.numpy()
        hidden = ~np.asarray(instance.points['visible'], bool)
        xy = np.asarray(instance.points['xy'], np.float64)
        people.append(
            Person(points_of(xy if xy.shape[1:] == (2,) else points, hidden), None, number)
        )
    if len({person.number for person in people}) < len(people):
        people = [person._replace(number=place) for place, person in enumerate(people)]
    return people


def _several(frames: Sequence[Any]) -> bool:
    return any(len(frame.user_instances) > 1 for frame in frames)


def _file(path: str, name: str) -> str:
    """The video's file, as the project names it or beside the project.

    Raises:
        FormatError: It is not there, or the images are inside the project's file.
    """
    if not name.lower().endswith(VIDEOS):
        raise FormatError(
            f'{path}: is a package that does not tell which videos its images are of. Save the '
            'project as .slp with its videos beside it (sleap-io: '
            "`labels.save('labels.slp', restore_original_videos=True)`)"
            if name.lower().endswith('.slp')
            else f'{path}: its images are not of a video file ({name[:60]}). Save the project '
            'with its videos beside it'
        )
    for file in (name, osp.join(osp.dirname(osp.abspath(path)), osp.basename(name))):
        if osp.isfile(file):
            return file
    raise FormatError(
        f'{path}: its video {name} is not there, nor beside the project. Copy it beside the .slp'
    )


def _left_first(one: str, other: str) -> Tuple[str, str]:
    """A pair with the left one first."""
    return (other, one) if 'left' in other.lower() else (one, other)
