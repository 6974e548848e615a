"""benchmarks/degeneration.py: what it finds, and what it notes of how it was run."""

from benchmarks.degeneration import study, study_command
from mmpose_al.fileio import read_json


def test_without_the_25d_constraint_the_poses_collapse():
    """A short run of benchmarks/degeneration.py: the loss falls, the poses are one."""
    free = study('free 3D, normalised', steps=100, num=64, batch=16)
    held = study('2.5D, known rotations', steps=100, num=64, batch=16)
    assert free['loss'][-1] < 0.2 * free['loss'][0]
    assert free['diversity'][-1] < 0.5 * free['diversity'][0]
    assert free['error'][-1] > free['error'][0]
    assert held['diversity'][-1] > 0.7 and held['error'][-1] < held['error'][0]


def test_a_study_notes_how_it_is_run_again(tmp_path, monkeypatch):
    out = str(tmp_path / 'found')
    words = ['--steps', '3', '--seeds', '4', '--out', out, '--figure', out + '.png']
    monkeypatch.setattr('sys.argv', [str(tmp_path / 'somewhere.py'), *words])
    study_command('', 'some_study', lambda steps, seeds: dict(results=1), str, lambda *_: None)
    report = read_json(out + '.json')
    assert report['command'] == ' '.join(['python -m benchmarks.some_study', *words])
    assert (report['steps'], report['seeds'], report['results']) == (3, [4], 1)
