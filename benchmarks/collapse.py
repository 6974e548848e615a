"""What networks answer to unlabelled images, in the runs that may collapse (Xie21).

    python -m benchmarks.semi_supervised synthetic --rows posecons-easy-hard ...
    python -m benchmarks.collapse [--write docs/studies/collapse.md]

Reads the logs of these runs in work_dirs/benchmarks/synthetic and writes OUT: the mean
heatmap maximum of unlabelled easy views over the last steps as a share of that of
labelled images, for each seed, and since which step CollapseMonitorHook says that they
collapse. Rows of which no run is there are left out. With --write the table takes the
place between `<!-- table: collapse -->` and `<!-- end -->` of a page.
"""

import argparse
import os.path as osp
import re
import sys
from glob import glob

from benchmarks.semi_supervised import scalars
from mmpose_al.analysis.results_table import mean_std, write_table
from mmpose_al.fileio import machine, write_json

# Row -> its views, the teacher's first
ROWS = {
    'posecons-easy-hard': 'easy, hard',
    'posecons-no-detach': 'easy, hard, both in the gradient',
    'posecons-hard-easy': 'hard, easy',
    'posecons-hard-hard': 'hard, hard, both in the gradient',
    'posecons-easy-easy': 'easy, easy, both in the gradient',
    'posecons-reweighted': 'the same, foreground weighs more',
    'posecons-confidence-2': 'the same, only targets above 0.2',
    'posecons-confidence-4': 'the same, only targets above 0.4',
    'posecons-confidence-6': 'the same, only targets above 0.6',
    'posecons-confidence-8': 'the same, only targets above 0.8',
    'meanteacher-99-easy-easy': 'easy, easy, a moving average teaches',
}
SAID = re.compile('collapsing to background. Since iteration ([0-9]+)')


def share(entries: list, last: int) -> float:
    """Response to unlabelled easy views over that to labelled images, last steps.

    Args:
        entries (list[dict]): Lines of ``scalars.json``.
        last (int): How many steps count.

    Raises:
        ValueError: None of them has responses.
    """
    found = [e for e in entries if 'response_easy' in e]
    end = max((e['step'] for e in found), default=0)
    late = [e for e in found if e['step'] > end - last]
    if not late:
        raise ValueError('its log has no response_easy')
    return sum(e['response_easy'] for e in late) / sum(e['response_labeled'] for e in late)


def look(folder: str, last: int) -> dict:
    """Share and first warning of the run in a work directory."""
    said = []
    for path in sorted(glob(osp.join(folder, '*', '*.log'))):
        with open(path) as file:
            said += map(int, SAID.findall(file.read()))
    return dict(share=round(share(list(scalars(folder)), last), 4), since=min(said, default=None))


def table(content: dict) -> str:
    """Markdown."""
    lines = [
        "| views, the teacher's first | row | seeds | share of the response to "
        'labelled images | the monitor speaks |',
        '| --- | --- | --- | --- | --- |',
    ]
    for row in (row for row in ROWS if row in content['rows']):
        runs = content['rows'][row]
        since = sorted(run['since'] for run in runs if run['since'] is not None)
        steps = ''
        if since:
            steps = f', since step {since[0]}' + (
                f' to {since[-1]}' if since[-1] > since[0] else ''
            )
        lines.append(
            f'| {ROWS[row]} | `{row}` | {len(runs)} '
            f'| {mean_std([run["share"] for run in runs], ".2f")} '
            f'| {f"{len(since)} of {len(runs)}" if since else "never"}{steps} |'
        )
    lines.append(
        f'\nMeans over the last {content["last"]} steps and the seeds; {content["machine"]}.'
    )
    return '\n'.join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--runs', default='work_dirs/benchmarks/synthetic')
    parser.add_argument('--seeds', nargs='+', type=int, default=[0, 1, 2])
    parser.add_argument('--last', type=int, default=200, help='steps that count')
    parser.add_argument('--out', default='benchmarks/results/collapse.json')
    parser.add_argument('--write', help='page to bring up to date')
    args = parser.parse_args()
    rows = {}
    for row in ROWS:
        for seed in args.seeds:
            folder = osp.join(args.runs, f'{row}_seed{seed}')
            if osp.exists(osp.join(folder, 'test.json')):  # it is done
                try:
                    rows.setdefault(row, []).append(dict(seed=seed, **look(folder, args.last)))
                except ValueError as error:
                    sys.exit(f'collapse: {folder}: {error}')
    if not rows:
        sys.exit(
            f'collapse: {args.runs} has none of the runs; python -m '
            f'benchmarks.semi_supervised synthetic --rows {" ".join(ROWS)}'
        )
    content = dict(last=args.last, machine=machine(), rows=rows)
    write_json(args.out, content, sort_keys=True)
    if args.write:
        write_table(args.write, 'collapse', table(content))
    print(table(content))


if __name__ == '__main__':
    main()
