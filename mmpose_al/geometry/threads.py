"""Small operations on many pieces, spread over threads."""
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Callable, Iterator, List, Sequence, TypeVar

import torch

Item, Result = TypeVar('Item'), TypeVar('Result')


@contextmanager
def one_thread_each() -> Iterator[int]:
    """Operations of torch run in the thread that calls them; gives the usual number.

    Splitting a small operation costs more than it gains. Threads that are started
    inside inherit this.
    """
    usual = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield usual
    finally:
        torch.set_num_threads(usual)


def in_threads(work: Callable[[Item], Result], items: Sequence[Item]) -> List[Result]:
    """``work`` of each item, in order, on as many threads as torch may use.

    Torch works without the interpreter's lock, so the threads work at once.
    """
    with one_thread_each() as threads:
        if min(threads, len(items)) < 2:
            return [work(item) for item in items]
        with ThreadPoolExecutor(min(threads, len(items))) as pool:
            return list(pool.map(work, items))
