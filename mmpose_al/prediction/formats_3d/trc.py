"""TRC, the marker files of OpenSim: tab-separated text, millimetres, frames from 1.

The axes are those of the calibration. OpenSim expects y up: its own tools turn a file.
"""

from ...fileio import atomic
from ..poses_3d import UNIT, Poses3D
from .table import number

ENDING, HELP = '.trc', "OpenSim's marker files"


def write(path: str, poses: Poses3D) -> None:
    """Write the file; cells are empty where there is no point. Without times, 1 Hz is said."""
    joints, frames = poses.views.skeleton.joints, len(poses.points)
    rate = poses.views.fps or 1.0
    name = path.replace('\\', '/').rsplit('/', 1)[-1]
    head = [
        ['PathFileType', '4', '(X/Y/Z)', name],
        [
            *('DataRate', 'CameraRate', 'NumFrames', 'NumMarkers', 'Units'),
            *('OrigDataRate', 'OrigDataStartFrame', 'OrigNumFrames'),
        ],
        [
            f'{rate:g}',
            f'{rate:g}',
            str(frames),
            str(len(joints)),
            UNIT,
            f'{rate:g}',
            '1',
            str(frames),
        ],
        ['Frame#', 'Time', *[cell for joint in joints for cell in (joint, '', '')]],
        ['', '', *[f'{axis}{n}' for n in range(1, len(joints) + 1) for axis in 'XYZ']],
        [],
    ]
    with atomic(path) as file:
        for row in head:
            file.write('\t'.join(row) + '\n')
        for frame in range(frames):
            time = poses.views.times[frame] if poses.views.times is not None else frame / rate
            cells = [number(v, 3) for v in poses.points[frame].ravel()]
            file.write('\t'.join([str(frame + 1), f'{time:.6f}', *cells]) + '\n')
