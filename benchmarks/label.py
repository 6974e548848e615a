"""What a calibrated rig saves an annotator: clicks and errors of `mmpose-al label`.

    python -m benchmarks.label DATA [--frames 20] [--experiment DIR] [--out FILE]

``DATA`` is the synthetic benchmark (``mmpose-al synthetic DATA --preset small``). A scripted
annotator labels frames of its training part through the session that the page talks to. Each
click is off by normal noise of 1 px in x and in y. Ways:

- ``every view``: each joint is clicked in every view that shows it;
- ``2 clicks``, ``3 clicks``: each joint is clicked in so many views, those that show it first;
  where the others put it is accepted with one key. A proposal that is more than 3 px from the
  true place is dragged to where the annotator sees the joint.

``clicks`` counts clicks and drags of a frame, ``keys`` the keys. ``seconds`` assumes 2 s for a
click, 2.5 s for a drag, 0.5 s to look at a proposal, and 1 s for a key: people have not been
timed. Errors are of the labels that result, in pixels, ``median`` and ``p95``; those of the
proposals stand beside them, before the drags.

With ``--experiment`` (an experiment with an open query that has predictions, on the same data)
also what a view is pre-filled with: its own prediction against that of all views together.
"""

import argparse
import os.path as osp
import tempfile

import numpy as np

from benchmarks import ROOT
from mmpose_al.active_learning.annotators import FileAnnotator
from mmpose_al.active_learning.label_app.session import Session
from mmpose_al.active_learning.label_app.suggestions import PREDICTED, PROPOSED
from mmpose_al.active_learning.pool import load_pool
from mmpose_al.active_learning.state import new_state
from mmpose_al.fileio import machine, write_json

OUT = osp.join(ROOT, 'benchmarks', 'results', 'label.json')
STATE = 3  # of [x, y, v, state, ...], what the page is told of a joint
NOISE, BEYOND = 1.0, 3.0  # pixels
SECONDS = dict(clicks=2.0, drags=2.5, proposals=0.5, keys=1.0)
WAYS = {'every view': None, '2 clicks': 2, '3 clicks': 3}


class Annotator:
    """One who clicks beside the true place, and counts what it takes.

    Args:
        session (Session): The query.
        truth (dict): Annotation id -> (K, 3).
        seed (int): Of the noise.
    """

    def __init__(self, session, truth, seed=0):
        self.session, self.truth = session, truth
        self.rng = np.random.RandomState(seed)
        self.count = dict.fromkeys(SECONDS, 0)
        self.proposal_errors = []
        session.join('script', 'tab')

    def _change(self, unit, op, **more):
        revision = self.session.progress[unit].revision
        request = dict(more, op=op, unit=unit, revision=revision)
        return self.session.change('script', 'tab', request)

    def _set(self, unit, cells, how):
        return self._change(unit, 'set', cells=cells, how=how)

    def _cell(self, number, joint):
        """Where the annotator sees a joint, inside its image."""
        entry = self.session.query.annotations[number]
        image = self.session.query.images[entry['image_id']]
        place = self.truth[number][joint, :2] + self.rng.normal(0, NOISE, 2)
        x, y = np.clip(place, -0.5, [image['width'] - 0.5, image['height'] - 0.5]).tolist()
        return [number, joint, x, y, 2]

    def label(self, task, clicks):
        """Label a unit; ``clicks`` of each joint, or None for all views."""
        for person in task.persons:
            for joint in person.order:
                shown = [n for n in person.annotations if self.truth[n][joint, 2] > 0]
                # hidden ones last, and not always the same views
                shown = [shown[i] for i in self.rng.permutation(len(shown))]
                shown.sort(key=lambda n: -self.truth[n][joint, 2])
                for number in shown[:clicks]:
                    self._set(task.unit, [self._cell(number, joint)], 'click')
                    self.count['clicks'] += 1
        if clicks is not None:
            self._correct(task)
        self._change(task.unit, 'done')
        self.count['keys'] += 1

    def _correct(self, task):
        """Drag the proposals that are wrong, and accept the others."""
        unit = self.session.shown(task.unit, 'script')
        good = []
        for view in (view for person in unit['persons'] for view in person['views']):
            for joint, values in enumerate(view['joints']):
                if values[STATE] != PROPOSED:
                    continue
                self.count['proposals'] += 1
                known = self.truth[view['id']][joint]
                off = np.hypot(*(np.array(values[:2]) - known[:2])) if known[2] else np.inf
                if known[2]:
                    self.proposal_errors.append(off)
                if off > BEYOND:
                    cell = self._cell(view['id'], joint)
                    self._set(task.unit, [cell if known[2] else [*cell[:2], 0, 0, 0]], 'drag')
                    self.count['drags'] += 1
                else:
                    good.append([view['id'], joint, *values[:2], 2])
        if good:
            self._set(task.unit, good, 'accept_all')
            self.count['keys'] += 1


