"""The 9 points of a mouse seen from above (Qi2019KB/UBPL-PoseEstimation)."""
names = [
    'nose', 'right_eye', 'left_eye', 'right_ear', 'left_ear', 'head', 'tail_base',
    'tail_middle', 'tail_tip'
]
links = [(0, 5), (1, 5), (2, 5), (3, 5), (4, 5), (5, 6), (6, 7), (7, 8)]
colors = dict(right=[255, 128, 0], left=[0, 255, 0])
swaps = dict(right='left', left='right')


def keypoint(index, name, swaps=swaps, colors=colors):
    side, _, part = name.partition('_')
    return dict(
        name=name,
        id=index,
        color=colors.get(side, [51, 153, 255]),
        type='upper',
        swap=f'{swaps[side]}_{part}' if side in swaps else '')


dataset_info = dict(
    dataset_name='mouse',
    paper_info=dict(
        author='',
        title='UBPL-PoseEstimation',
        container='',
        year='',
        homepage='https://github.com/Qi2019KB/UBPL-PoseEstimation'),
    keypoint_info={i: keypoint(i, name) for i, name in enumerate(names)},
    skeleton_info={
        i: dict(link=(names[a], names[b]), id=i, color=[51, 153, 255])
        for i, (a, b) in enumerate(links)
    },
    joint_weights=[1.0] * len(names),
    sigmas=[0.05] * len(names))
del keypoint
