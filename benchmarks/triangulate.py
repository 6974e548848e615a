"""Keypoints triangulated a second, robustly: ours, a loop over OpenCV, aniposelib.

Random rigs with distortion, 2 px noise, 10 % of the views grossly wrong; every method
tries all pairs of views at 20 px (aniposelib by its own rules). The OpenCV loop makes
one call for each pair and view with all points in it, and fits its winners by a batched
SVD; the loop over points, which is what most scripts do, is given too. Methods that are
slow run on a part of the points; aniposelib only where it is installed.

    OMP_NUM_THREADS=2 python -m benchmarks.triangulate [--only rates busy memory]
        [--out file.json]

``busy``: one thread; two that take whole chunks, as it is; and two that share every
operation, as it was. In turns, with nothing beside them and with other processes that
compute all the time, one and as many as there are cores.

Rounds alternate between the methods, the fastest of each counts. The points of one
processor second are given beside the wall clock's, because other work on the machine
stretches the second but hardly the first. The last row is the peak memory of a process
that triangulates 10,000 frames x 19 joints from 31 views.
"""

import argparse
import itertools
import json
import os
import resource
import subprocess
import sys
import time

THREADS = 2
os.environ.setdefault('OMP_NUM_THREADS', str(THREADS))

import cv2
import numpy as np
import torch

from mmpose_al.fileio import machine, write_json
from mmpose_al.geometry import cameras, triangulation

NOISE, WRONG, THRESHOLD = 2.0, 0.1, 20.0
PARTS = ('rates', 'busy', 'memory')
# A process that computes until the one that started it is gone.
NEIGHBOUR = 'import os\nparent = os.getppid()\nwhile os.getppid() == parent: sum(range(10**6))'
DIST = np.array([-0.2, 0.15, 0.001, -0.0007, -0.03])


def make_rig(num, seed=0):
    """Cameras around a room: K, R, t (mm) and dist as float64 tensors."""
    rng = np.random.default_rng(seed)
    rig = []
    for i in range(num):
        angle = 2 * np.pi * (i + rng.uniform(-0.3, 0.3)) / num
        center = np.array([np.cos(angle), np.sin(angle), 0]) * rng.uniform(3000, 6000)
        center[2] = rng.uniform(500, 2500)
        z = np.array([0, 0, 1000]) - center
        z /= np.linalg.norm(z)
        x = np.cross(z, [0, 0, 1])
        x /= np.linalg.norm(x)
        R = np.stack([x, np.cross(z, x), z])
        f = rng.uniform(900, 1600)
        K = np.array([[f, 0, 960], [0, f, 540], [0, 0, 1]])
        rig.append((K, R, -R @ center, DIST * rng.uniform(0.5, 1.2)))
    return [torch.from_numpy(np.stack(x)) for x in zip(*rig)]


def observe(num, rig, seed=0):
    """World points (N, 3) and what a detector makes of them (N, V, 2)."""
    rng = np.random.default_rng(seed)
    points = torch.from_numpy(rng.normal(0, 400, (num, 3)) + [0, 0, 1000])
    pixels = cameras.project(points, *rig)[0].transpose(0, 1).clone()
    pixels += torch.from_numpy(rng.normal(0, NOISE, pixels.shape))
    wrong = torch.from_numpy(rng.random(pixels.shape[:2]) < WRONG)
    pixels[wrong] += torch.from_numpy(rng.normal(0, 150, (int(wrong.sum()), 2)))
    return points, pixels


def ours(pixels, rig):
    return triangulation.triangulate_robust(pixels, *rig, threshold=THRESHOLD).points.numpy()


def opencv(pixels, rig):
    """All pairs by OpenCV, all points in each call."""
    K, R, t, dist = (x.numpy() for x in rig)
    pixels = np.ascontiguousarray(pixels.numpy().transpose(1, 0, 2))
    V, N = pixels.shape[:2]
    P = np.concatenate([R, t[..., None]], -1)
    rvec = [cv2.Rodrigues(r)[0] for r in R]
    ideal = np.stack(
        [cv2.undistortPoints(pixels[v][:, None], K[v], dist[v])[:, 0] for v in range(V)]
    )
    best = np.full(N, -1.0)
    chosen = np.zeros((N, V), bool)
    for i, j in itertools.combinations(range(V), 2):
        X = cv2.triangulatePoints(P[i], P[j], ideal[i].T, ideal[j].T)
        X = np.ascontiguousarray((X[:3] / X[3]).T)
        error = np.empty((N, V))
        for v in range(V):
            projected = cv2.projectPoints(X, rvec[v], t[v], K[v], dist[v])[0][:, 0]
            error[:, v] = np.linalg.norm(projected - pixels[v], axis=-1)
        inliers = error <= THRESHOLD
        votes = inliers.sum(1) - np.where(inliers, error, 0).sum(1) / (THRESHOLD * (V + 1))
        better = votes > best
        best[better], chosen[better] = votes[better], inliers[better]
    rows = P[None, :, :2] - ideal.transpose(1, 0, 2)[..., None] * P[None, :, 2:]
    rows *= chosen[..., None, None] * np.array([1, 1, 1, 1e-3])
    X = np.linalg.svd(rows.reshape(N, 2 * V, 4))[2][:, -1]
    return X[:, :3] / X[:, 3:] * 1e3


def opencv_by_point(pixels, rig):
    return np.concatenate([opencv(p[None], rig) for p in pixels])


def anipose(pixels, rig):
    from aniposelib.cameras import Camera, CameraGroup

    K, R, t, dist = (x.numpy() for x in rig)
    group = CameraGroup(
        [
            Camera(
                matrix=K[v],
                dist=dist[v],
                rvec=cv2.Rodrigues(R[v])[0].ravel(),
                tvec=t[v],
                size=(1920, 1080),
                name=str(v),
            )
            for v in range(len(K))
        ]
    )
    points = np.ascontiguousarray(pixels.numpy().transpose(1, 0, 2))
    return group.triangulate_ransac(points)[0]


