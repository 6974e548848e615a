"""What a semi-supervised training step costs beside its network passes alone.

    python -m benchmarks.semi_step [--size 96] [--batch 16] [--repeats 15]

A step (views, targets, losses and all), the bare passes of the same networks and one
forward pass are timed in the same run, in turns; `ratio` is the median of step over
passes, `in forwards` that of step over one forward pass, `ideal` what the passes alone
would be if one with gradient took 3. Processor time is measured on a CPU, so other work
on the machine disturbs it little; a row of the file has the time that passed and the
load, too. Each method runs in a process of its own; peak memory is that of the process
(CPU) or of the allocator (GPU).
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time

import numpy as np
import torch
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample

from mmpose_al.fileio import machine, read_json, write_json
from mmpose_al.models.passes import Passes, passes_per_step
from mmpose_al.models.semi.networks import predict_heatmaps

PATHS = [
    [dict(type='JointCutOcclude'), dict(type='RandomCutout')],
    [dict(type='JointCutout'), dict(type='RandomCutMix')],
]
JC = [dict(type='JointCutout')]
TEACHER = dict(teacher_checkpoint='not loaded here')
RIG = dict(type='MultiViewPoseDual', num_views=8, min_inliers=4)  # groups of 8 views
# Config (None: the labelled images alone) and number of students.
METHODS = {
    'supervised': (None, 1),
    'PoseCons A': (dict(type='PoseCons'), 1),
    'PoseCons A+JC': (dict(type='PoseCons', hard_augments=JC), 1),
    'PseudoPose A': (dict(type='PseudoPose', **TEACHER), 1),
    'DataDistill A': (dict(type='DataDistill', num_views=4, **TEACHER), 1),
    'MeanTeacher A': (dict(type='MeanTeacherPose'), 1),
    'PoseDual A': (dict(type='PoseDual'), 2),
    'PoseDual A+JC': (dict(type='PoseDual', hard_augments=JC), 2),
    'PoseDual A+RA': (dict(type='PoseDual', hard_augments=[dict(type='PoseRandAugment')]), 2),
    'Yu24 A, K=1': (dict(type='DenoisedPoseDual', num_strong=1), 2),
    'Yu24 A, K=2': (dict(type='DenoisedPoseDual', num_strong=2), 2),
    'Yu24 A+JC, K=2': (dict(type='DenoisedPoseDual', num_strong=2, hard_augments=JC), 2),
    'Yu24 A, K=8': (dict(type='DenoisedPoseDual', num_strong=8), 2),
    'MultiView A': (RIG, 2),
    'MultiView A+JC': (dict(RIG, hard_augments=JC), 2),
    'MultiView Yu24, K=2': (dict(RIG, type='MultiViewDenoisedPoseDual', num_strong=2), 2),
    'MultiPath single': (dict(type='MultiPathPose'), 1),
    'MultiPath dual': (dict(type='MultiPathPose'), 2),
    'MultiPath Yu24': (dict(type='DenoisedPoseDual', num_strong=2, hard_paths=PATHS), 2),
}
# Iqbal20, in groups of 4 views: what the model has.
LIMBS = dict(limbs=[(5, 7), (7, 9), (11, 13), (13, 15)], mean_lengths=[0.5, 0.5, 0.8, 0.8])
POSE_3D = {
    'Iqbal20 FS': None,
    'Iqbal20 WS': dict(
        multi_view=dict(apparent_size=True, distance='euclidean'),
        limbs=LIMBS,
        range_weight=1.0,
        handedness=dict(triples=[[(11, 12), (13, 11), (15, 13)], [(11, 12), (14, 12), (16, 14)]]),
    ),
}
METHODS.update({name: (config, 1) for name, config in POSE_3D.items()})
BACKBONES = {
    'lite0': (dict(type='EfficientNetLite0', pretrained=False), 320, (64, 64, 64)),
    'res18': (dict(type='ResNet', depth=18), 512, (256, 256, 256)),
}


def student(args) -> dict:
    backbone, channels, deconv = BACKBONES[args.backbone]
    return dict(
        type='TopdownPoseEstimator',
        backbone=backbone,
        head=dict(
            type='HeatmapHead',
            in_channels=channels,
            out_channels=17,
            deconv_out_channels=deconv,
            deconv_kernel_sizes=(4, 4, 4),
            loss=dict(type='KeypointMSELoss', use_target_weight=True),
            decoder=dict(
                type='MSRAHeatmap',
                input_size=(args.size, args.size),
                heatmap_size=(args.size // 4, args.size // 4),
                sigma=2,
            ),
        ),
        train_cfg=dict(compute_acc=False),
    )


def student_3d(args) -> dict:
    config = student(args)
    config['head'].update(type='Heatmap2p5DHead', pair=(5, 11))
    config['head']['decoder'].update(type='Heatmap2p5D')
    return config


def with_cameras(data, args, views: int) -> None:
    """Frames of so many views each: a ring of cameras around one person, lenses distort."""
    K = np.array(
        [[3.0 * args.size, 0, args.size / 2], [0, 3.0 * args.size, args.size / 2], [0, 0, 1]]
    )
    for index, sample in enumerate(data):
        angle = 2 * np.pi * (index % views) / views
        cos, sin = np.cos(angle), np.sin(angle)
        sample.set_metainfo(
            dict(
                input_K=K,
                input_dist=np.array([-0.1, 0.02] + [0.0] * 12),
                input_R=np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]]),
                input_t=np.array([0, 0, 4.0]),
                frame_id=index // views,
                person_id=0,
            )
        )


def with_depths(data, device) -> None:
    for sample in data:
        sample.gt_instance_labels.relative_depth = torch.zeros(1, 17, device=device)
        sample.gt_instance_labels.relative_depth_weights = torch.ones(1, 17, device=device)


def make_batch(args, device):
    """Half labelled, half not."""
    data = []
    for index in range(2 * args.batch):
        sample = PoseDataSample(
            metainfo=dict(
                is_labeled=index < args.batch,
                aug_seed=index,
                flip_indices=[0] + [j + 1 - 2 * (j % 2 == 0) for j in range(1, 17)],
            )
        )
        sample.gt_fields = PixelData(
            heatmaps=torch.rand(17, args.size // 4, args.size // 4, device=device)
        )
        sample.gt_instance_labels = InstanceData(keypoint_weights=torch.ones(1, 17, device=device))
        data.append(sample)
    return torch.randn(2 * args.batch, 3, args.size, args.size, device=device), data


def bare_passes(model, images, data, args, passes: Passes) -> None:
    """The network passes of a step and nothing else, on tensors that are ready.

    ``passes`` are those of one labelled and one unlabelled image, if there are any.
    """
    labeled, unlabeled = images[: args.batch], images[args.batch :]
    total = 0
    if not hasattr(model, 'students'):
        found = data[: args.batch]
        total = model.head.loss_module(  # of 'supervised', too
            forward_3d(model, labeled)[:, :17],
            torch.stack([d.gt_fields.heatmaps for d in found]),
            torch.cat([d.gt_instance_labels.keypoint_weights for d in found]),
        )
        for _ in range(passes.with_gradient - 1):
            total = total + forward_3d(model, unlabeled).mean()
        total.backward()
        return
    views, paths = (p // len(model.students) for p in passes)
    for network in model.students:
        total = total + sum(network.loss(labeled, data[: args.batch]).values())
        with torch.no_grad():
            for _ in range(views):
                predict_heatmaps(getattr(model, 'teacher', network), unlabeled)
        for _ in range(paths - 1):  # one is that of the labelled images
            total = total + predict_heatmaps(network, unlabeled).mean()
    total.backward()


def forward_3d(model, images):
    network = getattr(model, 'network', model)
    return network.head.forward(network.extract_feat(images))


def one_forward(model, images, args) -> None:
    with torch.no_grad():
        if not hasattr(model, 'students'):
            forward_3d(model, images[: args.batch])
            return
        predict_heatmaps(model.students[0], images[: args.batch])


def full_step(model, images, data) -> None:
    losses = model.loss(images, data)
    sum(v for k, v in losses.items() if 'loss' in k).backward()


def clock(device) -> float:
    if device.type == 'cuda':
        torch.cuda.synchronize()
        return time.perf_counter()
    return time.process_time()


def timed(function, model, device) -> float:
    model.zero_grad(set_to_none=True)
    start = clock(device)
    function()
    return clock(device) - start


def peak_megabytes(device) -> float:
    if device.type == 'cuda':
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def where(device) -> str:
    """Kind of the machine and how much of it is used, for the result file."""
    threads = '' if device.type == 'cuda' else f', {torch.get_num_threads()} thread(s)'
    return machine(gpu=device.type == 'cuda') + threads


def measure(name: str, args, device) -> dict:
    torch.manual_seed(0)
    config, students = METHODS[name]
    if name in POSE_3D:
        model = MODELS.build(
            ConfigDict(
                student_3d(args)
                if config is None
                else dict(type='WeaklySupervisedPose3D', network=student_3d(args), **config)
            )
        )
    else:
        networks = [student(args)] * students
        model = MODELS.build(ConfigDict(students=networks, **(config or METHODS['PoseCons A'][0])))
    model = model.to(device, memory_format=torch.channels_last).train()
    images, data = make_batch(args, device)
    with_cameras(data, args, getattr(model, 'num_views', 1))
    if name in POSE_3D:
        with_depths(data, device)
    if config is None:
        images, data = images[: args.batch], data[: args.batch]
    own = passes_per_step(model, 1, 0 if config is None else 1)
    steps, passes, forwards, passed = [], [], [], []
    for _ in range(args.repeats + 2):
        forwards.append(timed(lambda: one_forward(model, images, args), model, device))
        passes.append(timed(lambda: bare_passes(model, images, data, args, own), model, device))
        if device.type == 'cuda':
            torch.cuda.reset_peak_memory_stats()
        started = time.perf_counter()
        steps.append(timed(lambda: full_step(model, images, data), model, device))
        passed.append(time.perf_counter() - started)
    # The first two warm up; neighbours in time are compared with each other.
    ratio = statistics.median(np.divide(steps[2:], passes[2:]))
    units = statistics.median(np.divide(steps[2:], forwards[2:]))
    return dict(
        method=name,
        step_s=statistics.median(steps[2:]),
        passes_s=statistics.median(passes[2:]),
        step_wall_s=statistics.median(passed[2:]),
        load=round(os.getloadavg()[0], 1),
        repeats=args.repeats,
        machine=where(device),
        torch=torch.__version__,
        ratio=float(ratio),
        units=float(units),
        ideal=own.forwards,
        peak_mb=peak_megabytes(device),
    )


def in_own_process(name: str, args) -> dict:
    """Measure a method in a fresh process, so that its peak memory is its own."""
    command = [sys.executable, '-m', 'benchmarks.semi_step', '--row', name]
    for key in ('backbone', 'size', 'batch', 'repeats', 'threads', 'device'):
        command += [f'--{key}', str(getattr(args, key))]
    return json.loads(
        subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.splitlines()[-1]
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--backbone', choices=BACKBONES, default='lite0')
    parser.add_argument('--size', type=int, default=96, help='input pixels')
    parser.add_argument(
        '--batch', type=int, default=16, help='labelled images, and as many unlabelled ones'
    )
    parser.add_argument('--repeats', type=int, default=15)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument(
        '--out',
        help='also write the figures to this JSON file, beside those of other methods in it',
    )
    parser.add_argument(
        '--methods',
        nargs='+',
        choices=METHODS,
        default=list(METHODS),
        metavar='METHOD',
        help=', '.join(METHODS),
    )
    parser.add_argument('--row', choices=METHODS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    init_default_scope('mmpose')
    device = torch.device(args.device)
    if args.row:
        print(json.dumps(measure(args.row, args, device)))
        return
    rows = []
    settings = {key: getattr(args, key) for key in ('backbone', 'size', 'batch', 'threads')}
    others = rows_beside(args.out, settings, args.methods) if args.out else []
    print(
        f'{where(device)}; {args.backbone}, {args.size}x{args.size}, '
        f'{args.batch} + {args.batch} images'
    )
    print(
        f'{"method":20}{"step s":>9}{"passes s":>10}{"ratio":>8}{"in forwards":>13}'
        f'{"ideal":>7}{"peak MB":>9}'
    )
    for name in args.methods:
        rows.append(in_own_process(name, args))
        print(
            '{method:20}{step_s:9.3f}{passes_s:10.3f}{ratio:8.3f}{units:13.1f}'
            '{ideal:7}{peak_mb:9.0f}'.format(**rows[-1]),
            flush=True,
        )
    if args.out:
        write_json(args.out, dict(settings, rows=[*others, *rows]))


def rows_beside(path: str, settings: dict, methods: list) -> list:
    """The rows of other methods in a file.

    Raises:
        SystemExit: They were measured with other settings.
    """
    if not os.path.exists(path):
        return []
    kept = read_json(path)
    for key, value in settings.items():
        if kept[key] != value:
            raise SystemExit(
                f'{path}: {key} is {kept[key]!r}, and here {value!r}; write to another file'
            )
    return [row for row in kept['rows'] if row['method'] not in methods]


if __name__ == '__main__':
    main()
