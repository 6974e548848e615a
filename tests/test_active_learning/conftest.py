"""Experiments whose queries people answer."""

import pytest

from mmpose_al.active_learning.answers import ingest
from tests.test_active_learning.people import (
    FORMATS,
    ROUND,
    answer,
    opened,
    read,
    write,
    write_pool,
)


@pytest.fixture
def pool(tmp_path):
    return write_pool(tmp_path / 'data')


@pytest.fixture
def asked(pool, tmp_path):
    """A query for frames 20 and 0, with predictions."""
    path, pixels, views = pool
    annotator = opened(tmp_path / 'work', path)
    annotator.ask(ROUND, [20, 0], [3.0, 1.0], views)
    return annotator, pixels


@pytest.fixture(scope='session')
def answering(tmp_path_factory):
    """A work directory with a query out and one view of it answered."""
    folder = tmp_path_factory.mktemp('people')
    path, pixels, views = write_pool(folder / 'data', 2, persons=2)
    annotator = opened(folder / 'work', path)
    annotator.ask(ROUND, [10, 0], [2.0, 1.0], views)
    given = {i: pixels[i] for i in (0, 2)}
    good = {fmt: answer(read(annotator.folder, fmt), fmt, given) for fmt in FORMATS}
    first = answer(read(annotator.folder, 'coco'), 'coco', {40: pixels[40]})
    ingest(annotator.folder, write(first, folder / 'first.json', 'coco'))
    return annotator, good
