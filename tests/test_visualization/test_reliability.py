"""The picture of a reliability: it is there, and single joints need enough of them."""

import cv2
import numpy as np
import pytest

from mmpose_al.confidence import reliability
from mmpose_al.visualization import reliability as drawing


def test_the_picture_has_a_panel_for_each_and_a_line_for_each_joint_with_enough(
    tmp_path, monkeypatch
):
    random = np.random.RandomState(0)
    confidence = random.rand(300)
    right = random.rand(300) < confidence
    together = reliability(confidence, right, 5)
    few = reliability(confidence[:9], right[:9], 1)
    joints = dict(nose=reliability(confidence[:200], right[:200], 5), tail=few)
    kept = []
    write = drawing.write_figure
    monkeypatch.setattr(
        drawing,
        'write_figure',
        lambda path, figure, **k: (kept.append(figure), write(path, figure)),
    )
    path = str(tmp_path / 'reliability.png')
    drawing.plot_reliability(path, [('a', together, joints), ('b', together, {})], '0.1 of bbox')
    assert cv2.imread(path).shape[1] > 600
    first, second = kept[0].axes
    lines = {line.get_label(): line for line in first.lines}
    assert 'nose' in lines and 'tail' not in lines
    assert lines['all'].get_ydata().tolist() == pytest.approx(together.right.tolist())
    assert first.get_title() == f'a: ECE {100 * together.ece:.1f} %'
    assert first.get_ylabel() == 'share of joints within 0.1 of bbox'
    assert len(second.lines) == 2
