"""A disk that loses what was not synced, and calls of the system that fail."""

import builtins
import errno
import io
import os
import os.path as osp
import signal
import stat
from contextlib import contextmanager

#: What changes a disk. ``open`` makes a file or empties it, ``write`` is each piece that leaves
#: the program: a file of 20 KB is three.
CALLS = (
    *('open', 'write', 'fsync', 'replace', 'rename', 'remove', 'rmdir'),
    *('mkdir', 'link', 'symlink', 'sendfile'),
)
FILLS = ('open', 'write', 'mkdir', 'link', 'symlink', 'sendfile')  # what a full disk refuses


class Disk:
    """What of a folder outlives a power loss.

    POSIX promises: of a file what it held at its last fsync, of a folder the names that it had
    at its own. All of the rest may be there or not, each for itself; a file may be there in part.

    Args:
        root (str): What is in it now is on the disk.
    """

    def __init__(self, root):
        self.root = root
        self.files, self.folders, self.open = {}, {}, []
        for home, _, names in os.walk(root):
            self.folders[os.stat(home).st_ino] = names_of(home)
            for name in names:
                path = osp.join(home, name)
                if not osp.islink(path):
                    self.files[os.stat(path).st_ino] = content_of(path)

    def synced(self, handle):
        """What fsync does."""
        about, path = os.fstat(handle), f'/proc/self/fd/{handle}'
        if stat.S_ISDIR(about.st_mode):
            self.folders[about.st_ino] = names_of(path)
        else:
            self.files[about.st_ino] = content_of(path)
        self.open.append(os.dup(handle))  # its number is not given to another file

    def close(self):
        for handle in self.open:
            os.close(handle)

    def after_power_loss(self, target, rng=None):
        """Write what is left to a new folder.

        Args:
            target (str): The folder.
            rng (random.Random, optional): Chooses what else is there; None: nothing else.
        """
        self._write(osp.realpath(self.root), os.stat(self.root).st_ino, target, rng)

    def _write(self, path, number, target, rng):
        os.mkdir(target)
        names, now = self.folders.get(number, {}), names_of(path) if path else {}
        for name in sorted({*names, *now}):
            entry = names.get(name)
            if rng is not None and rng.random() < 0.5:
                entry = now.get(name)
            if entry is None:
                continue
            kind, inode = entry
            here = osp.join(path, name) if path and now.get(name) == entry else None
            if kind == 'folder':
                self._write(here, inode, osp.join(target, name), rng)
            elif kind == 'link':
                os.symlink(inode, osp.join(target, name))
            else:
                content = self.files.get(inode, b'')
                if rng is not None and here is not None and rng.random() < 0.5:
                    current = content_of(here)
                    content = current[: rng.choice([len(current), rng.randint(0, len(current))])]
                    if current.startswith(self.files.get(inode, b'')):  # what was synced stays
                        content = current[: max(len(content), len(self.files.get(inode, b'')))]
                with open(osp.join(target, name), 'wb') as file:
                    file.write(content)


def content_of(path):
    with open(path, 'rb') as file:
        return file.read()


def names_of(folder):
    """Name -> kind and number, of a link where it leads."""
    found = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink():
                found[entry.name] = ('link', os.readlink(entry.path))
            else:
                found[entry.name] = ('folder' if entry.is_dir() else 'file', entry.inode())
    return found


# ---- calls ---------------------------------------------------------------------------------


class _WatchedFile(io.FileIO):
    """A file whose writes are watched, too; ``watching``: before a call."""

    watching = None

    def write(self, data):
        self.watching('write', (self, data))
        return super().write(data)


