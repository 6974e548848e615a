"""The picture of README.md: what people have, and what a rig shows.

    mmpose-al synthetic work_dirs/quickstart/data --preset small
    python tools/misc/readme_picture.py work_dirs/quickstart/data docs/images/readme.png

Labelled images are drawn with their labels, a frame of the rig with the 3D pose that its
views share. All people are rendered.
"""

import argparse
import os.path as osp

import cv2
import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from mmpose_al.datasets import load_multiview
from mmpose_al.fileio import write_figure

ACTIONS = ('walking', 'sitting', 'standing', 'reaching')  # of the labelled images
LEFT, RIGHT, MIDDLE = '#e4572e', '#2e86ab', '#4c956c'


def color(names, link):
    """Left, right or the middle of the body."""
    sides = {names[joint].split('_')[0] for joint in link}
    return LEFT if sides == {'left'} else RIGHT if sides == {'right'} else MIDDLE


class Data:
    """The training part of the benchmark, by image and frame."""

    def __init__(self, folder):
        content = load_multiview(osp.join(folder, 'train.json'))
        category = content['categories'][0]
        self.folder, self.names = osp.join(folder, 'images'), category['keypoints']
        self.links = [(a - 1, b - 1) for a, b in category['skeleton']]
        self.images = content['images']
        self.actions = {entry['id']: entry['action'] for entry in content['frames']}
        self.labels = {entry['image_id']: entry for entry in content['annotations']}
        self.poses = {entry['frame_id']: entry for entry in content['poses_3d']}

    def image_of(self, action):
        """An image in which most joints are seen, of an action."""
        images = [i for i in self.images if self.actions[i['frame_id']] == action]
        return max(images, key=lambda i: self.labels[i['id']]['num_keypoints'] + 0.01 * i['id'] % 1)

    def show(self, axes, image, labelled):
        """One image, with its skeleton if it is labelled."""
        axes.imshow(cv2.imread(osp.join(self.folder, image['file_name']))[..., ::-1])
        axes.set_axis_off()
        if not labelled:
            return
        points = np.reshape(self.labels[image['id']]['keypoints'], (-1, 3))
        for link in self.links:
            if points[link, 2].all():
                axes.plot(*points[link, :2].T, color=color(self.names, link), lw=1.6)
        known = points[points[:, 2] > 0]
        axes.scatter(*known[:, :2].T, s=5, color='white', edgecolors='black', lw=0.4, zorder=3)

    def show_pose(self, axes, frame):
        """The 3D pose of a frame, upright, without axes."""
        points = np.array(self.poses[frame]['keypoints_3d'])[:, :3]
        for link in self.links:
            axes.plot(*points[list(link)].T, color=color(self.names, link), lw=2)
        axes.set_box_aspect(np.ptp(points, axis=0), zoom=1.45)
        axes.set_axis_off()
        axes.view_init(12, -65)
        axes.set_proj_type('ortho')


def draw(data, frame):
    """The whole figure: labelled, unlabelled, the views of one frame and its pose."""
    figure = Figure(figsize=(11, 3.3), layout='constrained')
    parts = figure.subfigures(1, 3, width_ratios=(1, 1, 1.34))
    step = max(1, len(data.images) // 40)
    some = data.images[3::step]
    titles = 'A few labelled images', 'many without labels', 'or a rig whose cameras agree'
    for part, title in zip(parts, titles):
        part.suptitle(title, fontsize=12)
    for axes, action in zip(parts[0].subplots(2, 2).flat, ACTIONS):
        data.show(axes, data.image_of(action), True)
    for axes, image in zip(parts[1].subplots(5, 5).flat, some):
        data.show(axes, image, False)
    grid = parts[2].add_gridspec(2, 3)
    views = [image for image in data.images if image['frame_id'] == frame]
    for place, image in zip([(0, 0), (0, 1), (1, 0), (1, 1)], views[1::2] + views[::2]):
        data.show(parts[2].add_subplot(grid[place]), image, True)
    data.show_pose(parts[2].add_subplot(grid[:, 2], projection='3d'), frame)
    return figure


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('folder', help='the synthetic benchmark')
    parser.add_argument('out', help='PNG to write')
    parser.add_argument('--frame', type=int, help='the frame of the rig; by default one that walks')
    args = parser.parse_args()
    data = Data(args.folder)
    frame = args.frame or data.image_of('walking')['frame_id']
    write_figure(args.out, draw(data, frame), dpi=96)
    picture = Image.open(args.out).convert('RGB').quantize(128, dither=Image.Dither.NONE)
    picture.save(args.out, optimize=True)


if __name__ == '__main__':
    main()
