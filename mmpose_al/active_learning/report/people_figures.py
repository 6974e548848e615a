"""Sections of a report about what people did."""

import os.path as osp
from collections import Counter
from typing import Dict, List, Sequence, Tuple

import numpy as np
from matplotlib.figure import Figure

from ...fileio import write_figure
from ..answers.label_warnings import CLICK, KINDS, LabelWarning
from ..experiment import Missing
from .analysis import rank_correlation
from .experiment import ReportedExperiment
from .figures import Section, number, plain, whole_numbers, write_csv
from .people import (
    NOT_SAID,
    Asked,
    Distances,
    Moves,
    agreement,
    answers_of,
    asked_of,
    by_confidence,
    by_joint,
    corrections,
    in_short,
    moves,
    opinions_of,
    picks,
    times,
    told_apart,
    units_of,
    ways,
)

FAR = f'{100 * CLICK:.0f} %'


def people_sections(experiment: ReportedExperiment, folder: str) -> List[Section]:
    """What people did in an experiment; empty where nobody was asked or has answered.

    Args:
        experiment (ReportedExperiment): Whose.
        folder (str): Of the pictures and tables.

    Raises:
        ValueError: Its queries, answers or journals cannot be read.
    """
    try:
        asked = asked_of(experiment)
    except Missing:
        return []
    made = [asked_section(asked, experiment.unit, folder)]
    if any(each.events for each in asked):
        made += [
            time_section(asked, experiment.unit, folder),
            correction_section(asked, folder),
            picks_section([(experiment.name, asked)], experiment.unit, folder),
            agreement_section(asked, folder),
            handing_on_section(asked, folder),
            warning_section(asked, folder),
        ]
    return [section for section in made if section.rows]


def asked_section(asked: Sequence[Asked], unit: str, folder: str) -> Section:
    """How much was asked and answered in each round."""
    section = Section(
        'What people answered',
        f'{unit.capitalize()} that were asked for, and those with a labelled joint. What of a '
        'round had no answer when the experiment went on is back in the pool.',
    )
    section.header = ['round', 'picked by', f'{unit} asked', f'{unit} answered', 'views asked']
    section.header += ['views answered', 'joints', 'hidden', 'who', 'minutes', 'state']
    rows = [_asked_row(each) for each in asked]
    section.csv = write_csv(folder, 'people.csv', section.header, rows)
    if len(rows) > 1:
        sums = [sum(row[i] for row in rows) for i in range(2, 8)]
        minutes = [row[9] for row in rows if np.isfinite(row[9])]
        total = sum(minutes) if minutes else float('nan')
        rows = [*rows, ['total', '', *sums, '', total, '']]
    section.rows = [[number(v) for v in row] for row in rows]
    section.text += late_text(asked) + browser_text(asked)
    return section


def _asked_row(asked: Asked) -> list:
    answers = answers_of(asked)
    visibility = np.concatenate([a.keypoints[:, 2] for a in answers]) if answers else np.zeros(0)
    seconds = [s for each in times(asked).values() for s in each]
    people = Counter(each.by for each in opinions_of(asked) if each.by != NOT_SAID)
    return [
        asked.query.round,
        asked.strategy,
        len(asked.query.units),
        len(units_of(answers)),
        len(asked.query.annotations),
        len(answers),
        int((visibility > 0).sum()),
        int((visibility == 1).sum()),
        ', '.join(name for name, _ in people.most_common()),
        sum(seconds) / 60 if seconds else float('nan'),
        'closed' if asked.closed else 'open',
    ]


def late_text(asked: Sequence[Asked]) -> str:
    """What came after a round was closed, a sentence; '' without."""
    told = [f'{len(each.late)} of round {each.query.round}' for each in asked if each.late]
    if not told:
        return ''
    return (
        f' Late: {", ".join(told)}; these answers count for the round that asked, also below, and '
        'trained only the rounds after.'
    )


def browser_text(asked: Sequence[Asked]) -> str:
    """What was done in the annotator of our own, a sentence; '' without."""
    words = dict(
        click='clicks',
        drag='drags',
        nudge='nudges by keys',
        accept='single accepts',
        accept_all='accepts of all joints',
        hidden='changes of visibility',
        delete='joints taken away',
        swap='swaps of left and right',
        skip='persons called impossible',
        undo='undone',
        redo='redone',
    )
    done: Counter = Counter()
    for each in asked:
        done += ways(each.journal)
    told = [f'{done[way]} {text}' for way, text in words.items() if done[way]]
    return f' In the browser: {", ".join(told)}.' if told else ''


