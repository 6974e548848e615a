"""How many 256x192 views the synthetic renderer draws a second on one core.

Beside it, in the same run, the plain way: every part's quadric evaluated at
every pixel at once (vectorised NumPy, no bounding rectangles, no polynomial
coefficients), with the same shading and finish. Both draw the same pictures.

    OMP_NUM_THREADS=1 python benchmarks/render.py [--write]

Rounds of both alternate; the median of their wall-clock times counts, and
the processor time is given beside it, because other work on the machine
stretches the first but hardly the second.
"""
import argparse
import json
import os
import os.path as osp
import statistics
import sys
import time

os.environ.setdefault('OMP_NUM_THREADS', '1')
os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')
ROOT = osp.join(osp.dirname(osp.abspath(__file__)), '..')
sys.path.insert(0, ROOT)

import cv2  # noqa: E402
import numpy as np  # noqa: E402

from mmpose_al.datasets.synthetic import benchmark, render  # noqa: E402

RESULT = osp.join(ROOT, 'benchmarks', 'results', 'render.json')


def rasterise_dense(parts, view, buffers, first=0):
    """The same as render.rasterise, for all parts and all pixels at once."""
    inverse = np.linalg.inv(parts.M)
    q0 = -(inverse @ parts.o[:, :, None])[..., 0][:, None, None]
    d = np.einsum('pij,hwj->phwi', inverse, view.rays)
    cone = parts.frustum[:, None, None]
    r, k = parts.r0[:, None, None], parts.k[:, None, None]
    gz = np.where(cone, -k * k, 1.0)
    h = np.where(cone, -r * k, 0.0)
    e = np.where(cone, -r * r, -1.0)
    a = d[..., 0]**2 + d[..., 1]**2 + gz * d[..., 2]**2
    b = -(d[..., 0] * q0[..., 0] + d[..., 1] * q0[..., 1]
          + (gz * q0[..., 2] + h) * d[..., 2])
    c = (q0[..., 0]**2 + q0[..., 1]**2 + gz * q0[..., 2]**2
         + 2 * h * q0[..., 2] + e)
    root = b * b - a * c
    depth = (b - np.sqrt(np.maximum(root, 0))) / a
    along = depth * d[..., 2] + q0[..., 2]
    miss = (root < 0) | (cone & ((along < 0) | (along > 1) | (a <= 0)))
    depth[miss] = np.inf
    winner = depth.argmin(0)
    nearest = np.take_along_axis(depth, winner[None], 0)[0]
    closer = nearest < buffers.depth
    buffers.depth[closer] = nearest[closer]
    buffers.part[closer] = first + winner[closer]


def make_jobs(frames):
    """Contents of ``frames`` x 8 views of a person of the benchmark."""
    split = benchmark.Split(2, 2, frames)
    benchmark.PRESETS['render'] = dict(
        image_size=(192, 256), num_cameras=8, fps=5.0, train=split,
        val=split, test=split)
    settings = benchmark._settings('render', 0, None)
    jobs = []
    for number in range(2):
        scene = benchmark.make_scene(settings, 'train', number)
        for i, view in enumerate(benchmark._views(settings)):
            rng = np.random.default_rng([number, i])
            jobs += [(content, view) for content in benchmark.view_contents(
                scene, view, rng)]
    return jobs


def draw(jobs, rasterise):
    """Render all jobs; returns pictures, wall and processor seconds."""
    usual, render.rasterise = render.rasterise, rasterise
    wall, cpu = time.perf_counter(), time.process_time()
    pictures = [render.render_view(content, view, np.random.default_rng(i))
                for i, (content, view) in enumerate(jobs)]
    out = pictures, time.perf_counter() - wall, time.process_time() - cpu
    render.rasterise = usual
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--rounds', type=int, default=7)
    parser.add_argument('--write', action='store_true',
                        help='write benchmarks/results/render.json')
    args = parser.parse_args()
    cv2.setNumThreads(0)
    jobs = make_jobs(4)
    few = jobs[::8]
    draw(jobs, render.rasterise)
    times = dict(ours=[], plain=[], ours_cpu=[], plain_cpu=[])
    for _ in range(args.rounds):
        pictures, wall, cpu = draw(jobs, render.rasterise)
        times['ours'].append(wall / len(jobs))
        times['ours_cpu'].append(cpu / len(jobs))
        plain, wall, cpu = draw(few, rasterise_dense)
        times['plain'].append(wall / len(few))
        times['plain_cpu'].append(cpu / len(few))
    same = np.mean([(a.segment == b.segment).mean()
                    for a, b in zip(pictures[::8], plain)])
    rate = {k: 1 / statistics.median(v) for k, v in times.items()}
    result = dict(
        command='OMP_NUM_THREADS=1 python benchmarks/render.py --write',
        machine=cpu_model(), cores_used=1, view='256x192 (height x width)',
        views=len(jobs), rounds=args.rounds,
        views_per_second=round(rate['ours'], 1),
        views_per_cpu_second=round(rate['ours_cpu'], 1),
        plain_views_per_second=round(rate['plain'], 1),
        plain_views_per_cpu_second=round(rate['plain_cpu'], 1),
        ratio=round(rate['ours'] / rate['plain'], 2),
        ratio_cpu=round(rate['ours_cpu'] / rate['plain_cpu'], 2),
        same_part_share=round(float(same), 6))
    print(json.dumps(result, indent=2))
    if args.write:
        os.makedirs(osp.dirname(RESULT), exist_ok=True)
        with open(RESULT + '.tmp', 'w') as f:
            f.write(json.dumps(result, indent=2) + '\n')
        os.replace(RESULT + '.tmp', RESULT)


def cpu_model():
    """The processor's name, without anything that tells the machine."""
    try:
        with open('/proc/cpuinfo') as f:
            for line in f:
                if line.startswith('model name'):
                    return line.split(':', 1)[1].strip()
    except OSError:
        pass
    return 'unknown'


if __name__ == '__main__':
    main()
