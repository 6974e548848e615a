"""What lies in the folder of a run or an experiment, what is damaged, and what can be repaired.

Looking changes nothing. A repair sets the damaged file aside under another name and puts what
is known to be whole in its place; what was lost is said.
"""

import os
import os.path as osp
from contextlib import suppress
from functools import partial
from typing import Callable, ContextManager, Iterator, List, NamedTuple, Optional, Tuple

from ..checkpoint_files import NOTE, archive_damage, damage, newest_whole, note_of, numbered
from ..datasets.splits import instance_units
from ..fileio import (
    CHECKSUM,
    FileError,
    checksum_fault,
    leftovers,
    locked,
    read_bytes,
    remove_leftovers,
    set_aside,
    sha256,
    write_bytes,
    write_text,
)
from ..journal import DamagedError, line_of, parse
from .answers.intake import query_pool
from .answers.kept import (
    check_answers,
    check_none_lost,
    load_all_answers,
    load_answers,
    write_answers,
)
from .answers.labels import update_labels
from .experiment import Experiment, Missing
from .label_app.plain import POOL
from .moved import relocated
from .paths import Paths, experiment_of_scores, experiments_below, labels_below
from .pool import Pool
from .query import load_query
from .state import (
    State,
    StateError,
    WritableState,
    has_experiment,
    load_state,
    read_state,
    replayed,
)
from .state_checks import state_faults, stranger_faults

Repair = Callable[[], str]
GONE = 'is not there'


class Finding(NamedTuple):
    """A file that was looked at.

    Attributes:
        path (str): Within the folder.
        fault (str): What is wrong with it; '' where it is whole.
        means (str): What follows from it, and what can be done.
        repair (callable, optional): Does it, and says what it did.
    """

    path: str
    fault: str = ''
    means: str = ''
    repair: Optional[Repair] = None


class Examined(NamedTuple):
    """What lies in a folder.

    Attributes:
        about (str): What the folder is.
        findings (list[Finding]): One a file that matters.
    """

    about: str
    findings: List[Finding]

    @property
    def damaged(self) -> List[Finding]:
        return [finding for finding in self.findings if finding.fault]


def examine(folder: str) -> Examined:
    """Look at the folder of a run or an experiment.

    Raises:
        FileNotFoundError: There is no such folder.
        ValueError: It is neither.
    """
    if not osp.isdir(folder):
        raise FileNotFoundError(f'{folder}: there is no such folder')
    paths = Paths(folder)
    if has_experiment(paths):
        about, findings = _experiment(paths)
    elif osp.isfile(osp.join(folder, POOL)) and osp.isdir(osp.dirname(paths.query(0))):
        about, findings = 'labels of a project', _labels_of_project(paths)
    elif note_of(folder) is not None or numbered(folder):
        about, findings = f'a run with {len(numbered(folder))} checkpoints', list(_run(folder))
    else:
        below = ' or '.join([*experiments_below(folder), *labels_below(folder)])
        raise ValueError(
            f'{folder} holds no run (no {NOTE}, no iter_N.pth) and no experiment (no '
            f'{osp.basename(paths.state)}); give {below or "the work directory of a training"}'
        )
    return Examined(about, [each._replace(path=_shown(each.path, folder)) for each in findings])


def _shown(path: str, folder: str) -> str:
    """A path within the folder, where it lies there."""
    inside = osp.relpath(path, folder)
    return path if inside.startswith(os.pardir) else inside


def repair(folder: str) -> List[str]:
    """Repair what can be; gives what was done, a line each.

    What is repaired may show or make other damage, so it is looked at again.

    Raises:
        BlockingIOError: A training runs in the folder, or its labelling is shown.
    """
    done: List[str] = []
    with _alone(Paths(folder).training_lock, 'a training runs in this folder'):
        for _ in range(9):
            waiting = [each for each in examine(folder).damaged if each.repair is not None]
            if not waiting:
                break
            for finding in waiting:
                assert finding.repair is not None
                done.append(f'{finding.path}: {finding.repair()}')
    return done


