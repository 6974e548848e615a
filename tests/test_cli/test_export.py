"""``mmpose-al export``: labels by the ending of a file, networks held to their model."""

import numpy as np
import pytest

from mmpose_al.deployment import torchscript_file
from tests.commands import command
from tests.test_prediction.models import trained
from tests.test_projects.files import deeplabcut


@pytest.fixture(scope='module')
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp('export')
    command('new', folder / 'p', deeplabcut(folder / 's'))
    return folder / 'p'


def test_files_are_told(project, tmp_path, capsys):
    command('export', project, '--out', tmp_path / 'a.json')
    command('export', project, '--out', tmp_path / 'dlc')
    command('export', project, '--out', tmp_path / 'b.txt', '--format', 'coco')
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith('a.json') and said[1].endswith('CollectedData_Ann.csv')
    assert (tmp_path / 'a.json').read_text() == (tmp_path / 'b.txt').read_text()


@pytest.mark.parametrize(
    'name, words, problem',
    [
        ('p', ['--out', 'x.txt'], 'ends as no format'),
        ('gone', ['--out', 'x.json'], 'is no project'),
        ('p', ['--torchscript', 'x.pt'], 'nothing is trained yet'),
        ('p', [], 'name what to write'),
        ('p', ['--torchscript', 'x.pt', '--opset', '17'], 'give --onnx too'),
        ('p', ['--onnx', 'x.txt'], '--onnx x.txt: let the name end in .onnx'),
        ('p', ['--torchscript', 'x.onnx'], '--torchscript x.onnx: let the name end in .pt'),
        ('p', ['--torchscript', 'x.pt', '--format', 'coco'], 'give --out too'),
    ],
)
def test_errors_are_a_line(project, tmp_path, name, words, problem, capsys):
    with pytest.raises(SystemExit):
        command('export', project.parent / name, *words)
    assert problem in capsys.readouterr().err


@pytest.fixture
def dual(tmp_path):
    return trained(tmp_path / 'run', students=True)


def test_a_network_is_written_and_what_it_takes_is_said(dual, tmp_path, capsys):
    path = tmp_path / 'n.pt'
    command('export', dual, '--torchscript', path, '--images', 2)
    first, *said = capsys.readouterr().out.splitlines()
    assert first.startswith(f'{path}: PoseDual, mean of student 0 and student 1; TorchScript, 0.')
    assert said[0] == '  input (batch, 3, 48, 32): pixels, BGR'
    assert said[1] == '  outputs: heatmaps; codec MSRAHeatmap'
    assert 'compared with the model on 2 images of noise' in said[2]
    (heatmaps,) = torchscript_file.opened(str(path))(np.zeros((5, 3, 48, 32), np.float32))
    assert heatmaps.shape == (5, 4, 12, 8)


def test_onnx_and_normalised_images(dual, tmp_path, capsys):
    pytest.importorskip('onnx', reason='extra onnx')
    pytest.importorskip('onnxruntime', reason='extra onnx')
    path = tmp_path / 'n.onnx'
    words = ('--normalized-input', '--network', 1, '--opset', 16)
    command('export', dual, '--onnx', path, '--torchscript', tmp_path / 'n.pt', *words)
    said = capsys.readouterr().out
    assert f'{path}: PoseDual, student 1; ONNX, opset 16, 0.' in said
    assert said.count('(batch, 3, 48, 32): normalized, RGB') == 2 and path.is_file()
