import json
import os.path as osp

import pytest
from mmengine.config import Config

from benchmarks import semi_supervised as benchmark
from benchmarks.semi_supervised import ROOT, validations

TABLE = 'studio-4-frames'


def test_metrics_of_a_run_that_was_killed(tmp_path):
    """A torn line counts for nothing, and a run without a validation has no result."""
    with pytest.raises(ValueError, match='no validation'):
        validations(str(tmp_path))
    folder = tmp_path / '1' / 'vis_data'
    folder.mkdir(parents=True)
    lines = [dict(loss=1.0, step=5), {'pck/a': 2.0, 'step': 10, 'time': 0.1}]
    text = '\n'.join(map(json.dumps, lines))
    (folder / 'scalars.json').write_text(text[:-9])
    with pytest.raises(ValueError, match='no validation'):
        validations(str(tmp_path))
    (folder / 'scalars.json').write_text(text + '\n{"pck/a": 3.')
    assert validations(str(tmp_path))[-1] == dict(step=10, metrics={'pck/a': 2.0})


def test_a_bootstrapped_row_trains_on_the_pseudo_labels_of_its_teacher(tmp_path, monkeypatch):
    """Its teacher is trained first, and predicts with the same labels and data."""
    called = []

    def call(command, log):
        called.append(command)
        folder = tmp_path / 'work_dirs' / 'benchmarks' / TABLE / 'supervised_seed2'
        folder.mkdir(parents=True, exist_ok=True)
        (folder / 'supervised.pth').touch()
        (folder / 'last_checkpoint').write_text('/where/it/was/trained/supervised.pth')
        (folder / 'scalars.json').write_text('{"pck/a": 2.0, "step": 1200}')

    monkeypatch.setattr(benchmark, 'call', call)
    monkeypatch.setattr(benchmark, 'test', lambda *given: {})
    monkeypatch.setattr(
        benchmark, 'load_config', lambda path: Config.fromfile(osp.join(ROOT, path))
    )
    monkeypatch.setattr(benchmark, 'ROOT', str(tmp_path))
    benchmark.make_pseudo_labels(TABLE, 'bootstrap', 2, [])
    train, pseudo = called
    assert train[0] == 'tools/train.py' and train[1].endswith(
        'supervised_lite0_synthetic-64x64_4-frames.py'
    )
    out = f'work_dirs/benchmarks/{TABLE}/bootstrap_seed2/pseudo.json'
    own = str(tmp_path / 'work_dirs' / 'benchmarks' / TABLE / 'supervised_seed2' / 'supervised.pth')
    assert pseudo[:6] == ['-m', 'mmpose_al', 'bootstrap', train[1], own, '--out']
    assert pseudo[6] == out
    for key in ('data_root=work_dirs/studio/', 'labels.seed=2'):
        assert f'train_dataloader.dataset.labeled.{key}' in pseudo
    keys = benchmark.row_keys(TABLE, 'bootstrap', 2)
    config = benchmark.load_config(benchmark.TABLES[TABLE]['bootstrap'])
    config.merge_from_dict(keys)
    labels, made = config.train_dataloader.dataset.labeled
    assert (labels.data_root, labels.labels.seed, labels.subset) == (
        'work_dirs/studio/',
        2,
        'labeled',
    )
    assert osp.join(made.data_root, made.ann_file) == f'./{out}' and made.labels is None
    assert made.data_prefix.img == 'work_dirs/studio/images/'
    assert config.train_dataloader.dataset.shares == [1, 1]


def test_the_second_bootstrap_is_taught_by_the_first():
    assert benchmark.TEACHERS['bootstrap-twice'] == 'bootstrap'
    keys = benchmark.row_keys(TABLE, 'bootstrap-twice', 0)
    file = f'work_dirs/benchmarks/{TABLE}/bootstrap-twice_seed0/pseudo.json'
    assert keys['train_dataloader.dataset.labeled.1.ann_file'] == file


def test_students_of_other_outputs_have_a_table():
    """Its rows are the configs of what their names say."""
    rows = benchmark.TABLES['lspet-simcc']
    heads = {}
    for row, path in rows.items():
        model = benchmark.load_config(path).model
        students = model.get('students', model)
        students = students if isinstance(students, list) else [students]
        heads[row] = [student['head']['type'] for student in students]
    assert heads == {
        'supervised': ['HeatmapHead'],
        'supervised-simcc': ['RTMCCHead'],
        'posedual-a': ['HeatmapHead'],
        'posedual-simcc': ['RTMCCHead'],
        'posedual-heatmap-simcc': ['HeatmapHead', 'RTMCCHead'],
    }
