"""Items made in a thread: order, errors, and an early end."""

import threading
import time

import pytest

from mmpose_al.prediction.ahead import ahead


def test_items_come_in_order_and_are_made_ahead():
    made = []

    def items():
        for number in range(6):
            made.append((number, threading.current_thread().name))
            yield number

    with ahead(items(), depth=2) as stream:
        assert next(stream) == 0
        limit = time.monotonic() + 5
        while len(made) < 4 and time.monotonic() < limit:
            time.sleep(0.01)
        assert 4 <= len(made) <= 5  # one taken, two wait, one is being put
        assert list(stream) == [1, 2, 3, 4, 5]
    assert {name for _, name in made} == {'ahead'}


def test_what_an_item_raises_is_raised_to_its_user():
    def items():
        yield 1
        raise ValueError('no frame')

    with pytest.raises(ValueError, match='no frame'), ahead(items()) as stream:
        assert next(stream) == 1
        next(stream)


def test_who_leaves_early_leaves_no_thread():
    closed = []

    def items():
        try:
            while True:
                yield 0
        finally:
            closed.append(True)

    with ahead(items()) as stream:
        next(stream)
    assert closed and 'ahead' not in [thread.name for thread in threading.enumerate()]
