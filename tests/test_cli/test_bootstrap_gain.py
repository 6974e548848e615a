"""``mmpose-al bootstrap-gain``: truth, two networks, a table and a file."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from mmengine.config import Config

from mmpose_al.cli import launch
from mmpose_al.engine import bootstrapping
from tests.commands import command

SIZES = {'c.py': 64, 's.py': 128}  # what the pipeline of each config makes of an image
BOXES = {7: [0, 0, 50, 20], 9: [0, 0, 10, 100]}


@pytest.fixture
def fake(monkeypatch):
    """Two views of two joints; of the second view the truth of one is known."""
    truth = {7: [10, 10, 2, 20, 20, 1], 9: [30, 30, 2, 0, 0, 0]}
    pool = SimpleNamespace(
        path='pool.json',
        persons=frozenset(BOXES),
        data=dict(annotations=[dict(id=i, bbox=BOXES[i], keypoints=truth[i]) for i in BOXES]),
    )
    labels = np.zeros((2, 2, 3))
    labels[:, 0] = [[11, 10, 2], [30, 39, 2]]
    made = SimpleNamespace(
        ids=np.array([9, 7]),
        keypoints=labels[::-1],
        labeled=labels[::-1, :, 2] > 0,
        votes=np.array([[4, 0], [4, 0]]),
    )
    seen = {
        'alone.pth': np.array([[[10, 16], [20, 20]], [[30, 30], [0, 0]]], float),
        'student.pth': np.array([[[10, 14], [20, 26]], [[30, 45], [0, 0]]], float),
    }
    alone = SimpleNamespace(id=np.array([7, 9]), keypoints=seen['alone.pth'])
    asked = []

    def score_source(cfg, rig, checkpoint):
        asked.append((cfg.model.name, cfg.size, checkpoint))
        return SimpleNamespace(id=np.array([7, 9]), keypoints=seen[checkpoint]), None

    monkeypatch.setattr(
        launch, 'read_config', lambda name: Config(dict(model=dict(name=name), size=SIZES[name]))
    )
    monkeypatch.setattr(
        bootstrapping, 'bootstrap', lambda *given: (SimpleNamespace(pool=pool), alone, made)
    )
    monkeypatch.setattr(bootstrapping, 'score_source', score_source)
    return pool, asked


def test_the_table_and_the_file(fake, tmp_path, capsys):
    """Right within 5 pixels of view 7, 10 of view 9; votes of 4 on the first joint."""
    out = tmp_path / 'gain.json'
    command('bootstrap-gain', 'c.py', 'alone.pth', 'student.pth', '--out', out)
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == '| too few | 1 | 100.0% | – | 0.0% | – | 100.0% |'
    assert lines[3] == '| 4 | 2 | 50.0% | 100.0% | 50.0% | 100.0% | 100.0% |'
    rows = json.loads(out.read_text())['rows']
    assert [row['inliers'] for row in rows] == [0, 4] and rows[0]['labels'] is None
    assert fake[1] == [('c.py', 64, 'student.pth')]


def test_another_model_and_another_radius(fake, capsys):
    command(
        'bootstrap-gain', 'c.py', 'alone.pth', 'student.pth', '--student-config', 's.py',
        '--right', '0.2',
    )  # fmt: skip
    assert '| 4 | 2 | 100.0% | 100.0% | 100.0% | – | 0.0% |' in capsys.readouterr().out
    assert fake[1] == [('s.py', 128, 'student.pth')]


def test_without_the_truth_there_is_no_table(fake):
    for annotation in fake[0].data['annotations']:
        annotation['keypoints'] = None
    with pytest.raises(SystemExit, match='no view without a label has its true keypoints'):
        command('bootstrap-gain', 'c.py', 'alone.pth', 'student.pth')