def _alone(path: str, who: str) -> ContextManager[None]:
    """Hold a lock; BlockingIOError says who has it."""
    text = f'{osp.dirname(path)}: {who}; wait for its end, and repair then'
    return locked(path, wait=False, held=BlockingIOError(text))


def _told(error: Exception, path: str) -> str:
    """What is wrong, without the path that is named beside it and without advice."""
    text = str(error.__cause__ or error).split('. `')[0]
    return text.replace(f'{path}: ', '').rstrip('.')


def _fault(path: str, check: Callable[[str], str] = checksum_fault) -> str:
    """What is wrong with a file, by its checksum say; one that cannot be read stops nothing."""
    try:
        return check(path)
    except OSError as error:
        return f'cannot be read ({error.strerror or error})'


# ---- a run -----------------------------------------------------------------------------


def _run(folder: str) -> Iterator[Finding]:
    """A work directory of MMEngine."""
    paths = numbered(folder) + _others(folder)
    faults = {path: damage(path) for path in paths}
    found = newest_whole(folder)
    for path in paths:
        if not faults[path]:
            yield Finding(path)
            continue
        goes_on = osp.basename(found.path) if found.path else 'its beginning'
        means = f'a training goes on from {goes_on}; repair sets the file aside'
        yield Finding(path, faults[path], means, partial(_put_aside, path))
    note, text = osp.join(folder, NOTE), note_of(folder)
    own = osp.join(folder, osp.basename(text or ''))
    if text and osp.isfile(own):  # a copied folder's note names the original's
        yield Finding(note)
    elif found.path is not None:
        told = GONE if text is None else f'says {text!r}, which is no file of this folder'
        means = f'repair writes {osp.basename(found.path)} into it'
        yield Finding(note, told, means, partial(_write_note, note, found.path))
    elif text is not None:
        yield Finding(note, 'names no checkpoint that is there', 'training begins anew without it')
    yield from _leftovers(folder)


def _others(folder: str) -> List[str]:
    """Checkpoints with other names: the best ones."""
    known = set(numbered(folder))
    paths = (osp.join(folder, name) for name in sorted(os.listdir(folder)))
    return [path for path in paths if path.endswith('.pth') and path not in known]


def _put_aside(path: str) -> str:
    return f'is set aside as {osp.basename(set_aside(path))}'


def _write_note(note: str, path: str) -> str:
    write_text(note, osp.abspath(path))
    return f'names {osp.basename(path)} now'


def _leftovers(folder: str) -> Iterator[Finding]:
    fault, means = 'was left by a process that was killed', 'nobody reads it; repair removes it'
    for name in leftovers(folder):
        yield Finding(osp.join(folder, name), fault, means, partial(_remove_leftovers, folder))


def _remove_leftovers(folder: str) -> str:
    remove_leftovers(folder)
    return 'is removed'


# ---- an experiment ---------------------------------------------------------------------


def _experiment(paths: Paths) -> Tuple[str, List[Finding]]:
    about, findings = 'an active-learning experiment', []
    try:
        state = load_state(paths.folder)
    except StateError as error:
        state = None
        there = osp.lexists(paths.state)
        findings.append(_state_finding(paths, _told(error, paths.state) if there else GONE))
    else:
        if state is None:
            findings.append(_state_finding(paths, GONE))
    if state is not None:
        findings += [Finding(paths.state), *_pool_findings(paths, state)]
        about += (
            f': {len(state.labeled())} of {state.content["pool"]["units"]} {state.content["unit"]} '
            f'labelled, rounds begun: {len(state.rounds)}'
        )
    findings += [_query_finding(paths, number, state) for number in paths.query_rounds()]
    findings += _what_people_did(paths)
    findings += [_config_finding(paths), *_server_finding(paths)]
    for folder in paths.folders():
        if folder in (paths.folder, *map(osp.dirname, _files(paths))):
            findings += _leftovers(folder)
        else:
            findings += _run(folder)
            findings += _scores(paths, folder)
            findings += _training_data(paths, folder)
    return about, findings


