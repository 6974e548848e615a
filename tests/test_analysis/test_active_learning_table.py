"""The tables of active learning, by hand, and the README that must not be typed."""

import json

import cv2
import pytest

from mmpose_al.analysis import active_learning_table as tables
from tests.commands import command

LABELS = (10, 20, 40)


def write(
    folder,
    row,
    seed,
    values,
    failed=(4.0, 2.0, 1.0),
    pseudo=None,
    steps=9,
    finished='3 rounds are done',
):
    """A result of three rounds; 10, 20 and 40 of 100 frames labelled."""
    content = dict(row=row, seed=seed, steps=steps, machine='m', input_size=[4, 4])
    if row == 'all':
        content['metrics'] = {'multiview/MKPE': values, 'multiview/failed': 0.0, 'pck/a': 80.0}
    else:
        rounds = [
            dict(
                labels=n,
                metrics={
                    'multiview/MKPE': v,
                    'multiview/failed': f,
                    'pck/a': 100 - v,
                    'student0/pck/a': 1.0,
                },
                pseudo=0,
                pseudo_mkpe=None,
                seconds=dict(train=40.0, score=20.0),
            )
            for n, v, f in zip(LABELS, values, failed)
        ]
        for entry, error in zip(rounds, pseudo or ()):
            entry.update(pseudo=3, pseudo_mkpe=error)
        content.update(
            rounds=rounds,
            units=100,
            unit='frames',
            finished=finished,
            self_training=pseudo and dict(num=3, schedule='grow'),
        )
    (folder / f'{row}_seed{seed}.json').write_text(json.dumps(content))


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / 'active_test'
    folder.mkdir()
    write(folder, 'random', 0, (60.0, 50.0, 40.0))
    write(folder, 'random', 1, (62.0, 54.0, 48.0))
    write(folder, 'mvc', 0, (60.0, 44.0, 38.0))
    write(folder, 'mvc', 1, (62.0, 46.0, 36.0))
    write(folder, 'mvc-pl-grow', 0, (60.0, 40.0, 36.0), pseudo=(7.0, 9.0))
    write(folder, 'mvc-pl-grow', 1, (62.0, 42.0, 36.0), pseudo=(8.0, None))
    write(folder, 'all', 0, 37.0)
    write(folder, 'all', 1, 39.0)
    return folder


def test_results_that_do_not_belong_together_are_refused(results):
    path = results / 'mvc_seed0.json'
    content = json.loads(path.read_text())
    copy = results / 'copy.json'
    for change, words in (
        ({}, '"seed": 0 of row \'mvc\', which'),
        (dict(seed=2, unit='images'), 'field "unit": .*cannot share a table'),
        (dict(seed=2, input_size=[8, 8]), 'field "input_size"'),
        (dict(seed=2, rounds=[]), 'copy.json is no result'),
        (dict(seed=None), 'copy.json is no result'),
    ):
        copy.write_text(json.dumps(dict(content, **change)))
        with pytest.raises(ValueError, match=words):
            tables.load(str(results))


def test_of_two_rounds_with_equally_many_labels_the_last_counts(results):
    content = json.loads((results / 'mvc_seed0.json').read_text())
    content['rounds'].append(dict(content['rounds'][-1], metrics={'pck/a': 7.0}))
    assert tables.by_label([content], 'pck/a') == {10: [40.0], 20: [56.0], 40: [7.0]}


def test_networks_that_learn_together_have_a_row_of_their_ensemble(results):
    for seed in (0, 1):
        path = results / f'mvc_seed{seed}.json'
        content = json.loads(path.read_text())
        for entry in content['rounds']:
            entry['metrics']['ensemble/pck/a'] = 99.0
        path.write_text(json.dumps(content))
    rows = tables.load(str(results))
    assert 'mvc, ensemble' in rows and 'random, ensemble' not in rows
    assert tables.by_label(rows['mvc, ensemble'], 'pck/a') == {n: [99.0, 99.0] for n in LABELS}
    assert tables.by_label(rows['mvc'], 'pck/a')[10] == [40.0, 38.0]


