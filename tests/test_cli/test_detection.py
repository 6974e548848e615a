"""Options of a detector, and boxes that it finds."""

import argparse
import json

import cv2
import numpy as np

from mmpose_al.cli.detection import add_detection, add_detector, add_device, find_boxes


def arguments(*words):
    parser = argparse.ArgumentParser()
    add_detector(parser, 'its best box')
    add_detection(parser)
    add_device(parser)
    return parser.parse_args(words)


def test_the_defaults():
    args = arguments()
    assert (args.detector, args.device, args.class_name) == (None, None, 'person')
    assert (args.score_thr, args.min_size) == (0.5, 16)


def test_small_and_doubtful_boxes_do_not_count(tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), np.zeros((80, 90, 3), 'u1'))

    def detector(image):
        assert image.shape == (80, 90, 3)
        return np.array(
            [[0, 0, 40, 60, 0.9], [5, 5, 60, 70, 0.6], [1, 1, 9, 9, 0.9], [0, 0, 50, 50, 0.2]]
        )

    out = str(tmp_path / 'boxes.json')
    args = arguments('--detector', 'config.py', 'weights.pth')
    find_boxes(args, str(tmp_path), {'a.png': (90, 80)}, out, detector)
    found = json.loads((tmp_path / 'boxes.json').read_text())
    assert sorted(round(box['score'], 1) for box in found['annotations']) == [0.6, 0.9]
