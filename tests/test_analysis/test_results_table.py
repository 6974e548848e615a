"""The table of results, by hand, and the README that must not be typed."""

import json
import os

import pytest

from mmpose_al.analysis import results_table
from mmpose_al.fileio import write_json


def result(folder, row, seed, value, steps=10, labels=None, **more):
    metrics = {'pck/a': value}
    metrics.update(more)
    content = dict(
        row=row,
        seed=seed,
        steps=steps,
        input_size=[4, 4],
        machine='m',
        labels=labels or dict(num=5, unit='images'),
        metrics=metrics,
    )
    (folder / f'{row}_seed{seed}.json').write_text(json.dumps(content))


def test_table_by_hand(tmp_path):
    for seed, value in enumerate((10.0, 12.0, 14.0)):
        result(tmp_path, 'supervised', seed, value)
        result(
            tmp_path,
            'posedual',
            seed,
            value + 5 + seed,
            **{'ensemble/pck/a': 21.0, 'student0/pck/a': 1.0},
        )
        result(tmp_path, 'supervised-all', seed, 32.0, labels='all')
    lines = results_table.make_table(str(tmp_path)).split('\n')
    assert lines[0] == '| method | labels | seeds | pck/a | lead | gap closed |'
    assert lines[2] == '| supervised | 5 images | 3 | 12.0 ± 2.0 |  |  |'
    # 15, 18, 21; leads of 5, 6, 7; (18 - 12) / (32 - 12)
    assert lines[3] == ('| posedual | 5 images | 3 | 18.0 ± 3.0 | +6.0 ± 1.0 | 30 % |')
    # leads of 11, 9, 7; (21 - 12) / (32 - 12)
    assert lines[4] == ('| posedual, ensemble | 5 images | 3 | 21.0 ± 0.0 | +9.0 ± 2.0 | 45 % |')
    assert lines[5] == '| supervised-all | all | 3 | 32.0 ± 0.0 |  |  |'
    assert 'Seeds 0, 1, 2' in lines[-1] and '10 optimiser steps' in lines[-1]


def test_results_that_do_not_belong_together_are_refused(tmp_path):
    """Each was a mean of something else."""
    result(tmp_path, 'supervised', 0, 10.0)
    result(tmp_path, 'posedual', 0, 12.0)
    table = lambda: results_table.make_table(str(tmp_path))  # noqa: E731
    assert '12.0' in table()
    path = tmp_path / 'posedual_seed0.json'
    content = json.loads(path.read_text())
    copy = tmp_path / 'posedual_copy.json'
    copy.write_text(json.dumps(content))
    with pytest.raises(ValueError, match='"seed": 0 of row \'posedual\', which .*posedual_copy'):
        table()
    copy.write_text(json.dumps(dict(content, seed=1, labels=dict(num=500, unit='images', seed=1))))
    with pytest.raises(ValueError, match='field "labels": .*cannot share a row'):
        table()
    copy.write_text(json.dumps(dict(content, seed=1, labels=dict(content['labels'], seed=1))))
    assert '| 2 |' in table()
    copy.write_text(json.dumps(dict(content, row='other', input_size=[8, 8])))
    with pytest.raises(ValueError, match='field "input_size": .*cannot share a table'):
        table()
    copy.write_text(json.dumps(dict(content, row='other', metrics={'coco/AP': 0.5})))
    with pytest.raises(ValueError, match='no metric such as'):
        table()
    copy.write_text(json.dumps({k: v for k, v in content.items() if k != 'machine'}))
    with pytest.raises(ValueError, match='it has no machine'):
        table()


def test_an_ap_that_is_undefined_is_no_number(tmp_path):
    for row, value in (('supervised', 0.4), ('posedual', -1.0)):
        result(tmp_path, row, 0, 1.0, **{'coco/AP': value})
    text = results_table.make_table(str(tmp_path))
    assert '| supervised | 5 images | 1 | 40.0 |' in text
    assert '| posedual | 5 images | 1 | – |' in text


def test_a_short_table_has_the_rows_that_its_marker_names(tmp_path):
    for row, value in (('supervised', 10.0), ('posecons', 11.0), ('posedual', 13.0)):
        result(tmp_path, row, 0, value)
    other = tmp_path.parent / (tmp_path.name + '-compute')
    other.mkdir()
    result(other, 'supervised', 0, 10.0, steps=99)

    def table(only):
        return results_table.make_table(str(tmp_path), only)

    page = 'a\n<!-- table: t; only: posedual | supervised -->\nold\n<!-- end -->\nb\n'
    lines = results_table.replace_table(page, 't', table).split('\n')
    assert lines[1] == '<!-- table: t; only: posedual | supervised -->'
    assert [line.split(' | ')[0] for line in lines[4:6]] == ['| posedual', '| supervised']
    assert '| +3.0 |' in lines[4] and lines[6] == '' and 'equal compute' not in lines[2]
    assert 'equal compute' in table([]).split('\n')[0] and 'posecons' in table([])
    with pytest.raises(ValueError, match="no row 'posetrio'; there are supervised"):
        table(['posetrio'])


