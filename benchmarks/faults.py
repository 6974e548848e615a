"""Power losses, full and broken disks, kills and flipped bits: what was injected, what was lost.

    python -m benchmarks.faults [--more 4] [--write docs/studies/faults.md]

Runs the suite that injects faults (``tests/test_integration/test_faults.py``) with about
``--more`` times as many of them as the tests do, and notes what each of its tests has counted:
faults, what had been acknowledged before them, what of it was not there afterwards, and what was
there that the undisturbed work does not leave. It stops where a test fails, and leaves
``benchmarks/results/faults.json``.
"""

import argparse
import os
import os.path as osp
import resource
import time

import pytest

from benchmarks import ROOT
from mmpose_al.analysis.active_learning_table import table as markdown
from mmpose_al.analysis.results_table import write_table
from mmpose_al.fileio import machine, write_json

RESULT = osp.join(ROOT, 'benchmarks', 'results', 'faults.json')
SUITE = osp.join(ROOT, 'tests', 'test_integration', 'test_faults.py')
SUMMED = ('injected', 'lost', 'wrong')  # what is acknowledged differs in kind


class Figures:
    """A plugin of pytest that gathers what the tests have counted.

    Attributes:
        rows (list[dict]): One a test that counts: ``work``, ``fault``, ``what`` (is
            acknowledged), ``acknowledged`` and ``SUMMED``.
    """

    def __init__(self) -> None:
        self.rows = []

    def pytest_runtest_logreport(self, report) -> None:
        """Of pytest, after each part of a test."""
        if report.when == 'call':
            self.rows += [value for name, value in report.user_properties if name == 'faults']


def run(more: int) -> list:
    """Run the suite; gives its rows.

    Raises:
        SystemExit: A test has failed.
    """
    os.environ['FAULTS'] = str(more)  # read when the suite is imported
    figures = Figures()
    status = pytest.main(['-q', '-x', '-p', 'no:cacheprovider', SUITE], plugins=[figures])
    if status:
        raise SystemExit(f'the suite has failed (status {int(status)}); nothing is written')
    return figures.rows


def table(content: dict) -> str:
    """The table of a page: a row for each kind of work and of fault, and their sum."""
    rows = content['rows']
    lines, work = [], None
    for row in rows:
        named = 'the same' if row['work'] == work else row['work']
        work = row['work']
        lines.append(
            [named, row['fault'], f'{row["injected"]:,}', f'{row["acknowledged"]:,} {row["what"]}']
            + [f'{row["lost"]:,}', f'{row["wrong"]:,}']
        )
    injected, lost, wrong = (sum(row[name] for row in rows) for name in SUMMED)
    head = ['work', 'fault', 'injected', 'acknowledged', 'lost', 'wrong']
    lines.append(['**all**', '', f'**{injected:,}**', '', f'**{lost:,}**', f'**{wrong:,}**'])
    about = (
        f'`{content["command"]}`: {content["seconds"] / 60:.0f} minutes, of which '
        f'{content["processor_seconds"] / 60:.0f} of the processor; {content["machine"]}.'
    )
    return '\n\n'.join([markdown(head, lines), about])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        '--more', type=int, default=4, help='how many times the faults of the tests'
    )
    parser.add_argument('--out', default=RESULT)
    parser.add_argument('--write', metavar='PAGE', help='put the table into this page')
    args = parser.parse_args()
    start = time.monotonic()
    rows = run(args.more)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    content = dict(
        rows=rows,
        command=f'python -m benchmarks.faults --more {args.more}',
        seconds=round(time.monotonic() - start),
        processor_seconds=round(sum(each.ru_utime + each.ru_stime for each in used)),
        machine=machine(),
    )
    write_json(args.out, content)
    print(table(content))
    if args.write:
        write_table(args.write, 'faults', table(content))


if __name__ == '__main__':
    main()
