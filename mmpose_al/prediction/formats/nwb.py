"""NWB with the extension ndx-pose, by pynwb, which ``sleap-io`` brings (extra ``labs``).

A pose is a time series with a time stamp a frame, NaN where there is no prediction; each body
of a frame has its own ``PoseEstimation`` in the module ``behavior``. It is written here, as
sleap-io 0.9 cuts rates to whole numbers. Recordings of images have no times and are refused.
The bytes differ from run to run: NWB gives every object an id of its own.
"""

import datetime
from typing import Any

import numpy as np

from ...fileio import atomic_path, digest
from ...projects.sources.sleap import import_sleap_io
from ..predictions import CONVENTION, Predictions

ENDING, HELP = '.nwb', 'Neurodata Without Borders with ndx-pose (extra labs)'
UNKNOWN = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def write(path: str, predictions: Predictions) -> None:
    """Write pose estimates.

    Raises:
        ImportError: The libraries are not installed.
        ValueError: The recording has no times.
    """
    import_sleap_io()
    from pynwb import NWBHDF5IO, NWBFile

    check_recording(predictions)
    table = predictions.table()
    file = NWBFile(
        session_description=f'{predictions.name}: keypoints by {predictions.scorer}. The time of '
        'the recording is not known; times count from its first frame.',
        identifier=digest([predictions.name, predictions.scorer, table.shape]),
        session_start_time=UNKNOWN,
    )
    add_poses(file, predictions, table)
    with atomic_path(path) as temporary, NWBHDF5IO(temporary, 'w') as io:
        io.write(file)


def check_recording(recording: Any) -> None:
    """Raise ValueError where a recording, or the predictions of one, has no times."""
    if not recording.fps:
        raise ValueError(
            f'{recording.name}: has no times, and NWB holds poses as time series. Leave nwb out '
            'of --formats, or give a video that tells its rate'
        )


def add_poses(file: Any, predictions: Predictions, table: np.ndarray) -> None:
    """Add a ``PoseEstimation`` for each body to a file, and the skeleton they share."""
    from ndx_pose import PoseEstimation, PoseEstimationSeries, Skeleton, Skeletons

    joints, links = predictions.skeleton
    module = file.create_processing_module('behavior', 'keypoints')
    edges = np.array(links, np.uint8).reshape(-1, 2)
    skeleton = Skeleton(name='skeleton', nodes=list(joints), edges=edges)
    module.add(Skeletons(skeletons=[skeleton]))
    assert predictions.fps  # others were refused
    times = np.arange(len(table)) / predictions.fps
    for person in range(predictions.persons):
        series = [
            PoseEstimationSeries(
                name=joint,
                description=joint,
                data=table[:, person, number, :2],
                unit='pixels',
                reference_frame=CONVENTION,
                timestamps=times,
                confidence=table[:, person, number, 2],
                confidence_definition='confidence of the model, for heatmaps their maximum',
            )
            for number, joint in enumerate(joints)
        ]
        several = predictions.persons > 1
        module.add(
            PoseEstimation(
                name=f'individual{person + 1}' if several else 'PoseEstimation',
                pose_estimation_series=series,
                description=f'keypoints of {predictions.name}',
                original_videos=[predictions.path],
                scorer=predictions.scorer,
                source_software='mmpose_al',
                skeleton=skeleton,
            )
        )
