"""A network taken out of a checkpoint predicts as it did inside."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import HistoryBuffer
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import MODELS

from mmpose_al.apis.checkpoints import allow_mmengine_checkpoints
from mmpose_al.apis.students import config_value, evaluated_network, extract_network, without_arrays
from tests.commands import command
from tests.helpers import images, student
from tests.test_apis.test_checkpoints import Runs

KINDS = dict(
    dual=dict(type='PoseDual', students=student()),
    second=dict(type='PoseDual', students=student(), test_cfg=dict(predict=1)),
    cons=dict(type='PoseCons', students=student()),
    mean=dict(type='MeanTeacherPose', students=student()),
    learner=dict(type='MeanTeacherPose', students=student(), test_cfg=dict(predict=0)),
    frozen=dict(type='PseudoPose', students=student()),
)


def trained(kind, path, **meta):
    """A checkpoint of an estimator with weights that differ everywhere, and the estimator."""
    model = MODELS.build(dict(KINDS[kind])).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    torch.save(dict(meta=meta, state_dict=model.state_dict()), str(path))
    return model


def test_round_trip(tmp_path, capsys):
    source, out = str(tmp_path / 'dual.pth'), str(tmp_path / 'one.pth')
    dual = trained('dual', source)
    command('extract', source, out, '--student', 1)
    assert 'student 1' in capsys.readouterr().out
    alone = MODELS.build(student()).eval()
    alone.load_state_dict(torch.load(out, weights_only=True)['state_dict'])
    batch = images(2)
    with torch.no_grad():
        assert torch.equal(alone(batch, None), dual.students[1](batch, None))
    with pytest.raises(SystemExit, match='student 0, student 1'):
        command('extract', source, out, '--student', 7)


@pytest.mark.parametrize(
    'kind, evaluated, with_config',
    [
        ('dual', 'ensemble', True),
        ('dual', 'ensemble', False),
        ('second', 'students.1', True),
        ('cons', 'students.0', True),
        ('cons', 'students.0', False),
        ('mean', 'teacher', True),
        ('mean', 'teacher', False),
        ('learner', 'students.0', True),
        ('frozen', 'students.0', True),
        ('frozen', 'students.0', False),
    ],
)
def test_what_is_written_is_what_was_evaluated(tmp_path, kind, evaluated, with_config):
    source, out = str(tmp_path / 'all.pth'), str(tmp_path / 'one.pth')
    cfg = Config(dict(model=KINDS[kind])).pretty_text
    model = trained(kind, source, **(dict(cfg=cfg) if with_config else {}))
    done = extract_network(source, out)
    expected = 'students.0' if kind == 'dual' else evaluated
    assert done[:3] == (expected, evaluated, False)
    alone = MODELS.build(student()).eval()
    alone.load_state_dict(torch.load(out, weights_only=True)['state_dict'])
    batch = images(2)
    if kind != 'dual':
        with torch.no_grad():  # the estimator's own answer
            assert torch.equal(alone(batch, None), model(batch, None))


def test_the_average_of_a_hook_is_what_a_checkpoint_holds(tmp_path):
    source, out = str(tmp_path / 'all.pth'), str(tmp_path / 'one.pth')
    state = MODELS.build(dict(KINDS['cons'])).state_dict()
    torch.save(dict(state_dict=state, ema_state_dict=dict(steps=torch.zeros(1))), source)
    assert extract_network(source, out).averaged


def test_a_config_is_read_and_not_run():
    path = ['model', 'test_cfg', 'predict']
    assert config_value("model = dict(test_cfg={'predict': 1})", path) == 1
    for text in ('', 'model = 3', 'model = dict(', 'model = dict(test_cfg=dict(predict=exit()))'):
        assert config_value(text, path) is None
    assert evaluated_network({}, {'network.head.w': torch.ones(1)}) == 'network'


@pytest.mark.parametrize(
    'content, said',
    [
        ([1], 'holds a list'),
        (dict(meta={}), 'no tensor in it'),
        (dict(state_dict=student), 'x.pth: it cannot be read .* run code'),
        (dict(state_dict={'head.w': torch.ones(1)}), 'single network already'),
    ],
)
def test_what_is_no_checkpoint_of_an_estimator_is_told(tmp_path, content, said):
    source = str(tmp_path / 'x.pth')
    torch.save(content, source)
    with pytest.raises(ValueError, match=said):
        extract_network(source, str(tmp_path / 'one.pth'))
    assert not (tmp_path / 'one.pth').exists()


@pytest.mark.parametrize('content', [b'', b'version https://git-lfs.github.com/spec/v1', 'half'])
def test_files_that_are_no_checkpoints_are_told(tmp_path, content):
    source = tmp_path / 'x.pth'
    if content == 'half':
        trained('cons', source)
        content = source.read_bytes()[: source.stat().st_size // 2]
    source.write_bytes(content)
    with pytest.raises(ValueError, match='x.pth: it cannot be read as a checkpoint of tensors'):
        extract_network(str(source), str(tmp_path / 'one.pth'))


def test_metainfo_without_arrays():
    found = without_arrays(
        dict(a=np.ones(2), b=(np.float32(1), {np.int64(3): 'x'}), c=[np.zeros((1, 2))], d=None)
    )
    assert repr(found) == "{'a': [1.0, 1.0], 'b': [1.0, {3: 'x'}], 'c': [[[0.0, 0.0]]], 'd': None}"


def test_metainfo_that_holds_the_same_list_again_and_again_takes_no_time(tmp_path):
    value = ['x']
    for _ in range(60):
        value = [value, value]
    found = without_arrays(dict(a=value))['a']
    assert found[0] is found[1] and len(pickle.dumps(found)) < 2000
    source, out = str(tmp_path / 'dual.pth'), str(tmp_path / 'one.pth')
    trained('dual', source, dataset_meta=dict(a=value))
    extract_network(source, out, 'students.0')
    assert os.path.getsize(out) < os.path.getsize(source)


@pytest.mark.parametrize('version', ['2.1.2+cpu', '2.11.0'])
def test_a_checkpoint_with_mmengines_logs_is_read_by_older_pytorch_too(
    tmp_path, monkeypatch, version
):
    monkeypatch.setattr(torch, '__version__', version)
    source, out, mark = (str(tmp_path / name) for name in ('dual.pth', 'one.pth', 'mark'))
    trained('dual', source)
    content = torch.load(source, weights_only=True)
    content['message_hub'] = dict(log_scalars=dict(loss=HistoryBuffer([1.0], [1])))
    torch.save(content, source)
    assert extract_network(source, out, 'students.0').tensors > 0
    torch.save(dict(content, evil=Runs(mark)), source)
    with pytest.raises(ValueError, match='dual.pth: it cannot be read as a checkpoint of tensors'):
        extract_network(source, out, 'students.0')
    assert not os.path.exists(mark)


PLAIN = """
import sys
import numpy as np
from mmpose.apis import inference_topdown, init_model