def test_how_many_labels_are_worth_n_random_ones(results):
    """Random 61, 52, 44; mvc 61, 45, 37; 61 -> 52 is 9 of 16 of its way from 10 to 20."""
    rows = tables.load(str(results))
    found = tables.worth(rows['mvc'], 'multiview/MKPE', rows['random'])
    assert found == pytest.approx({10: 10, 20: 10 + 10 * 9 / 16, 40: 20 + 20 * 1 / 8})
    text = tables.worth_table(rows, 'multiview/MKPE')
    lines = text.split('\n')
    assert lines[0].startswith('**Labels that reach what N random ones reach** (MKPE in mm')
    assert lines[2] == '| strategy | 10 random | 20 random | 40 random |'
    assert lines[4] == '| mvc | ≤ 10 | 16 | 22 |'
    assert text in tables.markdown(rows) and text not in tables.markdown(rows, ['pck/a'])
    higher = tables.worth(rows['mvc'], 'pck/a', rows['random'])
    assert higher == pytest.approx(found)
    never = tables.worth(rows['random'], 'pck/a', rows['mvc'])
    assert never[10] == 10 and never[40] != never[40]  # not reached
    del rows['random']
    assert tables.worth_table(rows, 'multiview/MKPE') == ''


def test_random_labels_are_compared_over_the_seeds_that_have_them(results):
    """Seed 0 alone has 40 random labels. Its 40 is 4 of 6 of the way of its mvc, 44 to 38."""
    rows = tables.load(str(results))
    assert [r['seed'] for r in rows['random']] == [0, 1]
    del rows['random'][1]['rounds'][-1]
    found = tables.worth(rows['mvc'], 'multiview/MKPE', rows['random'])
    assert found == pytest.approx({10: 10, 20: 10 + 10 * 9 / 16, 40: 20 + 20 * 4 / 6})
    other = [dict(r, seed=7) for r in rows['mvc']]
    assert all(n != n for n in tables.worth(other, 'multiview/MKPE', rows['random']).values())


def test_tables_by_hand(results):
    rows = tables.load(str(results))
    assert list(rows) == ['random', 'mvc', 'mvc-pl-grow', 'all']
    assert tables.metrics_of(rows) == ['multiview/MKPE', 'multiview/failed', 'pck/a']
    lines = tables.markdown(rows).split('\n')
    assert lines[0].startswith('**MKPE in mm') and 'lower is better' in lines[0]
    assert lines[2] == (
        '| strategy | seeds | 10 (10 %) | 20 (20 %) | 40 (40 %) | area '
        '| lead | labels for 95 % | reached |'
    )
    # Areas: (10 * 55 + 20 * 45) / 30 = 48.33, (10 * 58 + 20 * 51) / 30 = 53.33.
    # Full supervision 38, target 38 / 0.95 = 40: seed 0 reaches it at 40, seed 1 never.
    assert lines[4] == (
        '| random | 2 | 61.0 ± 1.4 | 52.0 ± 2.8 | 44.0 ± 5.7 | 50.8 ± 3.5 |  '
        '| 40 (1 of 2 seeds) | 86 % |'
    )
    # Areas (10 * 52 + 20 * 41) / 30 = 44.67 and (10 * 54 + 20 * 41) / 30 = 45.33; leads
    # 3.67 and 8; 20 + 20 * 4 / 6 = 33.33 and 20 + 20 * 6 / 10 = 32 labels; 38 / 37.
    assert lines[5] == (
        '| mvc | 2 | 61.0 ± 1.4 | 45.0 ± 1.4 | 37.0 ± 1.4 | 45.0 ± 0.5 | +5.8 ± 3.1 '
        '| 33 ± 1 | 103 % |'
    )
    assert lines[7] == '| all: 100 (100 %) | 2 | 38.0 ± 1.4 |  |  |  |  |  |  |'
    # failed: no area, no target
    place = lines.index(
        '**Share of the joints that could not be triangulated, in %** (lower is better)'
    )
    assert lines[place + 2] == ('| strategy | seeds | 10 (10 %) | 20 (20 %) | 40 (40 %) |')
    # pck/a: higher is better; random's areas are 51.67 and 46.67, mvc's 55.33 and 54.67
    place = lines.index('**pck/a** (higher is better)')
    assert '| +5.8 ± 3.1 |' in lines[place + 5]
    # 95 % of 80 is 76, the best has 64
    assert lines[place + 5].endswith('| not reached | 79 % |')
    # What a round trains on was chosen by the one before it.
    place = [i for i, line in enumerate(lines) if 'pseudo-labels that' in line][0]
    assert lines[place + 2] == '| strategy | schedule | seeds | round 1 | round 2 |'
    assert lines[place + 4] == ('| mvc-pl-grow | grow | 2 | 7.5 ± 0.7 (3) | 9.0 (3) |')
    assert lines[-1] == (
        'Seeds 0, 1 (first labels, weights and order); a pool of 100 frames; 9 '
        'optimiser steps a round; input 4x4; a round takes 60 s (median); m.'
    )


