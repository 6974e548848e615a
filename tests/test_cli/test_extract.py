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
    assert capsys.readouterr().out == f'{out}: student {student}, 2 tensors\n'
    state = torch.load(str(out), weights_only=True)['state_dict']
    assert {name: value.tolist() for name, value in state.items()} == {
        'head.w': [student, student],
        'head.b': [student, student],
    }


def test_a_student_that_is_not_there_is_told_in_a_line(dual, tmp_path):
    with pytest.raises(SystemExit, match='students 0, 1'):
        command('extract', dual, tmp_path / 'one.pth', '--student', 7)
    assert not (tmp_path / 'one.pth').exists()
