"""The 14 joints of LSP Extended (Johnson and Everingham, CVPR 2011)."""
names = [
    'right_ankle', 'right_knee', 'right_hip', 'left_hip', 'left_knee', 'left_ankle',
    'right_wrist', 'right_elbow', 'right_shoulder', 'left_shoulder', 'left_elbow',
    'left_wrist', 'neck', 'head_top'
]
links = [(0, 1), (1, 2), (2, 8), (3, 4), (4, 5), (3, 9), (6, 7), (7, 8), (8, 12),
         (9, 12), (9, 10), (10, 11), (12, 13)]
colors = dict(right=[255, 128, 0], left=[0, 255, 0])
swaps = dict(right='left', left='right')


def keypoint(index, name, swaps=swaps, colors=colors):
    side, _, part = name.partition('_')
    return dict(
        name=name,
        id=index,
        color=colors.get(side, [51, 153, 255]),
        type='lower' if part in ('hip', 'knee', 'ankle') else 'upper',
        swap=f'{swaps[side]}_{part}' if side in swaps else '')


dataset_info = dict(
    dataset_name='lspet',
    paper_info=dict(
        author='Johnson, Sam and Everingham, Mark',
        title='Learning Effective Human Pose Estimation from Inaccurate Annotation',
        container='CVPR',
        year='2011',
        homepage=''),
    keypoint_info={i: keypoint(i, name) for i, name in enumerate(names)},
    skeleton_info={
        i: dict(link=(names[a], names[b]), id=i, color=[51, 153, 255])
        for i, (a, b) in enumerate(links)
    },
    joint_weights=[1.0] * len(names),
    sigmas=[
        0.089, 0.087, 0.107, 0.107, 0.087, 0.089, 0.062, 0.072, 0.079, 0.079, 0.072,
        0.062, 0.079, 0.079
    ])
del keypoint