def test_without_full_supervision_and_with_unequal_rounds(results):
    for seed in (0, 1):
        (results / f'all_seed{seed}.json').unlink()
    write(results, 'bsb', 0, (60.0, 50.0), finished=None)
    lines = tables.markdown(tables.load(str(results))).split('\n')
    assert lines[2].endswith('| 40 (40 %) | area | lead |')
    # it ends before the others: no area
    assert lines[5] == '| bsb | 1 | 60.0 | 50.0 |  |  |  |'
    assert lines[-1].endswith('Not finished: bsb seed 0.')


def test_a_seed_that_ended_early_is_said(results):
    write(results, 'random', 1, (62.0, 54.0))
    lines = tables.markdown(tables.load(str(results))).split('\n')
    # the area of seed 0: (10 * 55 + 20 * 45) / 30; 38 of 40 reached
    assert lines[4] == (
        '| random | 2 | 61.0 ± 1.4 | 52.0 ± 2.8 | 40.0 (1 of 2 seeds) | 48.3 (1 of 2 seeds) '
        '|  | 40 (1 of 2 seeds) | 95 % |'
    )
    # mvc leads seed 0 by 48.33 - 44.67
    assert lines[5].split(' | ')[6] == '+3.7'


def test_what_is_the_same_everywhere_needs_no_table(results):
    rows = tables.load(str(results))
    assert tables.constant(rows, 'multiview/failed') is None
    for seed, row in [(s, r) for s in (0, 1) for r in ('random', 'mvc', 'mvc-pl-grow')]:
        path = results / f'{row}_seed{seed}.json'
        content = json.loads(path.read_text())
        for entry in content['rounds']:
            entry['metrics']['multiview/failed'] = 0.0
        path.write_text(json.dumps(content))
    text = tables.markdown(tables.load(str(results)))
    assert '**Share of the joints' not in text
    assert (
        'Share of the joints that could not be triangulated, in %: 0.0 in every round of every row.'
        in text
    )


def test_what_does_not_belong_together_is_refused(results, tmp_path):
    write(results, 'bsb', 0, (1.0, 2.0, 3.0), steps=10)
    with pytest.raises(ValueError, match='field "steps": 10, and .* has 9; they cannot share'):
        tables.load(str(results))
    (tmp_path / 'empty').mkdir()
    write(tmp_path / 'empty', 'all', 0, 1.0)
    with pytest.raises(ValueError, match='no result files'):
        tables.load(str(tmp_path / 'empty'))
    (tmp_path / 'empty' / 'x.json').write_text('{"row": "mvc", "metrics": {}}')
    with pytest.raises(ValueError, match='x.json is no result'):
        tables.load(str(tmp_path / 'empty'))


