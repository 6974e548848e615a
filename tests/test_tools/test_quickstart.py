import importlib.util
import os.path as osp

import pytest

ROOT = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))


@pytest.fixture(scope='module')
def quickstart():
    spec = importlib.util.spec_from_file_location(
        'quickstart', osp.join(ROOT, 'tools', 'quickstart.py')
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def job(quickstart, tmp_path, name, code):
    return quickstart.Job(name, ['-c', code], str(tmp_path / f'{name}.log'))


def test_the_configs_of_the_main_job_exist(quickstart):
    for path in quickstart.METHODS.values():
        assert osp.isfile(osp.join(ROOT, path)), path


def test_table_has_a_line_for_each_way_to_predict(quickstart):
    def metrics(prefix, ap, ap50, pck):
        return {prefix + 'coco/AP': ap, prefix + 'coco/AP .5': ap50, prefix + 'pck/bbox@0.1': pck}

    dual = metrics('', 0.3, 0.4, 0.5)
    dual.update(metrics('mean/', 0.3, 0.4, 0.5))
    dual.update(metrics('ensemble/', 0.355, 0.5, 61.25))
    lines = quickstart.table(
        dict(
            preset='small',
            seeds=dict(supervised=7, PoseDual=7),
            sizes=dict(supervised=[60, 0], PoseDual=[60, 2964], test=1400),
            metrics=dict(supervised=metrics('', 0.2, 0.25, 40.04), PoseDual=dual),
        )
    )
    assert 'Synthetic benchmark' in lines[0]
    assert '1,400 test images' in lines[0] and lines[0].endswith('seed 7')
    assert [line.split()[-5:] for line in lines[4:]] == [
        ['60', '0', '20.0', '25.0', '40.0'],
        ['60', '2,964', '30.0', '40.0', '0.5'],
        ['60', '2,964', '35.5', '50.0', '61.2'],
    ]


def test_a_failing_job_stops_the_others_and_shows_its_last_words(quickstart, tmp_path):
    slow = job(quickstart, tmp_path, 'slow', 'import time; time.sleep(600)')
    bad = job(quickstart, tmp_path, 'bad', 'raise ValueError("no such limb")')
    with pytest.raises(SystemExit, match='no such limb') as caught:
        quickstart.run_jobs([slow, bad])
    assert 'error: bad failed' in str(caught.value)
    assert slow.process.poll() is not None


def test_jobs_that_end_well_are_waited_for(quickstart, tmp_path):
    jobs = [job(quickstart, tmp_path, name, 'pass') for name in 'ab']
    quickstart.run_jobs(jobs)
    assert [j.process.returncode for j in jobs] == [0, 0]
