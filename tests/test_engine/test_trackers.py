"""Names of metrics as experiment trackers take them."""

import re
import sys
from unittest import mock

import pytest
from mmengine.config import Config
from mmengine.visualization import Visualizer

from mmpose_al.engine.trackers import tracked_name

REPORTED = [
    'coco/AP',
    'coco/AP (M)',
    'coco/AP .5',
    'student0/coco/AP (M)',
    'mean/pck/bbox@0.1',
    'pck/bbox@0.1',
    'pck/bbox@0.1/left wrist',
    'pck/bbox@0.1/action/Walking: 2',
    'pose3d/N-MPJPE',
    'pose3d/N-MPJPE/joint/nose',
    'multiview/residual/camera 1/x',
    'loss',
    'lr',
]
# What mlflow 2.16 says: letters, digits, _, -, ., spaces and slashes
MLFLOW = re.compile(r'^[/\w.\- ]*$')


def test_names_that_every_tracker_takes():
    names = [tracked_name(name) for name in REPORTED]
    assert names[1:3] == ['coco/AP M', 'coco/AP .5']
    assert names[4:7] == ['mean/pck.bbox_0.1', 'pck/bbox_0.1', 'pck/bbox_0.1.left wrist']
    assert names[-2:] == ['loss', 'lr']
    assert len(set(names)) == len(names)
    for name in names:
        assert MLFLOW.match(name)
        # a name is a file or a folder there, not both
        assert not any(other.startswith(name + '/') for other in names)


@pytest.mark.parametrize('kind', ['MLflow', 'Neptune', 'DVCLive'])
def test_a_config_gets_them_by_mmengines_names(kind, tmp_path, monkeypatch):
    """The backends of a run under default_scope='mmpose'."""
    visualizer = Visualizer(
        vis_backends=[dict(type=f'{kind}VisBackend')], save_dir=str(tmp_path), name=kind
    )
    (backend,) = visualizer._vis_backends.values()
    assert type(backend).__module__ == 'mmpose_al.engine.trackers'
    seen = []
    base = type(backend).__mro__[2]
    monkeypatch.setattr(base, 'add_scalars', lambda self, d, *a, **k: seen.append(set(d)))
    monkeypatch.setattr(base, 'add_scalar', lambda self, n, *a, **k: seen.append({n}))
    visualizer.add_scalars({'pck/bbox@0.1': 1.0, 'coco/AP (M)': 2.0}, step=3)
    visualizer.add_scalar('pck/bbox@0.1', 1.0)
    assert seen == [{'pck/bbox_0.1', 'coco/AP M'}, {'pck/bbox_0.1'}]


def test_any_config_becomes_parameters_of_mlflow(tmp_path):
    mlflow = mock.MagicMock()
    config = Config(
        dict(
            names={0: dict(name='nose')},
            mixed=[dict(a=1), 'x'],
            paths=[[dict(a=1)]],
            keys=('a', 'b'),
            thr={'pck@0.1': 3},
        )
    )
    with mock.patch.dict(sys.modules, mlflow=mlflow):
        visualizer = Visualizer(
            vis_backends=[dict(type='MLflowVisBackend')], save_dir=str(tmp_path), name='flow'
        )
        visualizer.add_config(config)
    (logged,) = mlflow.log_params.call_args[0]
    assert logged == {
        'names.0.name': 'nose',
        'mixed.0.a': 1,
        'mixed.1': 'x',
        'paths': [[dict(a=1)]],
        'keys': ('a', 'b'),
        'thr.pck_0.1': 3,
    }