def _watched_open(real, before):
    """``open`` that makes files for writing of :class:`_WatchedFile`; others are as they are."""

    def opening(file, mode='r', buffering=-1, encoding=None, errors=None, newline=None, **more):
        if not set(mode) & set('wax+') or more or not isinstance(file, (str, os.PathLike)):
            return real(file, mode, buffering, encoding, errors, newline, **more)
        before('open', (os.fspath(file),))
        raw = _WatchedFile(file, mode.replace('b', '').replace('t', ''))
        raw.watching = before
        if buffering == 0:
            return raw
        buffered = io.BufferedRandom(raw) if '+' in mode else io.BufferedWriter(raw)
        return buffered if 'b' in mode else io.TextIOWrapper(buffered, encoding, errors, newline)

    return opening


@contextmanager
def watched(monkeypatch, before, after=lambda name, args: None):
    """Calls of the system that change a disk; ``before`` may raise in their place.

    Files that stay open, as those of loggers do, are ordinary ones afterwards.
    """
    over = []

    def within(name, args):
        if not over:
            before(name, args)

    def of(name, call):
        def watching(*args, **kwargs):
            before(name, args)
            result = call(*args, **kwargs)
            after(name, args)
            return result

        return watching

    with monkeypatch.context() as patch:
        for name in CALLS:
            if name not in ('open', 'write'):
                patch.setattr(os, name, of(name, getattr(os, name)))
        patch.setattr(os, 'unlink', of('remove', os.unlink))
        patch.setattr(builtins, 'open', _watched_open(open, within))
        try:
            yield
        finally:
            over.append(True)


@contextmanager
def losing_power(monkeypatch, root, lost):
    """Call ``lost(disk)`` before every call that changes a disk: power may be lost just then."""
    disk, busy = Disk(root), []

    def before(name, args):
        if not busy:
            busy.append(1)  # what it does itself is not watched
            lost(disk)
            busy.clear()

    def after(name, args):
        if name == 'fsync' and not busy:
            disk.synced(args[0])

    try:
        with watched(monkeypatch, before, after):
            yield disk
    finally:
        disk.close()


@contextmanager
def failing(monkeypatch, number, kind, calls=CALLS, root=''):
    """The n-th of these calls fails; gives a list of those that did.

    A disk that is full stays so: whatever takes room fails from then on, and of the write that
    filled it a half is there. One that is only read refuses all that follow.

    Args:
        monkeypatch: Of pytest.
        number (int): From 0.
        kind (int): Of the error; ``signal.SIGKILL`` ends the process.
        calls (Sequence[str]): Which are counted.
        root (str): Calls about other folders do not count; those by handle do.
    """
    count, failed = [0], []

    def before(name, args):
        path = args[0] if isinstance(args[0], str) else getattr(args[0], 'name', None)
        if name not in calls or (path is not None and not str(path).startswith(root)):
            return
        lasting = {errno.ENOSPC: FILLS, errno.EROFS: CALLS}.get(kind, ())
        count[0] += 1
        if count[0] <= number or (failed and name not in lasting):
            return
        if kind is signal.SIGKILL:
            os.kill(os.getpid(), signal.SIGKILL)
        if not failed and name == 'write':
            io.FileIO.write(args[0], bytes(args[1])[: len(args[1]) // 2])
        failed.append(name)
        raise OSError(kind, os.strerror(kind), path if name != 'write' else None)

    with watched(monkeypatch, before):
        yield failed


@contextmanager
def only_read(monkeypatch, *roots, kind=errno.EROFS):
    """Nothing below these folders can be changed, as on a medium that is only read."""
    real = [osp.realpath(root) for root in roots]

    def before(name, args):
        for each in args[:2] if name in ('replace', 'rename', 'link', 'symlink') else args[:1]:
            path = each if isinstance(each, str) else None
            if path is not None and osp.realpath(osp.dirname(path)).startswith(tuple(real)):
                raise OSError(kind, os.strerror(kind), path)

    with watched(monkeypatch, before):
        yield


#: A full disk, a broken one, one that is only read, a folder that a server of NFS has lost, and
#: a file that another process holds, as Windows refuses to replace it.
ERRORS = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.ESTALE, errno.EACCES)
