"""Turn the result files of a table into Markdown, and keep a README up to date.

    python tools/analysis/results_table.py benchmarks/results/lspet
    python tools/analysis/results_table.py benchmarks/results/lspet \
        --write configs/semi_supervised/README.md

With --write the text between `<!-- table: NAME -->` and `<!-- end -->` is replaced.
Figures are mean ± standard deviation (n - 1) over seeds. A seed has the same labels in
every row, so "lead" is the mean ± standard deviation of the differences to `supervised`,
seed by seed; "gap closed" is the share of the way from `supervised` to `supervised-all`,
of the means over the seeds that all three have.
"""
import argparse
import json
import os
import os.path as osp
import re
import statistics
import sys
from typing import Dict, List

BASELINE, BOUND = 'supervised', 'supervised-all'


def load(folder: str) -> Dict[str, List[dict]]:
    """Result files by row, rows in order of how little they are taught.

    Raises:
        ValueError: There is none, or runs of one row differ in steps.
    """
    rows: Dict[str, List[dict]] = {}
    for name in sorted(os.listdir(folder)):
        if name.endswith('.json'):
            with open(osp.join(folder, name)) as file:
                result = json.load(file)
            rows.setdefault(result['row'], []).append(result)
    if not rows:
        raise ValueError(f'{folder}: no result files')
    steps = {result['steps'] for results in rows.values() for result in results}
    if len(steps) != 1:
        raise ValueError(f'{folder}: runs of {sorted(steps)} steps cannot share a table')
    order = {BASELINE: 0, BOUND: 2}
    return dict(sorted(rows.items(), key=lambda item: (order.get(item[0], 1), item[0])))


def columns(rows: Dict[str, List[dict]]) -> List[str]:
    """Metrics of all rows that are neither of one student nor of one joint."""
    names = set.intersection(*(set(r['metrics']) for rs in rows.values() for r in rs))
    return sorted(n for n in names if re.fullmatch(r'(pck/[^/]+|coco/AP)', n))


def mean_std(values: List[float]) -> str:
    if len(values) == 1:
        return f'{values[0]:.1f}'
    return f'{statistics.mean(values):.1f} ± {statistics.stdev(values):.1f}'


def markdown(rows: Dict[str, List[dict]]) -> str:
    """The table, with a line that states seeds, steps, sizes and machine."""
    names = columns(rows)

    def values(row: str, name: str) -> List[float]:
        scale = 100 if 'coco/' in name else 1
        return [scale * r['metrics'][name] for r in rows[row] if name in r['metrics']]

    head = ['method', 'labels', 'seeds']
    for name in names:
        head += [name, f'ensemble {name}', 'lead', 'gap closed']
    lines = ['| ' + ' | '.join(head) + ' |', '|' + ' --- |' * len(head)]
    for row, results in rows.items():
        labels = results[0]['labels']
        cells = [row, labels if isinstance(labels, str) else
                 f'{labels["num"]} {labels["unit"]}', str(len(results))]
        for name in names:
            cells.append(mean_std(values(row, name)))
            ensemble = values(row, f'ensemble/{name}')
            cells.append(mean_std(ensemble) if ensemble else '')
            cells += [lead(row, name, rows), gap_closed(row, name, rows)]
        lines.append('| ' + ' | '.join(cells) + ' |')
    some = next(iter(rows.values()))[0]
    machines = sorted({r['machine'] for rs in rows.values() for r in rs})
    seeds = sorted({r['seed'] for rs in rows.values() for r in rs})
    lines.append(
        f'\nSeeds {", ".join(map(str, seeds))} (labels, weights and order); '
        f'{some["steps"]} optimiser steps; input '
        f'{"x".join(map(str, some["input_size"]))}; {"; ".join(machines)}.')
    return '\n'.join(lines)


def by_seed(row: str, name: str, rows: Dict[str, List[dict]]) -> Dict[int, float]:
    """Seed -> value of a metric, in percent."""
    scale = 100 if 'coco/' in name else 1
    return {r['seed']: scale * r['metrics'][name] for r in rows.get(row, [])}


def lead(row: str, name: str, rows: Dict[str, List[dict]]) -> str:
    """Mean ± deviation of the difference to the baseline over common seeds."""
    own, base = by_seed(row, name, rows), by_seed(BASELINE, name, rows)
    common = sorted(set(own) & set(base))
    if row in (BASELINE, BOUND) or not common:
        return ''
    differences = [own[seed] - base[seed] for seed in common]
    return ('+' if statistics.mean(differences) >= 0 else '') + mean_std(differences)


def gap_closed(row: str, name: str, rows: Dict[str, List[dict]]) -> str:
    """Share of the way from the baseline to the bound, over common seeds."""
    each = [by_seed(r, name, rows) for r in (row, BASELINE, BOUND)]
    common = sorted(set.intersection(*map(set, each)))
    if row in (BASELINE, BOUND) or not common:
        return ''
    own, low, high = (statistics.mean(e[seed] for seed in common) for e in each)
    if high <= low:
        return 'no gap'
    return f'{100 * (own - low) / (high - low):.0f} %'


def replace_table(text: str, name: str, table: str) -> str:
    """``text`` with the marked table replaced.

    Raises:
        ValueError: The markers are not there exactly once.
    """
    pattern = re.compile(rf'(<!-- table: {re.escape(name)} -->\n).*?(<!-- end -->)',
                         re.S)
    if len(pattern.findall(text)) != 1:
        raise ValueError(f'no single pair of markers "<!-- table: {name} -->" and '
                         '"<!-- end -->"')
    return pattern.sub(lambda m: m.group(1) + table + '\n' + m.group(2), text)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', help='e.g. benchmarks/results/lspet')
    parser.add_argument('--write', help='README to bring up to date')
    args = parser.parse_args()
    try:
        table = markdown(load(args.folder))
        if args.write:
            with open(args.write) as file:
                text = file.read()
            text = replace_table(text, osp.basename(osp.normpath(args.folder)), table)
            with open(args.write, 'w') as file:
                file.write(text)
    except (ValueError, OSError) as error:
        sys.exit(f'results_table: {error}')
    print(table)


if __name__ == '__main__':
    main()