def errors(session, truth):
    """Distances of all labels to the truth, pixels; and how many joints have none."""
    found, missing = [], 0
    for progress, task in ((session.progress[task.unit], task) for task in session.tasks):
        for number in task.annotations:
            for joint, (x, y, v) in enumerate(truth[number]):
                cell = progress.joint(number, joint)
                if v and cell is not None and cell[2]:
                    found.append(np.hypot(cell[0] - x, cell[1] - y))
                else:
                    missing += bool(v)
    return np.array(found), missing


def asked(folder, pool, units):
    """An experiment that asks for some frames, without predictions."""
    annotator = FileAnnotator(formats=['coco'], images='none')
    annotator.open(folder, pool)
    annotator.ask(0, units, [0.0] * len(units))
    new_state(folder, pool, 'benchmark', 0).write()
    return Session(folder)


def truth_of(pool):
    """Annotation id -> (K, 3)."""
    return {
        entry['id']: np.asarray(entry['keypoints'], float).reshape(-1, 3)
        for entry in pool.data['annotations']
    }


def summary(values):
    """Median and 95th percentile."""
    if not len(values):
        return dict(median=None, p95=None)
    return {
        name: round(float(np.percentile(values, q)), 2) for name, q in (('median', 50), ('p95', 95))
    }


def study(pool, frames, clicks, seed=0):
    """Label frames one way; gives counts of a frame, and errors."""
    truth = truth_of(pool)
    with tempfile.TemporaryDirectory() as folder:
        session = asked(folder, pool, pool.initial(frames, seed))
        annotator = Annotator(session, truth, seed)
        for task in session.tasks:
            annotator.label(task, clicks)
        found, missing = errors(session, truth)
    count = {name: number / frames for name, number in annotator.count.items()}
    return dict(
        clicks=round(count['clicks'] + count['drags'], 1),
        drags=round(count['drags'], 1),
        keys=round(count['keys'], 1),
        seconds=round(sum(count[name] * each for name, each in SECONDS.items())),
        labels=len(found),
        missing=missing,
        errors=summary(found),
        proposals=summary(annotator.proposal_errors),
    )


def prefilled(folder):
    """Errors of what the open query of an experiment is filled in with, px."""
    session = Session(folder)
    truth = truth_of(session.pool)
    own, shared = [], []
    for task in session.tasks:
        for person in task.persons:
            shown = session.suggestions.person(person, session.progress[task.unit])
            for view in shown['views']:
                predicted = session.query.annotations[view['id']]['prediction']
                for joint, (x, y, v) in enumerate(truth[view['id']]):
                    values = view['joints'][joint]
                    if v and values[STATE] == PREDICTED and any(predicted[joint]):
                        own.append(np.hypot(predicted[joint][0] - x, predicted[joint][1] - y))
                        shared.append(np.hypot(values[0] - x, values[1] - y))
    return dict(joints=len(own), own=summary(own), all_views=summary(shared))


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('data', help='folder of the synthetic benchmark')
    parser.add_argument('--frames', type=int, default=20)
    parser.add_argument('--experiment', help='with an open query that has predictions')
    parser.add_argument('--out', default=OUT)
    args = parser.parse_args(argv)
    pool = load_pool(osp.join(args.data, 'train.json'), 'frames')
    report = dict(
        machine=machine(gpu=False),
        frames=args.frames,
        noise=NOISE,
        beyond=BEYOND,
        assumed_seconds=SECONDS,
        ways={name: study(pool, args.frames, clicks) for name, clicks in WAYS.items()},
    )
    if args.experiment:
        report['prefilled'] = prefilled(args.experiment)
    write_json(args.out, report, indent=1)
    for name, row in report['ways'].items():
        print(name, row)
    print(report.get('prefilled', ''))


if __name__ == '__main__':
    main()