config, checkpoint = sys.argv[1:]
model = init_model(config, checkpoint, device='cpu')
found = inference_topdown(model, np.full((60, 50, 3), 90, np.uint8))
assert found[0].pred_instances.keypoints.shape == (1, 17, 2), found
assert 'mmpose_al' not in sys.modules
print(model.dataset_meta['keypoint_id2name'][3], model.backbone.conv1.weight.sum().item())
"""


def test_plain_mmpose_loads_and_runs_it(tmp_path):
    """In a process without this package; PyTorch checks what it unpickles."""
    network = dict(
        type='TopdownPoseEstimator',
        data_preprocessor=dict(type='PoseDataPreprocessor'),
        backbone=dict(type='ResNet', depth=18),
        head=dict(
            type='HeatmapHead',
            in_channels=512,
            out_channels=17,
            deconv_out_channels=None,
            loss=dict(type='KeypointMSELoss'),
            decoder=dict(type='MSRAHeatmap', input_size=(64, 64), heatmap_size=(2, 2), sigma=1),
        ),
        test_cfg=dict(flip_test=True),
    )
    pipeline = [
        dict(type='LoadImage'),
        dict(type='GetBBoxCenterScale'),
        dict(type='TopdownAffine', input_size=(64, 64)),
        dict(type='PackPoseInputs'),
    ]
    config = dict(
        default_scope='mmpose',
        model=network,
        test_dataloader=dict(dataset=dict(type='CocoDataset', pipeline=pipeline)),
    )
    Config(config).dump(str(tmp_path / 'plain.py'))
    dual = MODELS.build(dict(type='PoseDual', students=network))
    meta = parse_pose_metainfo(dict(from_file='configs/_base_/datasets/coco.py'))
    source, out = str(tmp_path / 'dual.pth'), str(tmp_path / 'one.pth')
    torch.save(dict(meta=dict(dataset_meta=meta), state_dict=dual.state_dict()), source)
    allow_mmengine_checkpoints()
    extract_network(source, out, 'students.1')
    done = subprocess.run(
        [sys.executable, '-c', PLAIN, str(tmp_path / 'plain.py'), out],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    name, weight = done.stdout.split()[-2:]
    assert name == 'left_ear'
    assert float(weight) == dual.students[1].backbone.conv1.weight.sum().item()
