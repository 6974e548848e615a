"""What an experiment has done, what is labelled, and what is waited for.

    mmpose-al status WORK_DIR

Exit status: 0, or 3 where a query waits for its answers.
"""

import argparse
from typing import TYPE_CHECKING, Dict, List, Optional

if TYPE_CHECKING:
    from ..active_learning.experiment import Experiment
    from ..active_learning.query import Query

HELP = 'what was done, what is labelled, and what is waited for'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument('work_dir', help='of the experiment')
    parser.add_argument('--json', action='store_true', help='print JSON')


def run(args: argparse.Namespace) -> int:
    """Print it; 3 where a query waits for its answers, else 0."""
    from ..active_learning.experiment import EXIT_PENDING, Experiment

    experiment = Experiment(args.work_dir)
    query = experiment.open_query()
    answers = experiment.answers(query.round) if query else {}
    answered = sum(number in query.annotations for number in answers) if query else 0
    pending = query is not None and not answered
    if args.json:
        print(as_json(experiment, query, answered))
    else:
        print(as_text(experiment, query, answered))
    return EXIT_PENDING if pending else 0


def as_json(experiment: 'Experiment', query: 'Optional[Query]', answered: int) -> str:
    """For programs: the rounds as the state holds them, and what is open."""
    from ..fileio import to_json

    return to_json(
        dict(
            finished=experiment.finished,
            labeled=len(experiment.state.labeled()),
            validation=validating(experiment),
            units=experiment.units,
            unit=experiment.unit,
            rounds=experiment.state.rounds,
            pending=query.round if query and not answered else None,
            answered=answered,
            not_handed_over=not_handed_over(experiment.folder),
            warnings=[warning.data() for warning in experiment.warnings(query.round)]
            if query
            else [],
        ),
        indent=1,
    )


def not_handed_over(folder: str) -> Optional[Dict[str, List[int]]]:
    """Round -> units with labels that wait in the browser; None where that cannot be told."""
    from ..active_learning.label_app.waiting import waiting_units

    try:
        return {str(number): units for number, units in waiting_units(folder).items()}
    except (OSError, ValueError):
        return None


def as_text(experiment: 'Experiment', query: 'Optional[Query]', answered: int) -> str:
    """For people: a line a round, and what comes next."""
    from ..active_learning.answers.label_warnings import by_kind
    from ..active_learning.label_app.waiting import waiting_lines
    from ..active_learning.query import pending_text, train_command

    held = validating(experiment)
    validates = '' if held is None else f', {held} of them validate'
    lines = [
        experiment.folder,
        f'{len(experiment.state.labeled())} of {experiment.units} {experiment.unit} are '
        f'labelled{validates}; rounds begun: {len(experiment.state.rounds)}',
        *map(round_line, experiment.state.rounds),
    ]
    if experiment.finished is not None:
        lines.append(f'finished: {experiment.finished}')
    elif query is None:
        lines.append(f'goes on with\n    {train_command(experiment.folder)}')
    elif not answered:
        lines.append(pending_text(experiment.folder, query.round, query))
    else:
        lines.append(
            f'round {query.round}: {answered} of {len(query.annotations)} persons are '
            'answered. More may be ingested until you go on; what is open then goes back to the '
            f'pool. Go on with\n    {train_command(experiment.folder)}'
        )
        doubts = experiment.warnings(query.round)
        if doubts:
            lines.append(f'labels worth another look: {by_kind(doubts)}')
    lines += waiting_lines(experiment.folder, experiment.unit, query.round if query else -1)
    return '\n'.join(lines)


def validating(experiment: 'Experiment') -> Optional[int]:
    """Labelled units that validate; None where answers do not."""
    return experiment.rows[-1].validation if experiment.rows else None


def round_line(entry: dict) -> str:
    """Stages, labels and metrics of a round."""
    from ..active_learning.experiment import metrics_of
    from ..active_learning.stage_names import bootstraps

    stages = entry['stages']
    line = f'round {entry["round"]}: {", ".join(stages)}'
    if 'annotate' in stages:
        line += '; {labels} labels, {views} views, {joints} joints'.format(**stages['annotate'])
        if 'validation' in stages['annotate']:
            line += '; {validation} labels validate'.format(**stages['annotate'])
    for number, made in enumerate(bootstraps(stages), 1):
        line += '; bootstrap {}: {joints} of {of} joints pseudo-labelled'.format(number, **made)
    return line + ''.join(f'; {name} {value:.4g}' for name, value in metrics_of(stages).items())
