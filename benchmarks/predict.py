"""Frames a second of ``mmpose-al predict``, of bare forward passes, and of MMPose's inferencer.

    OMP_NUM_THREADS=1 python -m benchmarks.predict [--frames 96] [--out FILE]

A network of MMPose (ResNet-50, 256x192, random weights, no flip test) on a video of 640x480
that is made for it, a box being the whole image, in batches of 16:

    bare        the network over crops that lie in memory: what no pipeline can be faster than
    ours        a recording through ``predict_recording``: decoding, cropping, the network,
                keypoints, and the part file on the disk
    inferencer  ``MMPoseInferencer`` over the same video, with the same boxes; it takes one
                image at a time, whatever its ``batch_size`` says

They run in turns in one process, and the best round of each counts; other work on the machine
stretches a second, so the rate that follows from processor seconds is given beside it. On a
machine that does other things this is the one to look at.
"""

import argparse
import os
import os.path as osp
import sys
import tempfile
import time

THREADS = 1  # of the network; decoding and cropping have one more
os.environ.setdefault('OMP_NUM_THREADS', str(THREADS))

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate

from mmpose_al import register
from mmpose_al.fileio import machine, write_json
from mmpose_al.prediction.boxes import WholeImage
from mmpose_al.prediction.estimator import Estimator
from mmpose_al.prediction.inputs import find_recordings, read_frames
from mmpose_al.prediction.recording import Job, predict_recording

NETWORK = 'body_2d_keypoint/topdown_heatmap/coco/td-hm_res50_8xb64-210e_coco-256x192.py'
SIZE, BATCH = (640, 480), 16


def make_video(path, frames):
    """A textured image that drifts, with noise: as hard to decode as a real one."""
    random = np.random.RandomState(0)
    ground = cv2.resize(random.randint(0, 255, (60, 80, 3), np.uint8), (800, 600))
    video = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*'mp4v'), 30, SIZE)
    for number in range(frames):
        x, y = number % 150, (2 * number) % 110
        image = ground[y : y + SIZE[1], x : x + SIZE[0]].astype(np.int16)
        image += random.randint(-8, 8, image.shape, np.int16)
        video.write(np.clip(image, 0, 255).astype(np.uint8))
    video.release()


def network(folder):
    """The config and random weights of the network, as files."""
    import mmpose

    path = osp.join(osp.dirname(mmpose.__file__), '.mim', 'configs', NETWORK)
    config = Config.fromfile(path)
    config.model.backbone.init_cfg = None
    config.model.test_cfg.flip_test = False
    estimator = Estimator(config, None)
    config.dump(osp.join(folder, 'network.py'))
    weights = dict(state_dict=estimator.model.state_dict(), meta=dict(dataset_meta=estimator.meta))
    torch.save(weights, osp.join(folder, 'network.pth'))
    return config, osp.join(folder, 'network.py'), osp.join(folder, 'network.pth')


def batches_in_memory(estimator, recording):
    """The network's inputs of all frames."""
    samples = []
    for frame in read_frames(recording):
        samples += estimator.prepare(frame.image, WholeImage()(recording, frame))
    parts = [samples[i : i + BATCH] for i in range(0, len(samples), BATCH)]
    return [
        estimator.model.data_preprocessor(pseudo_collate(part), False)['inputs'] for part in parts
    ]


@torch.no_grad()
def bare(estimator, batches):
    for batch in batches:
        estimator.model(batch, None, mode='tensor')


def timed(action):
    """Seconds on the wall and of the processor, of all threads."""
    start, used = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - start, time.process_time() - used


def measure(frames, rounds):
    """Name -> best frames a second, and processor milliseconds a frame."""
    torch.set_num_threads(int(os.environ['OMP_NUM_THREADS']))
    cv2.setNumThreads(1)
    register()
    with tempfile.TemporaryDirectory() as folder:
        path = osp.join(folder, 'video.mp4')
        make_video(path, frames)
        config, config_file, weights = network(folder)
        estimator = Estimator(config, weights)
        [recording] = find_recordings([path])
        batches = batches_in_memory(estimator, recording)

        def ours():
            parts = tempfile.mkdtemp(dir=folder)
            job = Job(estimator, 'net', 'm', WholeImage(), parts, BATCH, lambda line: None)
            assert len(predict_recording(recording, job).frame) == frames

        from mmpose.apis import MMPoseInferencer

        inferencer = MMPoseInferencer(
            config_file, weights, det_model='whole_image', device='cpu', scope='mmpose'
        )
        inferencer.inferencer.show_progress = False

        def theirs():
            found = list(inferencer(path, batch_size=BATCH))
            assert sum(len(each['predictions']) for each in found) == frames

        ways = dict(bare=lambda: bare(estimator, batches), ours=ours, inferencer=theirs)
        times = {name: [] for name in ways}
        bare(estimator, batches[:1])
        for _ in range(rounds):
            for name, way in ways.items():
                times[name].append(timed(way))
    return {
        name: dict(
            frames_per_second=round(frames / min(wall for wall, _ in each), 2),
            cpu_ms_per_frame=round(1000 * min(cpu for _, cpu in each) / frames, 2),
        )
        for name, each in times.items()
    }


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--frames', type=int, default=96)
    parser.add_argument('--rounds', type=int, default=4)
    parser.add_argument('--out')
    args = parser.parse_args(argv)
    rows = measure(args.frames, args.rounds)
    for name, row in rows.items():
        row['rate_of_bare'] = round(row['frames_per_second'] / rows['bare']['frames_per_second'], 3)
        row['rate_of_bare_by_processor'] = round(
            rows['bare']['cpu_ms_per_frame'] / row['cpu_ms_per_frame'], 3
        )
        print(
            f'{name:11} {row["frames_per_second"]:8.2f} frames a second, '
            f'{row["rate_of_bare"]:.2f} of bare; {row["cpu_ms_per_frame"]:.1f} ms of the '
            f'processor a frame, {row["rate_of_bare_by_processor"]:.2f} of bare'
        )
    result = dict(
        command=f'python -m benchmarks.predict --frames {args.frames} --rounds {args.rounds}',
        frames=args.frames,
        rounds=args.rounds,
        threads=int(os.environ['OMP_NUM_THREADS']),
        network=NETWORK,
        machine=machine(),
        results=rows,
    )
    if args.out:
        write_json(args.out, result)


if __name__ == '__main__':
    sys.exit(main())