def _labels_of_project(paths: Paths) -> List[Finding]:
    """Labels without an experiment; its queries ask about a copy of the pool."""
    findings, pools = [], {}
    for number in paths.query_rounds():
        try:
            query = load_query(paths.folder, number)
        except (OSError, ValueError) as error:
            path = paths.query_file(number)
            means = (
                'repair sets it aside, and what was done to it in the browser; labels that were '
                'handed over stay'
            )
            again = partial(_forget_query, paths, number)
            findings.append(Finding(path, _told(error, path), means, again))
            continue
        if query is not None:
            findings.append(Finding(paths.query_file(number)))
            pools[query.content['pool']['file']] = query.content['pool']
    for file, known in pools.items():
        fault = '' if _is_pool(known) else 'is not the one that was asked about'
        findings.append(Finding(file, fault, 'put a copy of the file back' if fault else ''))
    findings += _what_people_did(paths)
    for folder in {paths.folder, *map(osp.dirname, _files(paths))} & set(paths.folders()):
        if osp.isdir(folder):
            findings += _leftovers(folder)
    return findings


def _what_people_did(paths: Paths) -> Iterator[Finding]:
    """Answers, the labels that follow from them, and what was done in the browser."""
    yield from (_answers_finding(paths, number) for number in paths.answer_rounds())
    if paths.answer_rounds():
        yield _labels_finding(paths)
    yield from (_journal_finding(paths, number) for number in paths.label_rounds())


def _label_lock(paths: Paths) -> str:
    """What the annotator holds; for a project all its labels have one."""
    if has_experiment(paths):
        return paths.label_lock
    return Paths(osp.dirname(osp.abspath(paths.folder))).label_lock


def _forget_query(paths: Paths, number: int) -> str:
    told, journal = _put_aside(paths.query(number)), paths.label_journal(number)
    if osp.exists(journal):
        with _alone(_label_lock(paths), '`mmpose-al label` shows this'):
            told += f'; {osp.basename(journal)} {_put_aside(journal)}'
    return told


def _pool_findings(paths: Paths, state: State) -> Iterator[Finding]:
    """The pool's file, and what of the state it does not have."""
    known = state.content['pool']
    try:
        pool = Experiment(paths.folder).pool
    except (Missing, OSError) as error:
        if _is_pool(known):
            # It is the config that cannot be read.
            if osp.exists(paths.config) and not _fault(paths.config):
                yield Finding(paths.config, _told(error, paths.config), 'reports need it')
            return
        means = 'training and reports need it; put the file back as it was at the beginning'
        yield Finding(known['file'], str(error), means)
        return
    yield Finding(known['file'])
    for fault in stranger_faults(state.content, pool.units):
        told = f'{fault.entry}, field "{fault.field}": {fault.problem}'
        yield Finding(paths.state, told, 'it was changed by hand; put the file back')
        return
    yield from _lost_answers(paths, state, pool)
    yield from _lost_scores(paths, state)


def _is_pool(known: dict) -> bool:
    """Whether the pool's file is as it was at the beginning."""
    try:
        return osp.isfile(known['file']) and sha256(known['file']) == known['sha256']
    except OSError:
        return False


def _lost_scores(paths: Paths, state: State) -> Iterator[Finding]:
    """The scores from which the next query is chosen, and what it shows of the network."""
    number = len(state.rounds) - 1
    if number < 0 or state.content['finished'] is not None:
        return
    path = paths.scores(number)
    if state.stage(number, 'score') and not osp.exists(path):
        means = 'repair lets the round be scored again'
        yield Finding(path, GONE, means, partial(_score_again, paths, number))


def _files(paths: Paths) -> Tuple[str, ...]:
    """Something of each folder that is no work directory of a round."""
    return paths.query(0), paths.answers(0), paths.label_journal(0)


def _state_finding(paths: Paths, fault: str) -> Finding:
    """The way back: the lines before the damaged one, or the state before the last start."""
    for told, content in _good_states(paths):
        labels = len(WritableState(paths.folder, content).labeled())
        means = (
            f'repair goes back to {told}: {len(content["rounds"])} rounds, {labels} labelled. '
            'Stages after it are done again; answers are kept apart and not touched'
        )
        return Finding(paths.state, fault, means, partial(_write_state, paths, content))
    return Finding(paths.state, fault, 'put a copy of the file back; nothing here can replace it')


