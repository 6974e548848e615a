"""Work in a thread ahead of who needs it."""

import queue
import threading
from contextlib import contextmanager
from typing import Any, Iterable, Iterator, TypeVar

T = TypeVar('T')
_END = object()


class _Failure:
    def __init__(self, error: BaseException):
        self.error = error


@contextmanager
def ahead(items: Iterable[T], depth: int = 3) -> Iterator[Iterator[T]]:
    """Iterate in a thread, so that making an item goes on beside what is done with others.

    Args:
        items (Iterable): Made one after another in one thread.
        depth (int): Items that may wait.

    Yields:
        Iterator: The items in their order. What making one raises is raised here. The
        thread has ended when the block has, also where it was left early.
    """
    waiting: queue.Queue[Any] = queue.Queue(depth)
    stop = threading.Event()

    def put(item: Any) -> bool:
        while not stop.is_set():
            try:
                waiting.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        source = iter(items)
        try:
            for item in source:
                if not put(item):
                    return
            put(_END)
        except BaseException as error:
            put(_Failure(error))
        finally:
            close = getattr(source, 'close', None)  # a generator's own finally
            if close is not None:
                close()

    def taken() -> Iterator[T]:
        while True:
            item = waiting.get()
            if item is _END:
                return
            if isinstance(item, _Failure):
                raise item.error
            yield item

    thread = threading.Thread(target=work, name='ahead', daemon=True)
    thread.start()
    try:
        yield taken()
    finally:
        stop.set()
        thread.join()