def test_actions_of_the_test_set_by_hand():
    def results(row, seed, value, rare):
        return dict(
            row=row,
            seed=seed,
            metrics={'pck/a': 0.0},
            test={
                'pck/a': value,
                'pck/a/action/sitting': rare,
                'mean/pck/a/action/x': 1.0,
                'ensemble/pck/a': value + 1,
                'ensemble/pck/a/action/sitting': rare * 2,
            },
        )

    rows = dict(
        supervised=[results('supervised', 0, 10.0, 4.0), results('supervised', 1, 12.0, 6.0)],
        posedual=[results('posedual', 0, 11.0, 1.0), results('posedual', 1, 15.0, 5.0)],
    )
    lines = results_table.markdown_actions(rows).strip().split('\n')
    assert lines[0] == '| test set | seeds | all | sitting |'
    assert lines[2] == '| supervised | 2 | 11.0 ± 1.4 | 5.0 ± 1.4 |'
    assert lines[3] == '| posedual | 2 | 13.0 ± 2.8 | 3.0 ± 2.8 |'
    assert lines[4:] == ['| lead of posedual |  | +2.0 ± 1.4 | -2.0 ± 1.4 |']
    # where the networks were tested together on the validation set too
    for found in rows['posedual']:
        found['metrics']['ensemble/pck/a'] = 0.0
    lines = results_table.markdown_actions(results_table.with_ensembles(rows))
    lines = lines.strip().split('\n')
    assert lines[4] == '| posedual, ensemble | 2 | 14.0 ± 2.8 | 6.0 ± 5.7 |'
    assert lines[6] == '| lead of posedual, ensemble |  | +3.0 ± 1.4 | +1.0 ± 4.2 |'
    for row in rows.values():
        del row[1]['test'], row[0]['test']
    assert results_table.markdown_actions(rows) == ''


def test_equal_compute_is_a_second_column(tmp_path):
    result(tmp_path, 'supervised', 0, 10.0)
    result(tmp_path, 'posedual', 0, 15.0)
    result(tmp_path, 'supervised-all', 0, 30.0, labels='all')
    other = tmp_path / 'compute'
    other.mkdir()
    result(other, 'supervised', 0, 12.0, steps=47)
    result(other, 'supervised-all', 0, 36.0, steps=47, labels='all')
    with pytest.raises(ValueError, match='steps'):
        result(other, 'supervised', 1, 12.0, steps=46)
        results_table.load(str(other), same_steps=False)
    (other / 'supervised_seed1.json').unlink()
    result(other, 'posedual', 0, 15.0)
    lines = results_table.markdown(
        results_table.load(str(tmp_path)), results_table.load(str(other), same_steps=False)
    ).split('\n')
    assert lines[0].endswith('| steps of equal compute | pck/a | lead | gap closed |')
    # 15 - 12 and (15 - 12) / (36 - 12)
    assert lines[3].endswith('| 15.0 | +5.0 | 25 % | 10 | 15.0 | +3.0 | 12 % |')
    assert lines[4].endswith('| 47 | 36.0 |  |  |')


def test_only_seeds_that_both_have_are_compared(tmp_path):
    for seed, value in enumerate((10.0, 20.0)):
        result(tmp_path, 'supervised', seed, value)
        result(tmp_path, 'supervised-all', seed, 30.0, labels='all')
    result(tmp_path, 'posedual', 1, 18.0)
    rows = results_table.load(str(tmp_path))
    assert results_table.lead('posedual', 'pck/a', rows) == '-2.0'
    assert results_table.gap_closed('posedual', 'pck/a', rows) == '-20 %'


def test_what_could_not_be_measured_is_a_dash(tmp_path):
    content = dict(row='ws', steps=1, metrics={'a': float('nan'), 'b': 2.0})
    content.update(seed=0, input_size=[4, 4], machine='m', labels='all')
    write_json(str(tmp_path / 'ws_seed0.json'), content)
    assert 'NaN' not in (tmp_path / 'ws_seed0.json').read_text()
    values = results_table.load(str(tmp_path))['ws'][0]['metrics']
    assert results_table.mean_std([values['a']]) == '–'
    assert results_table.mean_std([values['b']]) == '2.0'