def _good_states(paths: Paths) -> Iterator[Tuple[str, dict]]:
    try:
        parse(read_bytes(paths.state), paths.state)
    except DamagedError as error:
        whole, number = error.whole, error.number
        with suppress(LookupError, TypeError, ValueError, AttributeError):
            content = replayed(whole)
            if not list(state_faults(content)):
                yield f'line {number - 1} of the file', relocated(content, paths.folder)
    except (OSError, ValueError):
        pass
    with suppress(StateError):
        yield osp.basename(paths.previous_state), read_state(paths.previous_state)


def _write_state(paths: Paths, content: dict) -> str:
    aside = _put_aside(paths.state) + '; ' if osp.exists(paths.state) else ''
    WritableState(paths.folder, content).write()
    return f'{aside}it has {len(content["rounds"])} rounds now'


def _query_finding(paths: Paths, number: int, state: Optional[State]) -> Finding:
    path = paths.query_file(number)
    try:
        load_query(paths.folder, number)
        return Finding(path)
    except (OSError, ValueError) as error:
        fault = _told(error, path)
    means = 'put the folder of the query back, or repair sets it aside: '
    if state is None:
        return Finding(path, fault, 'put the folder of the query back')
    if state.stage(number, 'annotate') is None:
        means += 'the next start of the training writes the same query anew'
    else:
        means += 'the round is closed, and only late answers and reports read it'
    return Finding(path, fault, means, partial(_put_aside, paths.query(number)))


def _answers_finding(paths: Paths, number: int) -> Finding:
    path = paths.answers(number)
    try:
        load_answers(paths.folder, number)
        return Finding(path)
    except (OSError, ValueError) as error:
        fault = _told(error, path)
    document = _whole_answers(path, number)
    if document is not None:
        files = [event['file'] for event in document['events']]
        means = (
            f'repair keeps the {len(files)} whole files of answers before it '
            f'({", ".join(files) or "none"}); ingest the later ones again'
        )
        return Finding(path, fault, means, partial(_keep_answers, paths, document))
    means = 'put a copy back, or set the file aside yourself and ingest all answers again'
    return Finding(path, fault, means)


def _whole_answers(path: str, number: int) -> Optional[dict]:
    """What a damaged file of answers holds before the damage; None where that is nothing."""
    try:
        whole = parse(read_bytes(path), path)
    except DamagedError as error:
        whole = error.whole
    except (OSError, ValueError):
        return None
    with suppress(LookupError, TypeError, ValueError, AttributeError):
        document = dict(whole[0], events=whole[1:])
        check_answers(document)
        return document if document['round'] == number else None
    return None


def _lost_answers(paths: Paths, state: State, pool: Pool) -> Iterator[Finding]:
    """Whether the answers are there that the experiment has trained on."""
    unit_of = instance_units(pool.data, pool.unit)
    try:
        documents = load_all_answers(paths.folder)
    except (OSError, ValueError):
        return  # a file of them is damaged, which is said
    try:
        check_none_lost(paths.folder, state.labeled_by('FileAnnotator'), documents, unit_of)
    except FileError as error:
        folder = osp.dirname(paths.answers(0))
        yield Finding(folder, _told(error, folder), 'training is refused until then')


def _keep_answers(paths: Paths, document: dict) -> str:
    with locked(paths.lock):
        aside = _put_aside(paths.answers(document['round']))
        write_answers(paths.folder, document)
    return f'{aside}; {len(document["events"])} files of answers are kept'


def _journal_finding(paths: Paths, number: int) -> Finding:
    """What people did in the annotator: the way back is to the lines before the damaged one."""
    path = paths.label_journal(number)
    try:
        parse(read_bytes(path), path)
    except DamagedError as error:
        means = (
            f'repair keeps the {max(len(error.whole) - 1, 0)} whole changes before it; look at the '
            'units again that people worked on later'
        )
        return Finding(path, _told(error, path), means, partial(_keep_lines, paths, path, error))
    except OSError as error:
        return Finding(path, _told(error, path), 'put a copy of the file back')
    return Finding(path)


