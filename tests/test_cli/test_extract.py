"""``mmpose-al extract``: one student as a checkpoint of its own."""

import pytest
import torch

from tests.commands import command


@pytest.fixture
def dual(tmp_path):
    """A checkpoint of two students with a weight and a bias each."""
    path = tmp_path / 'dual.pth'
    state = {f'students.{i}.head.{name}': torch.ones(2) * i for i in (0, 1) for name in ('w', 'b')}
    torch.save(dict(meta=dict(), state_dict=state), str(path))
    return path


@pytest.mark.parametrize('student', [0, 1])
def test_the_chosen_student_is_written_under_its_own_names(dual, tmp_path, capsys, student):
    out = tmp_path / 'one.pth'
    command('extract', dual, out, '--student', student)
    said = capsys.readouterr().out
    assert said.startswith(f'{out}: student {student}, 2 tensors; the evaluation of the run was ')
    assert 'mean of all students' in said
    state = torch.load(str(out), weights_only=True)['state_dict']
    assert {name: value.tolist() for name, value in state.items()} == {
        'head.w': [student, student],
        'head.b': [student, student],
    }


def test_a_student_that_is_not_there_is_told_in_a_line(dual, tmp_path):
    with pytest.raises(SystemExit, match='student 0, student 1'):
        command('extract', dual, tmp_path / 'one.pth', '--student', 7)
    assert not (tmp_path / 'one.pth').exists()


def test_a_moving_average_is_named(tmp_path, capsys):
    path, out = tmp_path / 'mean.pth', tmp_path / 'one.pth'
    state = {f'{name}.w': torch.ones(2) * i for i, name in enumerate(('students.0', 'teacher'))}
    torch.save(dict(state_dict=dict(state, steps=torch.zeros(()))), str(path))
    command('extract', path, out)
    assert capsys.readouterr().out == f'{out}: teacher, 1 tensors\n'
    assert torch.load(str(out), weights_only=True)['state_dict']['w'].tolist() == [1, 1]
    command('extract', path, out, '--student', 0)
    assert 'evaluation of the run was of teacher' in capsys.readouterr().out
    command('extract', path, out, '--teacher')
    assert capsys.readouterr().out == f'{out}: teacher, 1 tensors\n'