def rates(num_views, num_points, rounds):
    """Points a second of each method, and the median error in mm."""
    rig = make_rig(num_views, num_views)
    truth, pixels = observe(num_points, rig)
    methods = dict(
        ours=(ours, num_points),
        opencv=(opencv, num_points // 8),
        opencv_by_point=(opencv_by_point, 60),
    )
    try:
        import aniposelib.cameras  # noqa: F401

        methods['aniposelib'] = (anipose, 10)
    except ImportError as error:
        print(f'aniposelib left out: {error}', file=sys.stderr)
    wall, cpu, errors = {}, {}, {}
    for method, num in methods.values():
        method(pixels[: max(num // 8, 2)], rig)  # compile, allocate
    for _ in range(rounds):
        for name, (method, num) in methods.items():
            start, cpu_start = time.perf_counter(), time.process_time()
            points = method(pixels[:num], rig)
            seconds = time.perf_counter() - start
            wall[name] = min(wall.get(name, np.inf), seconds / num)
            seconds = time.process_time() - cpu_start
            cpu[name] = min(cpu.get(name, np.inf), seconds / num)
            errors[name] = np.nanmedian(np.linalg.norm(points - truth[:num].numpy(), axis=-1))
    result = dict(
        views=num_views,
        points=num_points,
        points_per_second={k: round(1 / v) for k, v in wall.items()},
    )
    result['points_per_cpu_second'] = {k: round(1 / v) for k, v in cpu.items()}
    result['ratio'] = {k: round(v / wall['ours'], 1) for k, v in wall.items() if k != 'ours'}
    result['median_error_mm'] = {k: round(float(v), 3) for k, v in errors.items()}
    return result


def operations_shared(pixels, rig):
    """As it was before threads took whole chunks: they share each operation."""
    apart, triangulation._by_threads = triangulation._by_threads, in_turn
    try:
        return ours(pixels, rig)
    finally:
        triangulation._by_threads = apart


def in_turn(work, starts, threads):
    return [work(start) for start in starts]


def busy(num_points, rounds, neighbours):
    """Points a second of each way to use threads, beside so many processes that compute."""
    rig = make_rig(4, 4)
    _, pixels = observe(num_points, rig)
    ways = {
        'one thread': (1, ours),
        'two threads, a chunk each': (2, ours),
        'two threads, each operation': (2, operations_shared),
    }
    others = [subprocess.Popen([sys.executable, '-c', NEIGHBOUR]) for _ in range(neighbours)]
    wall, cpu = {}, {}
    try:
        for number in range(rounds + 1):
            for name, (threads, method) in ways.items():
                torch.set_num_threads(threads)
                start, cpu_start = time.perf_counter(), time.process_time()
                method(pixels if number else pixels[: num_points // 8], rig)
                if number:  # the first is not counted
                    wall.setdefault(name, []).append(time.perf_counter() - start)
                    cpu.setdefault(name, []).append(time.process_time() - cpu_start)
    finally:
        for other in others:
            other.kill()
            other.wait()
        torch.set_num_threads(THREADS)
    return dict(
        views=4,
        points=num_points,
        neighbours=neighbours,
        load_average=round(os.getloadavg()[0], 1),
        points_per_second={k: round(num_points / min(v)) for k, v in wall.items()},
        points_per_cpu_second={k: round(num_points / min(v)) for k, v in cpu.items()},
    )


def memory(num_views=31, num_points=190_000):
    """Runs in a process of its own: peak memory in MB."""
    rig = make_rig(num_views)
    truth, pixels = observe(num_points, rig)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    points = ours(pixels, rig)
    seconds = time.perf_counter() - start
    error = float(np.nanmedian(np.linalg.norm(points - truth.numpy(), axis=-1)))
    return dict(
        views=num_views,
        points=num_points,
        peak_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        before_mb=round(before / 1024),
        points_per_second=round(num_points / seconds),
        failed=int(np.isnan(points).any(-1).sum()),
        median_error_mm=round(error, 3),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--points', type=int, default=32_768)
    parser.add_argument('--only', nargs='+', choices=PARTS, default=PARTS)
    parser.add_argument('--out', help='write the result to this JSON file')
    parser.add_argument('--memory', action='store_true', help=argparse.SUPPRESS)
    args = parser.parse_args()
    torch.set_num_threads(THREADS)
    cv2.setNumThreads(THREADS)
    if args.memory:
        print(json.dumps(memory()))
        return
    result = dict(
        command='OMP_NUM_THREADS=2 python -m benchmarks.triangulate',
        machine=machine(gpu=False),
        threads=THREADS,
        torch=torch.__version__.split('+')[0],
        opencv=cv2.__version__,
        noise_px=NOISE,
        wrong_views=WRONG,
        threshold_px=THRESHOLD,
        rounds=args.rounds,
    )
    if 'rates' in args.only:
        result['rates'] = [rates(num, args.points, args.rounds) for num in (4, 8)]
    if 'busy' in args.only:
        result['busy'] = [
            busy(args.points, min(args.rounds, 2), n) for n in (0, 1, os.cpu_count() or 1)
        ]
    if 'memory' in args.only:
        lines = subprocess.run(
            [sys.executable, '-m', 'benchmarks.triangulate', '--memory'],
            check=True,
            stdout=subprocess.PIPE,
        ).stdout
        result['memory'] = json.loads(lines)
    print(json.dumps(result, indent=2))
    if args.out:
        write_json(args.out, result, indent=2)


if __name__ == '__main__':
    main()
