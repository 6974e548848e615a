#!/usr/bin/env python3
"""Keypoints of an image by a file of ``mmpose-al export``, without MMPose or PyTorch.

usage: python onnx_demo.py pose.onnx image.jpg [X Y WIDTH HEIGHT]     (the box of the body)
"""

import json
import sys

import cv2
import numpy as np
import onnxruntime


def crop(image, box, known):
    """The input (3, H, W) of a box x, y, w, h, and the map (2, 3) from the image to it."""
    x, y, w, h = map(float, box)
    size = np.array(known['input_size'])
    part = known['padding'] * max(w / size[0], h / size[1]) * size  # of the image, with margins
    scale = (size - known['use_udp']) / part
    matrix = np.c_[np.diag(scale), scale * (part / 2 - [x + w / 2, y + h / 2])]
    pixels = cv2.warpAffine(image, matrix, tuple(size), flags=cv2.INTER_LINEAR)
    return pixels.transpose(2, 0, 1).astype(np.float32), matrix


def decode(outputs, known):
    """Keypoints (B, K, 2) in pixels of the input, and scores (B, K)."""
    if known['outputs'] == ['keypoints']:
        found = outputs[0][:, 0]
        scores = 1 - found[..., 2:].sum(-1) / 2  # of RLE, which knows the deviations
        return found[..., :2] * known['input_size'], scores
    if known['outputs'] == ['simcc_x', 'simcc_y']:
        places = np.stack([values.argmax(-1) for values in outputs], -1)
        scores = np.minimum(*(values.max(-1) for values in outputs))
        return places / known['codec']['simcc_split_ratio'], scores
    maps = outputs[0] if known['outputs'] == ['heatmaps'] else outputs[0][:, ::3]
    scores = maps.max((2, 3))
    (h, w), (b, k) = maps.shape[2:], np.indices(scores.shape)
    y, x = np.unravel_index(maps.reshape(*scores.shape, -1).argmax(-1), (h, w))
    # The place lies a quarter of a pixel towards the higher neighbour, where both are there.
    right = maps[b, k, y, np.minimum(x + 1, w - 1)] - maps[b, k, y, x - 1]
    below = maps[b, k, np.minimum(y + 1, h - 1), x] - maps[b, k, y - 1, x]
    dx = np.sign(right) / 4 * ((x > 1) & (x < w - 1) & (y > 0))
    dy = np.sign(below) / 4 * ((y > 1) & (y < h - 1) & (x > 0))
    return np.stack([x + dx, y + dy], -1) * known['codec']['scale_factor'], scores


def main(path, image_path, *box):
    session = onnxruntime.InferenceSession(path, providers=['CPUExecutionProvider'])
    entries = session.get_modelmeta().custom_metadata_map
    known = {key: json.loads(value) for key, value in entries.items()}
    image = cv2.imread(image_path)
    pixels, matrix = crop(image, box or (0, 0, image.shape[1], image.shape[0]), known)
    places, scores = decode(session.run(None, {'input': pixels[None]}), known)
    places = (places[0] - matrix[:, 2]) / np.diag(matrix)
    for name, (x, y), score in zip(known['keypoints'], places, scores[0]):
        print(f'{name} {x:.2f} {y:.2f} {score:.3f}')


if __name__ == '__main__':
    main(*sys.argv[1:])
