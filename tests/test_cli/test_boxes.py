"""``mmpose-al boxes``: what goes together, and what the rooms below are told."""

import pytest

from mmpose_al.converters import detect_boxes
from tests.commands import command


@pytest.fixture
def told(monkeypatch):
    """What was called, instead of a detector."""
    calls = []
    monkeypatch.setattr(detect_boxes, 'detect', lambda job, detector: calls.append((job, detector)))
    monkeypatch.setattr(
        detect_boxes, 'convert_detections', lambda job, path: calls.append((job, path))
    )
    return calls


def test_a_detector_drops_junk_and_detections_are_held_to_their_images(told):
    command('boxes', 'images', 'det.py', 'det.pth', '--out', 'a.json', '--top-k', 3)
    command('boxes', '--from-detections', 'd.json', '--ann-file', 'c.json', '--out', 'a.json')
    (found, detector), (converted, path) = told
    assert detector is None and path == 'd.json'
    assert (found.images, found.config, found.checkpoint) == ('images', 'det.py', 'det.pth')
    assert (found.keep.on_bad, found.keep.top_k) == ('skip', 3)
    assert (converted.keep.on_bad, converted.ann_file) == ('raise', 'c.json')


@pytest.mark.parametrize(
    'words',
    [
        ['images', 'det.py'],
        ['--from-detections', 'd.json'],
        ['images', '--from-detections', 'd.json', '--ann-file', 'c.json'],
    ],
)
def test_what_does_not_go_together_is_wrong_usage(told, words, capsys):
    with pytest.raises(SystemExit) as stop:
        command('boxes', *words, '--out', 'a.json')
    assert stop.value.code == 2 and not told
    assert 'mmpose-al boxes: error: ' in capsys.readouterr().err
