"""The study of faults: its table of made-up counts, and what its suite gives."""

from types import SimpleNamespace

from benchmarks.faults import Figures, table


def row(work, fault, injected, acknowledged, lost, wrong):
    numbers = dict(injected=injected, acknowledged=acknowledged, lost=lost, wrong=wrong)
    return dict(work=work, fault=fault, what='persons', **numbers)


def test_table_by_hand():
    rows = [row('taking', 'ENOSPC', 12, 1000, 0, 0), row('taking', 'EIO', 30, 24, 2, 1)]
    rows.append(row('asking', 'EIO', 1, 0, 0, 0))
    told = dict(command='python -m x', seconds=600, processor_seconds=120, machine='a machine')
    lines = table(dict(told, rows=rows)).splitlines()
    assert lines[2:6] == [
        '| taking | ENOSPC | 12 | 1,000 persons | 0 | 0 |',
        '| the same | EIO | 30 | 24 persons | 2 | 1 |',
        '| asking | EIO | 1 | 0 persons | 0 | 0 |',
        '| **all** |  | **43** |  | **2** | **1** |',
    ]
    assert lines[-1] == '`python -m x`: 10 minutes, of which 2 of the processor; a machine.'


def test_counts_of_tests_are_gathered_once():
    figures, counted = Figures(), row('taking', 'EIO', 3, 2, 0, 0)
    for when in ('setup', 'call', 'teardown'):  # each has them
        properties = [('faults', counted), ('other', 1)]
        figures.pytest_runtest_logreport(SimpleNamespace(when=when, user_properties=properties))
    assert figures.rows == [counted]
