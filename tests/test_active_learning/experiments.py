"""Experiments that train nothing: the loop, the state and the choices are real."""

import json
from typing import NamedTuple

import numpy as np
import pytest

from mmpose_al.active_learning.answers import ingest
from mmpose_al.active_learning.statistics import save_views
from mmpose_al.fileio import make_folder
from tests.test_active_learning.people import answer, read, write, write_pool
from tests.test_active_learning.rig import make_views

FRAMES = 12


class Begun(NamedTuple):
    """Its folder, its config, the true pixels, and round -> what its strategy saw."""

    work: str
    cfg: object
    pixels: dict
    seen: dict


def describe(folder, **section):
    """The config of an experiment on 12 frames of two recordings, 5 frames apart in time."""
    from tests.test_engine.test_active_learning import config

    path, pixels, _ = write_pool(folder / 'data', FRAMES)
    with open(path) as file:
        data = json.load(file)
    for place, frame in enumerate(data['frames']):
        frame.update(sequence='ab'[place >= FRAMES // 2], index=5 * (place % (FRAMES // 2)))
    with open(path, 'w') as file:
        json.dump(data, file)
    cfg = config(str(folder / 'data'), folder / 'work', **dict(dict(threshold=30.0), **section))
    cfg.train_dataloader.dataset.labeled.ann_file = 'pool.json'
    return cfg, pixels


def run_untrained(cfg, seen):
    """All rounds; training and scoring leave what does not depend on weights."""
    from mmpose_al.engine import stages
    from mmpose_al.engine.active_learning import ActiveLearningExperiment

    def train(context, number):
        return dict(checkpoint='', steps=4, metrics={'multiview/MKPE': 50.0 - number})

    def score(context, number):
        noise = np.random.RandomState(number).uniform(1, 9, FRAMES)
        points = np.random.RandomState(3).normal(0, 250, (FRAMES, 5, 3))
        views, _ = make_views(FRAMES, noise, seed=number, points=points)
        path = context.paths.scores(number)
        make_folder(context.paths.round(number))  # as the training does
        save_views(views, path)
        return dict(file=context.paths.relative(path), views=len(views))

    def select(context, number):
        strategy = context.strategy
        chosen = strategy.select

        def watched(pool, budget):
            seen[number] = pool
            return chosen(pool, budget)

        strategy.select = watched
        try:
            return stages.select(context, number)
        finally:
            del strategy.select

    with pytest.MonkeyPatch.context() as patch:
        for name, stage in dict(train=train, score=score, select=select).items():
            patch.setitem(stages.STAGES, name, stage)
        return ActiveLearningExperiment(cfg).run()


def revealed(folder, **section):
    """Three rounds whose labels come from the pool's file."""
    cfg, pixels = describe(folder, **section)
    seen = {}
    run_untrained(cfg, seen)
    return Begun(cfg.work_dir, cfg, pixels, seen)


def waiting(folder, **section):
    """One round is done, and people are asked for the labels of the second."""
    annotator = dict(type='FileAnnotator', formats=['coco'], images='link')
    cfg, pixels = describe(folder, annotator=annotator, **section)
    seen = {}
    with pytest.raises(SystemExit):
        run_untrained(cfg, seen)
    ingest(cfg.work_dir, answers(cfg.work_dir, 0, pixels, folder))
    with pytest.raises(SystemExit):
        run_untrained(cfg, seen)
    return Begun(cfg.work_dir, cfg, pixels, seen)


def answers(work, round, pixels, folder, ids=None):
    """A file with the truth of a query, or of some of its persons."""
    data = read(work, 'coco', round)
    given = {a['id']: pixels[a['id']] for a in data['annotations'] if ids is None or a['id'] in ids}
    return write(answer(data, 'coco', given), folder / f'answers_{round}.json', 'coco')