def time_section(asked: Sequence[Asked], unit: str, folder: str) -> Section:
    """How long people needed, by round and name."""
    found = {
        (each.query.round, name): seconds
        for each in asked
        for name, seconds in sorted(times(each).items())
    }
    section = Section(
        'Time of people',
        'As the annotation tool measured it, of all persons and images that are labelled '
        f'together as one of the {unit}.',
    )
    section.header = ['round', 'who', unit, 'minutes', 'median [s]', '90 % below [s]']
    rows = [
        [round, name, len(each), sum(each) / 60, *map(float, np.percentile(each, [50, 90]))]
        for (round, name), each in found.items()
    ]
    if not rows:
        return section
    section.csv = write_csv(folder, 'people_time.csv', section.header, rows)
    every = [seconds for each in found.values() for seconds in each]
    if len(rows) > 1:
        summary = map(float, np.percentile(every, [50, 90]))
        rows = [*rows, ['total', '', len(every), sum(every) / 60, *summary]]
    section.rows = [[number(v) for v in row] for row in rows]
    figure = Figure(figsize=(6.4, 3.4), layout='constrained')
    axes = figure.add_subplot()
    for name in dict.fromkeys(name for _, name in found):
        mine = [s for (_, who), each in found.items() if who == name for s in each]
        axes.plot(range(1, len(mine) + 1), mine, '.-', label=plain(name), linewidth=0.7)
    axes.set_xlabel(f'{unit} of one person, one after the other')
    axes.set_ylabel('seconds')
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend(fontsize='small')
    whole_numbers(axes.xaxis)
    middle = float(np.median(every))
    write_figure(osp.join(folder, 'people_time.png'), figure, dpi=110)
    section.pictures = [
        ('people_time.png', f'Seconds that each of the {unit} took: median {number(middle)}')
    ]
    return section


def correction_section(asked: Sequence[Asked], folder: str) -> Section:
    """How far people moved predictions, by joint and by confidence."""
    answers = [answer for each in asked for answer in answers_of(each)]
    found = moves(answers)
    section = Section('Corrections')
    section.header = ['joint', 'labels', 'median [px]', '90 % below [px]', f'beyond {FAR} [%]']
    if not len(found.pixels):
        return section
    joints = asked[-1].query.joints
    each = by_joint(found, len(joints))
    order = sorted(range(len(joints)), key=lambda k: -np.nan_to_num(each[k].median, nan=-1.0))
    total = in_short(found.pixels, found.share)
    rows = [_distances_row(joints[k], each[k]) for k in order if each[k].num]
    sure = by_confidence(found)
    section.csv = write_csv(folder, 'people_moves.csv', *_moves_table(rows, sure))
    section.rows = [[number(v) for v in row] for row in [*rows, _distances_row('all', total)]]
    rho, _ = rank_correlation(found.confidence, found.pixels)
    section.text = (
        f'How far labels are from what the network predicted in that view, over {total.num} '
        f'joints: {number(total.median)} px in the median. {number(100 * total.far)} % are '
        f"farther than {FAR} of the person's size, the longer side of the box. "
    )
    if np.isfinite(rho):
        section.text += (
            f"Spearman's rank correlation with the confidence is {number(rho)}; the closer to "
            '-1, the better the confidence tells where people have to look.'
        )
    _correction_figure(osp.join(folder, 'people_moves.png'), rows, sure, found)
    section.pictures = [
        ('people_moves.png', 'How far predictions were moved, by joint and by confidence')
    ]
    return section


def _distances_row(name: str, found: Distances) -> list:
    return [name, found.num, found.median, found.most, 100 * found.far]


def _moves_table(
    rows: Sequence[list], sure: Sequence[Tuple[float, float, Distances]]
) -> Tuple[List[str], List[list]]:
    """Header and rows of a table by joint and by confidence."""
    header = ['what', 'labels', 'median px', '90 % below px', f'beyond {FAR} in %']
    by_sure = [_distances_row(f'confidence {a:.1f} to {b:.1f}', d) for a, b, d in sure]
    return header, [*rows, *by_sure]


