"""An image with its 2D poses, and beside it the 3D poses."""

from typing import Optional, Sequence, Tuple

import cv2
import numpy as np
from matplotlib.figure import Figure

from ..fileio import write_figure


def draw_beside(
    images: Sequence[np.ndarray],
    people: Sequence[Sequence[dict]],
    links: Sequence[Tuple[int, int]],
    out_file: str,
    unit: str = 'mm',
    threshold: float = 0.2,
) -> None:
    """Write one row an image: the image, the 3D poses from the camera
    and from the side.

    Args:
        images (list): BGR images.
        people (list): For each image what ``Pose3DInferencer`` says.
        links (list): Pairs of joints.
        out_file (str): The picture to write.
        unit (str): Of the 3D poses.
        threshold (float): Joints with a lower score are not drawn on the image.
    """
    figure = Figure(figsize=(12, 4.2 * len(images)), layout='constrained')
    for row, (image, persons) in enumerate(zip(images, people)):
        axes = figure.add_subplot(len(images), 3, 3 * row + 1)
        axes.imshow(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
        axes.set_axis_off()
        for index, person in enumerate(persons):
            points, good = person['keypoints'], person['scores'] >= threshold
            for a, b in links:
                if good[a] and good[b]:
                    axes.plot(points[[a, b], 0], points[[a, b], 1], f'C{index}-', linewidth=2)
            axes.plot(points[good, 0], points[good, 1], f'C{index}o', markersize=3)
        for column, (title, view) in enumerate(
            (('from the camera', (0, -90)), ('from the side', (0, -20)))
        ):
            axes = figure.add_subplot(len(images), 3, 3 * row + 2 + column, projection='3d')
            _draw_poses(axes, [p['keypoints_3d'] for p in persons], links)
            axes.view_init(*view)
            axes.set_title(f'{title}, {unit}', fontsize='small')
    write_figure(out_file, figure, dpi=110)


def _draw_poses(axes, poses: Sequence[Optional[np.ndarray]], links) -> None:
    """Poses around the first one's centre, y up, z away from the camera."""
    axes.set(xlabel='right', ylabel='away', zlabel='up')
    axes.tick_params(labelsize='xx-small')
    known = [(index, pose) for index, pose in enumerate(poses) if pose is not None]
    if not known:
        axes.text2D(0.5, 0.5, 'no depth', ha='center', transform=axes.transAxes)
        return
    centre = known[0][1].mean(0)
    reach = 0.0
    for index, pose in known:
        x, y, z = (pose - centre).T
        for a, b in links:
            axes.plot(x[[a, b]], z[[a, b]], -y[[a, b]], f'C{index}-', linewidth=2)
        reach = max(reach, float(np.abs(pose - centre).max()))
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), zlim=(-reach, reach))
    axes.set_box_aspect((1, 1, 1))