def _keep_lines(paths: Paths, path: str, error: DamagedError) -> str:
    with _alone(_label_lock(paths), '`mmpose-al label` shows this'):
        aside = _put_aside(path)
        if error.whole:
            write_bytes(path, b''.join(map(line_of, error.whole)))
    return f'{aside}; {max(len(error.whole) - 1, 0)} changes are kept'


def _labels_finding(paths: Paths) -> Finding:
    fault = _fault(paths.labels) if osp.exists(paths.labels) else GONE
    if not fault:
        return Finding(paths.labels)
    means = 'it follows from the answers; repair makes it anew, as the next training does'
    return Finding(paths.labels, fault, means, partial(_make_labels, paths))


def _make_labels(paths: Paths) -> str:
    pool = _pool_of_answers(paths)
    with locked(paths.lock):
        if osp.isdir(paths.labels) or osp.isdir(paths.labels + CHECKSUM):
            set_aside(paths.labels)
        update_labels(paths.folder, pool)
    return 'is made anew from the answers'


def _pool_of_answers(paths: Paths) -> Pool:
    """The pool, as a query that can be read or else the config names it."""
    for number in reversed(paths.query_rounds()):
        with suppress(OSError, ValueError):
            query = load_query(paths.folder, number)
            if query is not None:
                return query_pool(query)
    return Experiment(paths.folder).pool


def _config_finding(paths: Paths) -> Finding:
    """The config of the latest start, by which commands read an experiment."""
    fault = _fault(paths.config) if osp.exists(paths.config) else GONE
    if not fault:
        return Finding(paths.config)
    means = (
        'start the training again with the config that you wrote, which writes it anew'
        if fault == GONE
        else 'put the file back; or, if you changed it on purpose, remove '
        f'{osp.basename(paths.config)}{CHECKSUM}'
    )
    return Finding(paths.config, fault, means)


def _server_finding(paths: Paths) -> Iterator[Finding]:
    """Which project of a server of an annotation tool has the queries."""
    path = paths.server_project
    if osp.exists(path):
        fault = _fault(path)
        means = 'repair sets it aside; push then with --project and the number of the project'
        yield Finding(path, fault, means, partial(_put_aside, path)) if fault else Finding(path)


def _training_data(paths: Paths, folder: str) -> Iterator[Finding]:
    """Split files and pseudo-labels that lie in the work directory of a training."""
    means = 'repair sets it aside; a training that needs it makes it anew'
    for path in map(partial(osp.join, folder), map(osp.basename, _training_files(paths))):
        if osp.exists(path):
            fault = _fault(path)
            yield Finding(path, fault, means, partial(_put_aside, path)) if fault else Finding(path)


def _training_files(paths: Paths) -> Tuple[str, ...]:
    """A file of each name that a training of a round reads."""
    splits = paths.labeled_split(0), paths.taken_split(0), paths.validation_split(0)
    return (*splits, paths.pseudo(0))


def _scores(paths: Paths, folder: str) -> Iterator[Finding]:
    """The statistics of the pool that lie in the work directory of a training."""
    for path in map(partial(osp.join, folder), map(osp.basename, _score_files(paths))):
        if not osp.exists(path):
            continue
        fault = _fault(path, archive_damage)
        if not fault:
            yield Finding(path)
            continue
        means = 'repair sets it aside and lets the round be scored again, where it is still needed'
        found = experiment_of_scores(path)
        again = partial(_put_aside, path)
        if found is not None:
            again = partial(_score_again, paths, found[1])
        yield Finding(path, fault, means, again)


def _score_files(paths: Paths) -> Tuple[str, ...]:
    """A score file of each name: of a round or a bootstrap, and before the first training."""
    return paths.scores(0), paths.first_scores()


def _score_again(paths: Paths, number: int) -> str:
    state = load_state(paths.folder)
    path = paths.scores(number)
    told = _put_aside(path) if osp.exists(path) else GONE
    if state is None or state.stage(number + 1, 'annotate') is not None:
        return f'{told}; only reports would read it'
    state.rounds[number]['stages'].pop('score', None)
    WritableState(paths.folder, state.content).write()
    return f'{told}; round {number} is scored again'
