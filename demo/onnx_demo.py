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
    pixels = cv2.warpAffine(image, matrix, tuple(size), flags=cv2.INTER_LINEAR).astype(np.float32)
    if known['input'] == 'normalized':
        pixels = pixels[..., ::-1] if known['channels'] == 'RGB' else pixels
        pixels = (pixels - np.float32(known['mean'])) / np.float32(known['std'])
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)), matrix


def blurred(maps, side, border):
    """Maps (B, K, h, w) after a Gaussian filter of a side in pixels."""
    each = [cv2.GaussianBlur(one, (side, side), 0, borderType=border) for one in np.vstack(maps)]
    return np.reshape(each, maps.shape)


def peaks(maps):
    """Highest places x, y of maps (B, K, h, w), each (B, K), and indices b, k."""
    y, x = np.unravel_index(maps.reshape(*maps.shape[:2], -1).argmax(-1), maps.shape[2:])
    return x, y, *np.indices(x.shape)


def decode_offsets(maps, codec):
    """As :func:`decode`, of UDP's heatmaps with offsets: (B, 3 K, h, w)."""
    size = np.array(maps.shape[:1:-1])
    sure = blurred(maps[:, ::3], 2 * codec['blur_kernel_size'] + 1, cv2.BORDER_DEFAULT)
    x, y, b, k = peaks(sure)
    offsets = np.stack([maps[b, 3 * k + axis, y, x] for axis in (1, 2)], -1)
    places = np.stack([x, y], -1) + offsets * codec['radius_factor'] * max(size)
    return places / (size - 1) * codec['input_size'], sure.max((2, 3))


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
    if known['outputs'] == ['heatmaps_and_offsets']:
        return decode_offsets(outputs[0], known['codec'])
    maps, megvii = outputs[0], known['codec']['type'] == 'MegviiHeatmap'
    scores, (h, w) = maps.max((2, 3)), maps.shape[2:]
    if megvii:
        maps = blurred(maps, known['codec']['kernel_size'], cv2.BORDER_CONSTANT)
    x, y, b, k = peaks(maps)
    # The place lies a quarter of a pixel towards the higher neighbour, where both are there.
    right = maps[b, k, y, np.minimum(x + 1, w - 1)] - maps[b, k, y, x - 1]
    below = maps[b, k, np.minimum(y + 1, h - 1), x] - maps[b, k, y - 1, x]
    dx = np.sign(right) / 4 * ((x > 1) & (x < w - 1) & (y > 0))
    dy = np.sign(below) / 4 * ((y > 1) & (y < h - 1) & (x > 0))
    places = np.stack([x + dx, y + dy], -1)
    if megvii:  # whose pixels begin where others have their middle, with labels of 255
        places, scores = places + 0.5, scores / 255 + 0.5
    return places * known['codec']['scale_factor'], scores


def main(path, image_path, *box):
    session = onnxruntime.InferenceSession(path, providers=['CPUExecutionProvider'])
    entries = session.get_modelmeta().custom_metadata_map
    known = {key: json.loads(value) for key, value in entries.items()}
    image = cv2.imread(image_path)
    if image is None:
        sys.exit(f'{image_path}: cannot be read as an image')
    pixels, matrix = crop(image, box or (0, 0, image.shape[1], image.shape[0]), known)
    places, scores = decode(session.run(None, {'input': pixels[None]}), known)
    places = (places[0] - matrix[:, 2]) / np.diag(matrix)
    for name, (x, y), score in zip(known['keypoints'], places, scores[0]):
        print(f'{name} {x:.2f} {y:.2f} {score:.3f}')


if __name__ == '__main__':
    main(*sys.argv[1:])
