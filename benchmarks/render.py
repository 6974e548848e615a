"""How many 256x192 views the synthetic renderer draws a second on one core.

Beside it, in the same run, the plain way: each part's quadric evaluated at
every pixel of the picture (vectorised NumPy; no bounding rectangles, no
polynomial coefficients), with the same shading and finish. Both draw the same
pictures.

    OMP_NUM_THREADS=1 python -m benchmarks.render [--write]

Rounds of both alternate; the median of their wall-clock times counts, and
the processor time is given beside it, because other work on the machine
stretches the first but hardly the second.
"""

import argparse
import json
import os
import os.path as osp
import statistics
import time

os.environ.setdefault('OMP_NUM_THREADS', '1')
os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')
import cv2
import numpy as np

from benchmarks import ROOT
from mmpose_al.fileio import machine, write_json
from mmpose_al.synthetic import benchmark, render

RESULT = osp.join(ROOT, 'benchmarks', 'results', 'render.json')


def rasterise_dense(parts, view, buffers, first=0):
    """The same as render.rasterise, each part at every pixel."""
    inverse = np.linalg.inv(parts.M)
    start = -(inverse @ parts.o[:, :, None])[..., 0]
    with np.errstate(divide='ignore', invalid='ignore'):
        for i in range(len(parts.r0)):
            d, q0 = view.rays @ inverse[i].T, start[i]
            cone, r, k = parts.frustum[i], parts.r0[i], parts.k[i]
            g = np.array([1, 1, -k * k if cone else 1])
            h, e = (-r * k, -r * r) if cone else (0, -1)
            a = (g * d * d).sum(-1)
            b = -(d @ (g * q0) + h * d[..., 2])
            c = (g * q0 * q0).sum() + 2 * h * q0[2] + e
            depth = (b - np.sqrt(b * b - a * c)) / a
            hit = depth < buffers.depth
            if cone:
                along = depth * d[..., 2] + q0[2]
                hit &= (along >= 0) & (along <= 1) & (a > 0)
            buffers.depth[hit] = depth[hit]
            buffers.part[hit] = first + i


def make_jobs(frames):
    """Contents of ``frames`` x 8 views of a person of the benchmark."""
    split = benchmark.Split(2, 2, frames)
    benchmark.PRESETS['render'] = dict(
        image_size=(192, 256), num_cameras=8, fps=5.0, train=split, val=split, test=split
    )
    settings = benchmark._settings('render', 0, None)
    jobs = []
    for number in range(2):
        scene = benchmark.make_scene(settings, 'train', number)
        for i, view in enumerate(benchmark._views(settings)):
            rng = np.random.default_rng([number, i])
            jobs += [(content, view) for content in benchmark.view_contents(scene, view, rng)]
    return jobs


def draw(jobs, rasterise):
    """Render all jobs; returns pictures, wall and processor seconds."""
    usual, render.rasterise = render.rasterise, rasterise
    wall, cpu = time.perf_counter(), time.process_time()
    pictures = [
        render.render_view(content, view, np.random.default_rng(i))
        for i, (content, view) in enumerate(jobs)
    ]
    out = pictures, time.perf_counter() - wall, time.process_time() - cpu
    render.rasterise = usual
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--rounds', type=int, default=7)
    parser.add_argument('--write', action='store_true', help='write benchmarks/results/render.json')
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
    same = np.mean([(a.segment == b.segment).mean() for a, b in zip(pictures[::8], plain)])
    rate = {k: 1 / statistics.median(v) for k, v in times.items()}
    result = dict(
        command='OMP_NUM_THREADS=1 python -m benchmarks.render --write',
        machine=machine(gpu=False),
        cores_used=1,
        view='256x192 (height x width)',
        views=len(jobs),
        rounds=args.rounds,
        views_per_second=round(rate['ours'], 1),
        views_per_cpu_second=round(rate['ours_cpu'], 1),
        plain_views_per_second=round(rate['plain'], 1),
        plain_views_per_cpu_second=round(rate['plain_cpu'], 1),
        ratio=round(rate['ours'] / rate['plain'], 2),
        ratio_cpu=round(rate['ours_cpu'] / rate['plain_cpu'], 2),
        same_part_share=round(float(same), 6),
    )
    print(json.dumps(result, indent=2))
    if args.write:
        write_json(RESULT, result, indent=2)


if __name__ == '__main__':
    main()
