import json
import os
from types import SimpleNamespace

import mmengine
import numpy as np
import pytest

from mmpose_al.engine.hooks import SaveMetricsHook

METRICS = {'pck/a': 0.5, 'coco/AP': np.float64(0.25), 'multiview/MKPE': float('nan')}
FIRST, SECOND = SimpleNamespace(rank=0), SimpleNamespace(rank=1)


def test_a_metric_that_is_not_finite_is_null(tmp_path):
    out = tmp_path / 'new' / 'test.json'
    SaveMetricsHook(str(out)).after_test_epoch(FIRST, METRICS)
    assert json.loads(out.read_text()) == {'pck/a': 0.5, 'coco/AP': 0.25, 'multiview/MKPE': None}


@pytest.mark.parametrize('ending', ['yaml', 'yml', 'pkl', 'pickle', 'YAML'])
def test_other_kinds_of_files(ending, tmp_path):
    out = str(tmp_path / f'test.{ending}')
    SaveMetricsHook(out).after_test_epoch(FIRST, {'pck/a': 0.5})
    assert mmengine.load(out, file_format=ending.lower()) == {'pck/a': 0.5}


def test_only_the_first_process_writes(tmp_path):
    hook = SaveMetricsHook(str(tmp_path / 'test.json'))
    hook.after_test_epoch(SECOND, METRICS)
    hook.after_test_epoch(FIRST, None)
    assert os.listdir(str(tmp_path)) == []


def test_other_endings_are_refused_before_the_test():
    with pytest.raises(ValueError, match='test.txt: let the name end in one of .json'):
        SaveMetricsHook('test.txt')