def test_unequal_steps_and_missing_markers_are_refused(tmp_path):
    result(tmp_path, 'supervised', 0, 1.0)
    result(tmp_path, 'posedual', 0, 1.0, steps=11)
    with pytest.raises(ValueError, match='steps'):
        results_table.load(str(tmp_path))
    with pytest.raises(ValueError, match='markers'):
        results_table.replace_table('no marker', 'x', 'table')
    with pytest.raises(ValueError, match='no result'):
        os.mkdir(str(tmp_path / 'empty'))
        results_table.load(str(tmp_path / 'empty'))


def test_files_that_are_no_results_are_named(tmp_path):
    result(tmp_path, 'supervised', 0, 1.0)
    for text, words in (
        ('{"a": 1}', 'has no metrics, row, steps'),
        ('[1]', 'has no'),
        ('{', 'is not JSON'),
        ('3', 'is no result file'),
    ):
        (tmp_path / 'x.json').write_text(text)
        with pytest.raises(ValueError, match=f'x.json.*{words}'):
            results_table.make_table(str(tmp_path))


def test_what_was_not_measured_is_left_empty(tmp_path):
    """A metric that equal compute lacks, an action that one run's test lacks."""
    folder, equal = tmp_path / 'a', tmp_path / 'a-compute'
    for place in (folder, equal):
        place.mkdir()
    for seed in (0, 1):
        result(folder, 'supervised', seed, 10.0, **{'pck/b': 1.0})
        result(folder, 'posedual', seed, 12.0, **{'pck/b': None if seed else 2.0})
        result(folder, 'supervised-all', seed, 20.0, labels='all', **{'pck/b': 3.0})
    result(equal, 'supervised', 0, 11.0)
    lines = results_table.make_table(str(folder)).split('\n')
    assert lines[3] == (
        '| posedual | 5 images | 2 | 12.0 ± 0.0 | +2.0 ± 0.0 | 20 % '
        '| – | – | – |  |  |  |  |  |  |  |'
    )
    assert lines[2].endswith('| 10 | 11.0 |  |  |  |  |  |')
    for seed in (0, 1):
        path = folder / f'posedual_seed{seed}.json'
        content = dict(
            json.loads(path.read_text()),
            test={'pck/a': 5.0, **({'pck/a/action/sit': 7.0} if seed else {})},
        )
        path.write_text(json.dumps(content))
    assert '| posedual | 2 | 5.0 ± 0.0 | 7.0 |' in results_table.make_table(str(folder))


def test_table_of_3d_errors_by_hand(tmp_path):
    for row, seed, error in (
        ('ws-paper', 0, float('nan')),
        ('fs', 0, 50.0),
        ('fs', 1, 70.0),
        ('ws', 0, 65.0),
        ('ws', 1, 85.0),
        ('2d-only', 0, 200.0),
    ):
        metrics = {name: error for _, name in results_table.COLUMNS_3D}
        metrics['EPE'] = error / 50
        (tmp_path / f'{row}_{seed}.json').write_text(
            json.dumps(
                dict(row=row, seed=seed, steps=9, input_size=[4, 4], machine='m', metrics=metrics)
            )
        )
    rows = results_table.load(str(tmp_path))
    assert results_table.is_3d(rows)
    lines = results_table.markdown_3d(rows).split('\n')
    # 2D: 1.0 and 1.4 against 4.0 with seed 0 alone
    assert lines[2].startswith('| fs | 2 | 1.20 ± 0.28 | -3.00 | 60.0 ± 14.1 |')
    assert lines[2].endswith('| 1.00 |')
    assert lines[3].startswith('| ws | 2 | 1.50 ± 0.28 | -2.70 | 75.0 ±') and lines[3].endswith(
        '| 1.25 |'
    )
    assert lines.pop(4) == '| ws-paper | 1' + ' | –' * 10 + ' |'
    assert lines[4].startswith('| 2d-only | 1 | 4.00 |  | 200.0 |') and lines[4].endswith(
        '| 4.00 |'
    )  # of seed 0 alone
    assert 'Seeds 0, 1' in lines[-1]


def test_names_are_text_in_the_table(tmp_path):
    result(tmp_path, 'supervised', 0, 1.0)
    result(tmp_path, 'a|b <script>', 0, 2.0)
    lines = [
        line
        for line in results_table.make_table(str(tmp_path)).splitlines()
        if line.startswith('|')
    ]
    assert any(line.startswith('| a\\|b &lt;script&gt; |') for line in lines)
    assert len({line.replace('\\|', '').count('|') for line in lines}) == 1