def test_the_readme_and_its_figure(results, tmp_path, capsys):
    readme = tmp_path / 'README.md'
    readme.write_text('a\n<!-- table: active_test -->\n<!-- end -->\nb\n')
    command('active-learning-table', results, '--write', readme)
    first = readme.read_text()
    assert first.startswith(
        'a\n<!-- table: active_test -->\n![Metric against labels](active_test.png)\n\n**MKPE'
    )
    assert first.endswith('<!-- end -->\nb\n')
    command('active-learning-table', results, '--write', readme)
    assert readme.read_text() == first
    short = tmp_path / 'short.md'
    short.write_text('<!-- table: active_test; only: pck/a -->\n<!-- end -->\n')
    command('active-learning-table', results, '--write', readme, short)
    assert readme.read_text() == first
    assert short.read_text().split('\n')[1].startswith('**pck/a**')
    assert 'MKPE' not in short.read_text() and '![' not in short.read_text()
    with pytest.raises(ValueError, match="no metric 'pck'; there are multiview/MKPE"):
        tables.markdown(tables.load(str(results)), ['pck'])
    picture = cv2.imread(str(tmp_path / 'active_test.png'))
    assert picture.shape[1] > 800 and picture.std() > 5  # two parts, not blank
    with pytest.raises(SystemExit, match='no single pair of markers'):
        readme.write_text('')
        command('active-learning-table', results, '--write', readme)


def test_a_bootstrapped_row_is_shown_before_and_after(tmp_path):
    """With AP in percent, and random picks trained alike as the baseline."""
    for row, shift in (('random-bootstrap', 0.0), ('coreset-bootstrap', 0.1)):
        rounds = [
            dict(
                labels=labels,
                metrics={'coco/AP': ap + shift, 'coco/AP (L)': -1.0},
                alone={'coco/AP': ap - 0.05, 'coco/AP (L)': -1.0},
                seconds=dict(train=1.0),
            )
            for labels, ap in ((4, 0.2), (8, 0.3))
        ]
        content = dict(row=row, seed=0, steps=9, machine='m', input_size=[4, 4])
        content.update(rounds=rounds, units=100, finished='8 labels')
        (tmp_path / f'{row}_seed0.json').write_text(json.dumps(content))
    text = tables.markdown(tables.load(str(tmp_path)))
    assert '(L)' not in text and 'AP, in %' in text
    lines = [line.split(' | ') for line in text.splitlines() if line.startswith('| ')]
    found = {line[0].strip('| '): [c.strip(' |') for c in line[2:6]] for line in lines[2:6]}
    assert found == {
        'random-bootstrap': ['20.0', '30.0', '25.0', ''],
        'random-bootstrap, labels alone': ['15.0', '25.0', '20.0', '-5.0'],
        'coreset-bootstrap': ['30.0', '40.0', '35.0', '+10.0'],
        'coreset-bootstrap, labels alone': ['15.0', '25.0', '20.0', '-5.0'],
    }
    short = tables.markdown(tables.load(str(tmp_path)), ['coco/AP'])
    kept = [line for line in lines[2:6] if 'labels alone' not in line[0]]
    assert [' | '.join(line) in short for line in kept] == [True, True]
    assert 'labels alone' not in short


def test_errors_are_errors_and_unknown_metrics_have_no_better_end(results):
    """ECE is MKPE over 10; two_views is 0 with all labels; nobody knows of x/y."""
    for path in results.iterdir():
        content = json.loads(path.read_text())
        for entry in content.get('rounds', [content]):
            error = entry['metrics']['multiview/MKPE']
            more = {'confidence/ECE': error / 10, 'multiview/two_views': error - 37, 'x/y': error}
            entry['metrics'].update(more)
        path.write_text(json.dumps(content))
    rows = tables.load(str(results))
    known, two, unknown = (
        tables.metric_table(rows, name).splitlines()
        for name in ('confidence/ECE', 'multiview/two_views', 'x/y')
    )
    mkpe = tables.metric_table(rows, 'multiview/MKPE').splitlines()
    assert known[0] == '**confidence/ECE** (lower is better)' and unknown[0] == '**x/y**'
    ends = [
        [line.split(' | ')[-2:] for line in lines if '| mvc |' in line] for lines in (known, mkpe)
    ]
    assert ends[0] == ends[1]  # labels for 95 %, and what was reached
    assert '| area | lead |' in known[2]
    assert 'area' not in unknown[2] and 'area' not in two[2] and 'lower' in two[0]
    nothing = [dict(rows['mvc'][0], rounds=[dict(labels=40, metrics={'pck/z': 1.0})])]
    assert tables.reached_cell(nothing, 'pck/z', [0.0], 40) == '–'
