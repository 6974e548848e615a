"""Processes of a command that end with it, whatever ends it; on Linux SIGKILL too."""

import os
import os.path as osp
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import Callable, Iterator, List, Optional, Sequence

from ..processes import end_with_parent
from .errors import CommandError

PREPARE = end_with_parent if sys.platform == 'linux' else None  # in a new process
PATIENCE = 20.0  # seconds that a job may take to end
ROOT = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))


class Job:
    """A Python process that writes into a log file.

    Args:
        name (str): For messages, such as ``'the training of PoseDual'``.
        words (Sequence[str]): Behind the interpreter, such as ``'-m', 'mmpose_al', ...``.
        log (str): File that takes its output, behind what is there.
    """

    def __init__(self, name: str, words: Sequence[str], log: str):
        threads = str(max(1, min(4, (os.cpu_count() or 2) // 2)))
        paths = filter(None, [ROOT, os.environ.get('PYTHONPATH')])  # found as we were
        self.name, self.log = name, log
        with open(log, 'a', encoding='utf-8') as file:
            self.process = subprocess.Popen(
                [sys.executable, *words],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                preexec_fn=PREPARE,
                env=dict(
                    os.environ,
                    OMP_NUM_THREADS=threads,
                    MKL_NUM_THREADS=threads,
                    PYTHONPATH=os.pathsep.join(paths),
                ),
            )

    def stop(self) -> None:
        """End it, if it still runs, and wait for that."""
        stop(self.process)

    def check(self) -> None:
        """Raise a CommandError with its last words if it has failed."""
        if self.process.poll():
            with open(self.log, encoding='utf-8', errors='replace') as file:
                last = ''.join(file.readlines()[-12:])
            raise CommandError(
                f'{last}\n{self.name} failed; the whole log is {self.log}; run it again to go on'
            )


def run_here(words: Sequence[str]) -> int:
    """Run a Python process that shows what it says here, and ends with this one.

    Args:
        words (Sequence[str]): Behind the interpreter.

    Returns:
        int: Its exit status; 128 and the number of the signal that ended it, as shells have it.
    """
    with stopped_by_signals():
        process = subprocess.Popen([sys.executable, *words], preexec_fn=PREPARE)
        try:
            status = process.wait()
        finally:
            stop(process)
    return status if status >= 0 else 128 - status


def stop(process: subprocess.Popen) -> None:
    """End a process, if it still runs, and wait for that."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end this process as Ctrl-C does, with all clean-up.

    A signal that the process was started to ignore (``nohup``) stays ignored. Only the main
    thread can say so; in others nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    numbers = [signal.SIGTERM] + ([signal.SIGHUP] if hasattr(signal, 'SIGHUP') else [])
    numbers = [each for each in numbers if signal.getsignal(each) is not signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run_jobs(
    starts: Sequence[Callable[[], Job]], progress: Optional[Callable[[], str]] = None
) -> None:
    """Start jobs and wait for all of them; if one fails, or we are stopped, stop the others.

    Args:
        starts (Sequence[Callable]): Each starts a job.
        progress (Callable, optional): Text of the line that tells how far they are.

    Raises:
        CommandError: A job failed.
    """
    show = Progress(progress) if progress else None
    jobs: List[Job] = []
    with stopped_by_signals():
        try:
            for start in starts:
                jobs.append(start())
            while any(job.process.poll() is None for job in jobs):
                for job in jobs:
                    job.check()
                time.sleep(0.5)
                if show:
                    show()
        finally:
            for job in jobs:
                job.stop()
            if show:
                show.end()
    for job in jobs:
        job.check()


class Progress:
    """A line on a terminal that is written anew, elsewhere a line now and then."""

    def __init__(self, text: Callable[[], str]):
        self.text, self.terminal = text, sys.stdout.isatty()
        self.start = self.shown = time.monotonic()
        self.width = 0  # of what the terminal shows

    def __call__(self) -> None:
        if time.monotonic() - self.shown < (2 if self.terminal else 30):
            return
        self.shown = time.monotonic()
        line = f'quickstart: {clock(self.shown - self.start)} {self.text()}'
        if self.terminal:
            self._write(line)
        else:
            print(line, flush=True)

    def end(self) -> None:
        if self.terminal:
            self._write('')

    def _write(self, line: str) -> None:
        """Write a line over the one before."""
        print(f'\r{line:{self.width}}\r{line}', end='', flush=True)
        self.width = len(line)


def clock(seconds: float) -> str:
    """Minutes and seconds, as 3:07."""
    return f'{int(seconds) // 60}:{int(seconds) % 60:02d}'