def _correction_figure(
    path: str, rows: Sequence[list], sure: Sequence[Tuple[float, float, Distances]], found: Moves
) -> None:
    """Draw how far predictions were moved.

    Args:
        path (str): The picture.
        rows (list): Of :func:`_distances_row`, one a joint.
        sure (list): Of :func:`~.people.by_confidence`.
        found (Moves): All of them, as points.
    """
    figure = Figure(figsize=(9.5, max(3.2, 0.8 + 0.22 * len(rows))), layout='constrained')
    axes = figure.add_subplot(1, 2, 1)
    places = np.arange(len(rows))[::-1]
    axes.barh(places, [row[3] for row in rows], color='0.85', label='90 % below')
    axes.barh(places, [row[2] for row in rows], color='C0', height=0.5, label='median')
    axes.set_yticks(places, [plain(row[0]) for row in rows], fontsize='x-small')
    axes.set_xlabel('moved by [px]')
    axes.legend(fontsize='x-small', loc='lower right')
    axes = figure.add_subplot(1, 2, 2)
    axes.plot(found.confidence, found.pixels, '.', color='0.75', markersize=2)
    middle = [(a + b) / 2 for a, b, _ in sure]
    axes.plot(middle, [d.most for _, _, d in sure], 'o--', color='0.5', label='90 % below')
    axes.plot(middle, [d.median for _, _, d in sure], 'o-', color='C0', label='median')
    axes.set_yscale('symlog', linthresh=1.0)
    axes.set_ylim(bottom=0)
    axes.set_xlabel('confidence of the prediction')
    axes.set_ylabel('moved by [px]')
    axes.grid(alpha=0.3)
    axes.legend(fontsize='x-small')
    write_figure(path, figure, dpi=110)


def picks_section(runs: Sequence[Tuple[str, Sequence[Asked]]], unit: str, folder: str) -> Section:
    """The share of each strategy's picks that people had to correct.

    Args:
        runs (list): Name of an experiment and its queries.
        unit (str): What is counted.
        folder (str): Of the table.
    """
    section = Section(
        'What of the picks had to be corrected',
        f'{unit.capitalize()} with a joint that people moved by more than {FAR} of the '
        "person's size. Picks that need no correction teach the network little.",
    )
    section.header = ['strategy', 'round', f'{unit} answered', 'corrected', 'corrected [%]']
    section.header += ['joints corrected [%]', 'median move [px]']
    several = len(runs) > 1
    if several:
        section.header.insert(0, 'run')
    rows = [
        [
            *([run] if several else []),
            strategy,
            round,
            found.units,
            found.corrected,
            100 * found.corrected / found.units,
            100 * found.joints.far,
            found.joints.median,
        ]
        for run, asked in runs
        for (strategy, round), found in picks(asked).items()
    ]
    if rows:
        section.tabulate(folder, 'people_picks.csv', rows)
    return section


def agreement_section(asked: Sequence[Asked], folder: str) -> Section:
    """How far people agree where two answered about one person, each for oneself."""
    found = agreement([opinion for each in asked for opinion in told_apart(each).own])
    section = Section(
        'Agreement of annotators',
        'Where two people labelled the same person in an image, and none began from what the '
        f"other had labelled. Nearer than {FAR} of the person's size is taken as the same place.",
    )
    section.header = ['who', 'views', 'joints', 'median [px]', '90 % below [px]']
    section.header += [f'within {FAR} [%]', 'labelled by one only']
    rows = [
        [
            ' and '.join(names),
            pair.persons,
            pair.joints.num,
            pair.joints.median,
            pair.joints.most,
            100 * (1 - pair.joints.far),
            pair.alone,
        ]
        for names, pair in found.items()
    ]
    if rows:
        section.tabulate(folder, 'people_agreement.csv', rows)
    return section


def handing_on_section(asked: Sequence[Asked], folder: str) -> Section:
    """How far people moved what others had labelled before them."""
    found = corrections([each for one in asked for each in told_apart(one).corrected])
    section = Section(
        'Corrections of one another',
        'Where somebody went on from the labels of somebody else. This is no agreement of two: '
        'what was right was left as it was.',
    )
    section.header = ['labelled by', 'corrected by', 'views', 'joints moved', 'median [px]']
    section.header += ['90 % below [px]', 'added or taken away']
    rows = [
        [
            first,
            second,
            pair.persons,
            pair.joints.num,
            pair.joints.median,
            pair.joints.most,
            pair.alone,
        ]
        for (first, second), pair in found.items()
    ]
    if rows:
        section.tabulate(folder, 'people_corrections.csv', rows)
    return section


def warning_section(asked: Sequence[Asked], folder: str) -> Section:
    """What of the answers is worth another look."""
    section = Section(
        'Labels to look at again', 'Warnings that hold still, by kind, with the worst of each.'
    )
    section.header = ['round', 'what', 'warnings', 'farthest [px]', 'the worst']
    rows = [
        [each.query.round, KINDS.get(kind, kind), len(mine), mine[0].pixels, mine[0].text]
        for each in asked
        for kind, mine in _by_kind(each.warnings).items()
    ]
    if rows:
        section.tabulate(folder, 'people_warnings.csv', rows)
    return section


def _by_kind(warnings: Sequence[LabelWarning]) -> Dict[str, List[LabelWarning]]:
    """Kind -> its warnings, the farthest first."""
    found: Dict[str, List[LabelWarning]] = {}
    for warning in warnings:
        found.setdefault(warning.kind, []).append(warning)
    return found
