"""benchmarks/collapse.py: what it reads off the logs, and the table of the page."""

import json

import pytest

from benchmarks import collapse


def test_share_by_hand():
    def entry(step, easy):
        return dict(step=step, response_easy=easy, response_labeled=0.5)

    entries = [entry(100, 0.5), entry(110, 0.1), dict(step=115), entry(120, 0.3)]
    assert collapse.share(entries, 20) == pytest.approx(0.4 / 1.0)  # 110 and 120
    assert collapse.share(entries, 1) == pytest.approx(0.3 / 0.5)
    with pytest.raises(ValueError, match='no response_easy'):
        collapse.share([dict(step=3)], 20)


def test_a_run_that_was_resumed_is_read_whole(tmp_path):
    for name, step in (('a', 10), ('b', 20)):
        folder = tmp_path / name / 'vis_data'
        folder.mkdir(parents=True)
        (folder / 'scalars.json').write_text(
            json.dumps(dict(step=step, response_easy=step / 100, response_labeled=0.5)) + '\n'
        )
        (tmp_path / name / f'{name}.log').write_text(
            'CollapseMonitorHook: unlabelled images are collapsing to background. '
            f'Since iteration {step} their mean heatmap ...\n'
        )
    assert collapse.look(str(tmp_path), 15) == dict(share=0.3, since=10)


def test_table_by_hand():
    lines = collapse.table(
        dict(
            last=200,
            machine='m',
            rows={
                'posecons-easy-hard': [dict(seed=0, share=0.9, since=None)],
                'posecons-hard-hard': [
                    dict(seed=s, share=0.1 + s / 10, since=(7, 5)[s]) for s in (0, 1)
                ],
            },
        )
    ).split('\n')
    assert lines[2] == '| easy, hard | `posecons-easy-hard` | 1 | 0.90 | never |'
    assert lines[3] == (
        '| hard, hard, both in the gradient | `posecons-hard-hard` | 2 '
        '| 0.15 ± 0.07 | 2 of 2, since step 5 to 7 |'
    )
