import bz2
import errno
import functools
import gc
import glob
import gzip
import http.server
import io
import json
import lzma
import os
import os.path as osp
import re
import signal
import stat
import subprocess
import sys
import threading
import time
import weakref
import zipfile
from contextlib import suppress

import numpy as np
import pytest

from mmpose_al import fileio
from tests import ROOT
from tests.quick import quick

LOAD = f"""
import importlib.util
spec = importlib.util.spec_from_file_location('fileio', {fileio.__file__!r})
fileio = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fileio)
"""


@pytest.fixture
def path(tmp_path):
    """A file that is there already."""
    path = tmp_path / 'a.json'
    path.write_text('old')
    return str(path)


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def only(path):
    """Whether nothing else lies in the folder."""
    return os.listdir(osp.dirname(path)) == [osp.basename(path)]


def process(code, *words, **options):
    """Another Python, with the module alone: the whole package takes seconds."""
    code = LOAD + code
    command = [sys.executable, '-c', code, *words]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options
    )


# ---- atomic writes ---------------------------------------------------------------


def test_a_file_is_written_whole_and_makes_its_folders(tmp_path):
    path = str(tmp_path / 'new' / 'folders' / 'ä.txt')
    fileio.write_text(path, 'é\n')
    with open(path, 'rb') as file:
        assert file.read() == 'é\n'.encode()
    assert only(path)
    fileio.write_bytes(path, b'\0\r\n')
    with open(path, 'rb') as file:
        assert file.read() == b'\0\r\n'


@pytest.mark.parametrize('error', [ValueError, KeyboardInterrupt, SystemExit, OSError])
def test_the_old_file_stays_when_its_writer_fails(path, error):
    with pytest.raises(error), fileio.atomic(path) as file:
        file.write('half')
        file.flush()
        raise error
    assert read(path) == 'old' and only(path)


def test_the_target_is_the_old_file_until_the_block_ends(path):
    with fileio.atomic(path) as file:
        file.write('new')
        file.flush()
        assert read(path) == 'old'
    assert read(path) == 'new' and only(path)


def failing(monkeypatch, name, number):
    def fails(*args, **kwargs):
        raise OSError(number, os.strerror(number), *args[:1] if isinstance(args[0], str) else ())

    monkeypatch.setattr(os, name, fails)


@pytest.mark.parametrize('name, number', [('replace', errno.EACCES), ('fsync', errno.ENOSPC)])
def test_a_failure_on_the_way_names_the_target_and_leaves_nothing(path, monkeypatch, name, number):
    failing(monkeypatch, name, number)
    with pytest.raises(OSError) as caught:
        fileio.write_text(path, 'new')
    monkeypatch.undo()
    assert caught.value.filename == path and caught.value.errno == number
    assert read(path) == 'old' and only(path)


@pytest.mark.skipif(os.name == 'nt', reason='limits of processes')
def test_a_file_beyond_the_allowed_size_names_the_target(path):
    """The kernel refuses the bytes of a real write, as a full disk does."""
    code = (
        'import resource, signal, sys\n'
        'signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n'
        'resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n'
        'try:\n'
        '    fileio.write_bytes(sys.argv[1], bytes(10000))\n'
        'except OSError as error:\n'
        '    print(error.filename)\n'
    )
    said, _ = process(code, path).communicate()
    assert said.strip() == path
    assert read(path) == 'old' and only(path)


def test_what_the_writer_reads_is_not_blamed_on_the_target(path):
    with pytest.raises(FileNotFoundError) as caught, fileio.atomic(path):
        open(osp.join(osp.dirname(path), 'input.txt'))
    assert caught.value.filename.endswith('input.txt')


@pytest.fixture
def calls(monkeypatch):
    """What is synced and renamed, in order, by path."""
    found = []
    usual = dict(fsync=os.fsync, replace=os.replace, rename=os.rename)

    def synced(handle):
        found.append(('sync', os.readlink(f'/proc/self/fd/{handle}')))
        return usual['fsync'](handle)

    def replaced(old, new):
        found.append(('rename', new))
        return usual['replace'](old, new)

    monkeypatch.setattr(os, 'fsync', synced)
    monkeypatch.setattr(os, 'replace', replaced)
    monkeypatch.setattr(os, 'rename', replaced)
    return found


linux = pytest.mark.skipif(not osp.isdir('/proc/self/fd'), reason='file names of handles')


@linux
def test_the_file_is_synced_before_and_the_folder_after_the_rename(path, calls):
    fileio.write_json(path, 1)
    assert [what for what, _ in calls] == ['sync', 'rename', 'sync']
    assert calls[0][1].startswith(path + '.') and calls[0][1].endswith('.tmp')
    assert calls[1][1] == path and calls[2][1] == osp.dirname(path)


@linux
def test_new_folders_are_synced_in_theirs(tmp_path, calls):
    fileio.make_folder(str(tmp_path / 'a' / 'b'))
    assert calls == [('sync', str(tmp_path)), ('sync', str(tmp_path / 'a'))]


def test_a_file_in_the_way_of_a_folder_is_named(tmp_path):
    (tmp_path / 'notes').write_text('hello')
    for name in ('notes', 'notes/a'):
        with pytest.raises(fileio.FileError, match='notes: is a file, and a folder is to be'):
            fileio.make_folder(str(tmp_path / name))
    assert (tmp_path / 'notes').read_text() == 'hello'


@linux
def test_without_sync_a_file_is_renamed_only(path, calls):
    fileio.write_bytes(path, b'new', sync=False)
    assert calls == [('rename', path)] and read(path) == 'new'


@pytest.mark.parametrize('number', [errno.EINVAL, errno.ENOTSUP])
def test_a_file_system_that_cannot_sync_is_no_error(path, monkeypatch, number):
    failing(monkeypatch, 'fsync', number)
    fileio.write_text(path, 'new')
    assert read(path) == 'new'


def test_a_folder_that_cannot_be_synced_is_an_error(path, monkeypatch):
    """After the rename: the new file is there, but whoever waits for it is told."""
    usual, count = os.fsync, []

    def second_fails(handle):
        count.append(handle)
        if len(count) == 2:
            raise OSError(errno.EIO, 'input/output error')
        return usual(handle)

    monkeypatch.setattr(os, 'fsync', second_fails)
    with pytest.raises(OSError, match='input/output error'):
        fileio.write_text(path, 'new')


@pytest.mark.skipif(os.name == 'nt', reason='modes of POSIX')
@pytest.mark.parametrize('umask, mode', [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_modes(path, umask, mode):
    before = os.umask(umask)
    try:
        os.chmod(path, 0o640)
        fileio.write_text(path, 'new')
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o640  # that of the old file
        os.remove(path)
        fileio.write_text(path, 'new')
        assert stat.S_IMODE(os.stat(path).st_mode) == mode
    finally:
        os.umask(before)


def test_a_link_stays_a_link(path, tmp_path):
    link = tmp_path / 'elsewhere' / 'link.json'
    link.parent.mkdir()
    link.symlink_to(path)
    fileio.write_text(str(link), 'new')
    assert link.is_symlink() and read(path) == 'new'
    assert os.listdir(str(link.parent)) == ['link.json']


def test_a_folder_is_linked_and_linked_anew(tmp_path):
    for name in 'ab':
        (tmp_path / name).mkdir()
        (tmp_path / name / 'x').write_text(name)
    link = tmp_path / 'below' / 'link'
    for name in 'aab':
        fileio.link(str(tmp_path / name), str(link))
        assert link.is_symlink() and (link / 'x').read_text() == name
    assert os.listdir(str(link.parent)) == ['link']
    with pytest.raises(FileExistsError, match='is no link'):
        fileio.link(str(tmp_path / 'a'), str(tmp_path / 'b'))


def test_where_links_cannot_be_made_files_are_copied(tmp_path, monkeypatch):
    (tmp_path / 'a').mkdir()
    (tmp_path / 'a' / 'x').write_text('text')

    def refuse(*args, **more):
        raise OSError('no links here')

    monkeypatch.setattr(os, 'symlink', refuse)
    for target in ('a', 'a/x'):
        copy = tmp_path / 'copies' / target.replace('/', '_')
        fileio.link(str(tmp_path / target), str(copy))
        assert not copy.is_symlink()
    assert (tmp_path / 'copies' / 'a' / 'x').read_text() == 'text'


@pytest.mark.skipif(os.name == 'nt', reason='devices of POSIX')
def test_a_device_is_written_and_not_replaced(tmp_path):
    fifo = str(tmp_path / 'pipe')
    os.mkfifo(fifo)
    found = []
    reader = threading.Thread(target=lambda: found.append(read(fifo)))
    reader.start()
    fileio.write_text(fifo, 'through')
    reader.join(10)
    assert found == ['through'] and stat.S_ISFIFO(os.stat(fifo).st_mode)


def test_a_folder_in_the_way_and_other_modes_are_refused(tmp_path):
    with pytest.raises(IsADirectoryError, match='is a folder'):
        fileio.write_text(str(tmp_path), 'new')
    with pytest.raises(ValueError, match="mode is 'w' or 'wb'; got 'a'"), fileio.atomic('a', 'a'):
        pass


def test_long_names_have_temporary_names_too(tmp_path):
    path = str(tmp_path / ('ä' * 120 + '.json'))
    fileio.write_json(path, 1)
    assert only(path)


def test_writers_beside_each_other(tmp_path):
    """Threads that write one file: it is always whole, and each has its own temporary."""
    path = str(tmp_path / 'a.json')
    texts = [str(i) * 50_000 for i in range(4)]

    def writes(text):
        for _ in range(10):
            fileio.write_text(path, text)

    threads = [threading.Thread(target=writes, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    seen = set()
    while any(thread.is_alive() for thread in threads):
        if osp.exists(path):
            seen.add(read(path))
    assert seen and seen <= set(texts) and only(path)


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    path = str(tmp_path / 'query' / 'round_00')
    with pytest.raises(KeyboardInterrupt), fileio.atomic_folder(path) as folder:
        fileio.write_text(osp.join(folder, 'a'), 'half')
        raise KeyboardInterrupt
    assert os.listdir(osp.dirname(path)) == []
    with fileio.atomic_folder(path) as folder:
        fileio.write_text(osp.join(folder, 'images', 'a'), 'one')
        assert not osp.exists(path)
    assert only(path) and read(osp.join(path, 'images', 'a')) == 'one'
    with pytest.raises(OSError) as caught, fileio.atomic_folder(path) as folder:
        fileio.write_text(osp.join(folder, 'b'), 'other')
    assert caught.value.filename == path
    assert only(path) and os.listdir(path) == ['images']


def test_a_library_writes_to_a_path_and_the_file_appears_whole(tmp_path):
    path = str(tmp_path / 'results' / 'walk.slp')
    with pytest.raises(KeyboardInterrupt), fileio.atomic_path(path) as temporary:
        fileio.write_text(temporary, 'half')
        raise KeyboardInterrupt
    assert os.listdir(osp.dirname(path)) == []
    for text in ('one', 'two'):
        with fileio.atomic_path(path) as temporary:
            assert osp.basename(temporary) == 'walk.slp'
            fileio.write_text(temporary, text)
            assert text == 'one' or read(path) == 'one'
        assert only(path) and read(path) == text
    with pytest.raises(IsADirectoryError), fileio.atomic_path(str(tmp_path)):
        pass


@linux
def test_files_of_a_folder_are_synced_before_it_is_renamed(tmp_path, calls):
    path = str(tmp_path / 'q')
    with fileio.atomic_folder(path) as folder:
        os.mkdir(osp.join(folder, 'images'))
        with open(osp.join(folder, 'images', 'a.jpg'), 'wb') as file:
            file.write(b'image')
    rename = calls.index(('rename', path))
    before = {osp.basename(name) for what, name in calls[:rename]}
    assert {'a.jpg', 'images'} <= before
    assert calls[rename + 1 :] == [('sync', str(tmp_path))]


# ---- leftovers -------------------------------------------------------------------

WRITES = (
    'import os, signal, sys\n'
    'with fileio.atomic(sys.argv[1]) as file:\n'
    '    file.write("half")\n'
    '    file.flush()\n'
    '    print("there", flush=True)\n'
)


@pytest.mark.skipif(os.name == 'nt', reason='signals of POSIX')
def test_the_file_of_a_killed_process_goes_and_that_of_a_live_one_stays(path):
    folder = osp.dirname(path)
    killed = process(WRITES + '    os.kill(os.getpid(), signal.SIGKILL)\n', path)
    assert killed.wait() == -signal.SIGKILL
    (left,) = set(os.listdir(folder)) - {'a.json'}
    live = process(WRITES + '    sys.stdin.read()\n', path)
    try:
        assert live.stdout.readline() == 'there\n'
        with fileio.atomic(path) as file:  # our own
            file.write('ours')
            assert fileio.remove_leftovers(folder) == [left]
            assert len(os.listdir(folder)) == 3
    finally:
        live.communicate('')
    assert live.returncode == 0
    assert read(path) == 'half' and only(path)


def left(folder, host=None, number=None, run='abcdef', age=0, name='a.json'):
    """A temporary file of a process; by default of this machine and a live process."""
    number = os.getpid() if number is None else number
    path = folder / f'{name}.{host or fileio._HOST}-{number}-{run}-0.tmp'
    path.write_text('half')
    os.utime(str(path), (time.time() - age,) * 2)
    return path.name


def test_leftovers_by_machine_number_and_age(tmp_path):
    day = 24 * 3600
    other = os.getppid()
    gone = [
        left(tmp_path, run='000000'),  # our number, an earlier process
        left(tmp_path, number=2**22 + 1),  # beyond the largest number of Linux
        left(tmp_path, host='ffffff', number=1, age=2 * day),
        left(tmp_path, number=other, age=2 * day, name='old.json'),
    ]
    left(tmp_path, run=fileio._PROCESS)
    left(tmp_path, number=other)
    left(tmp_path, host='ffffff', number=2**22 + 1)
    (tmp_path / 'notes.tmp').write_text('somebody else')
    (tmp_path / 'a.json.123.tmp').write_text('somebody else')
    assert sorted(fileio.remove_leftovers(str(tmp_path))) == sorted(gone)
    assert len(os.listdir(str(tmp_path))) == 5
    assert fileio.remove_leftovers(str(tmp_path / 'missing')) == []


def test_leftover_folders_go_too(tmp_path):
    name = f'q.{fileio._HOST}-{2**22 + 1}-abcdef-0.tmp'
    (tmp_path / name / 'images').mkdir(parents=True)
    assert fileio.remove_leftovers(str(tmp_path)) == [name]
    assert os.listdir(str(tmp_path)) == []


def test_nobody_is_killed_by_looking(monkeypatch):
    """Signal 0 only; and on Windows, where os.kill ends a process, no signal at all."""
    sent = []
    monkeypatch.setattr(os, 'kill', lambda number, signal: sent.append(signal))
    assert fileio._runs(os.getpid()) and sent == [0]
    monkeypatch.setattr(os, 'name', 'nt')
    assert fileio._runs(os.getpid()) and sent == [0]


# ---- lines -----------------------------------------------------------------------


def test_lines_are_appended_and_a_torn_one_stays_apart(tmp_path):
    path = str(tmp_path / 'a.jsonl')
    fileio.append_line(path, '{"a": 1}')
    fileio.append_line(path, '"é"')
    with open(path, 'a', encoding='utf-8') as file:
        file.write('{"b": ')
    fileio.append_line(path, '3')
    assert read(path) == '{"a": 1}\n"é"\n{"b": \n3\n'
    with pytest.raises(ValueError, match='no line ends'):
        fileio.append_line(path, '1\n2')


@linux
def test_a_folder_of_somebody_else_is_synced_with_all_above_it(tmp_path, calls):
    os.makedirs(str(tmp_path / 'a' / 'b'))
    fileio.sync_parents(str(tmp_path / 'a' / 'b'))
    assert calls[:2] == [('sync', str(tmp_path / 'a')), ('sync', str(tmp_path))]
    assert calls[-1] == ('sync', '/')


@linux
def test_lines_are_synced(tmp_path, calls):
    path = str(tmp_path / 'a.jsonl')
    fileio.append_line(path, '1')
    assert calls == [('sync', path), ('sync', str(tmp_path))]
    del calls[:]
    fileio.append_line(path, '2')
    assert calls == [('sync', path)]


def test_bytes_are_appended_to_the_file_that_is_known(tmp_path):
    path = tmp_path / 'a'
    path.write_bytes(b'one')
    fileio.append_bytes(str(path), b'two', 3)
    assert path.read_bytes() == b'onetwo'
    with pytest.raises(fileio.FileError, match='somebody else wrote'):
        fileio.append_bytes(str(path), b'three', 3)
    assert path.read_bytes() == b'onetwo'


def test_what_could_not_be_appended_is_taken_back(tmp_path, monkeypatch):
    path = tmp_path / 'a'
    path.write_bytes(b'one')

    def full(handle):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(fileio, '_sync', full)
    with pytest.raises(OSError, match='No space left.*/a'):
        fileio.append_bytes(str(path), b'two', 3)
    assert path.read_bytes() == b'one'


@linux
def test_what_is_appended_is_synced(tmp_path, calls):
    path = tmp_path / 'a'
    path.write_bytes(b'')
    fileio.append_bytes(str(path), b'1', 0)
    assert calls == [('sync', str(path))]


@pytest.mark.parametrize('links', [True, False])
def test_a_copy_is_kept_as_the_file_was(tmp_path, monkeypatch, links):
    path = tmp_path / 'a.json'
    path.write_text('old')
    (tmp_path / 'b.json').write_text('older')
    if not links:
        monkeypatch.setattr(os, 'link', lambda *_: (_ for _ in ()).throw(OSError()))
    fileio.keep_copy(str(path), 'b.json')
    fileio.write_text(str(path), 'new')
    assert (tmp_path / 'b.json').read_text() == 'old' and len(os.listdir(str(tmp_path))) == 2


def test_a_file_that_is_replaced_on_nfs_while_it_is_read(tmp_path, monkeypatch):
    """The handle of the old one is stale: the new one is read, once."""
    path, fstat, stale = tmp_path / 'a.json', os.fstat, []
    path.write_text('old')

    def replaced(handle):
        if len(stale) < times:
            stale.append(handle)
            path.write_text('new')
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        return fstat(handle)

    for times, calls in ((1, 1), (2, 2)):
        stale.clear()
        with monkeypatch.context() as patch:
            patch.setattr(os, 'fstat', replaced)
            try:
                found = fileio.read_bytes(str(path), limit=9)
            except OSError as error:
                found = error.errno
        assert found == (b'new' if times == 1 else errno.ESTALE) and len(stale) == calls


@pytest.mark.parametrize('kind', [errno.ESTALE, errno.EIO, errno.EDQUOT])
def test_a_disk_that_fails_is_an_error_that_names_the_file(tmp_path, monkeypatch, kind):
    def fails(handle):
        raise OSError(kind, os.strerror(kind))

    path = tmp_path / 'a.json'
    path.write_text('old')
    with monkeypatch.context() as patch:
        patch.setattr(os, 'fsync', fails)
        with pytest.raises(OSError) as caught:
            fileio.write_text(str(path), 'new')
    assert caught.value.errno == kind and str(path) in str(caught.value)
    assert path.read_text() == 'old' and os.listdir(str(tmp_path)) == ['a.json']


def test_a_checksum_lies_beside_a_file(tmp_path):
    path = tmp_path / 'a.bin'
    fileio.write_checked(str(path), b'abc')
    told = (tmp_path / 'a.bin.sha256').read_text()
    assert told.startswith('ba7816bf8f01cfea414140de5dae2223') and told.endswith('  a.bin\n')
    assert fileio.checksum_fault(str(path)) == ''
    path.write_bytes(b'abd')
    assert 'not those that were written' in fileio.checksum_fault(str(path))
    os.remove(str(path) + fileio.CHECKSUM)
    assert fileio.checksum_fault(str(path)) == ''


def test_a_file_in_pieces_is_the_file_at_once(tmp_path):
    path = tmp_path / 'a.bin'
    fileio.write_checked(str(path), (piece for piece in (b'a', b'', b'bc')))
    assert path.read_bytes() == b'abc' and fileio.checksum_fault(str(path)) == ''
    assert fileio.is_written(str(path), iter((b'ab', b'c')))
    assert not fileio.is_written(str(path), (b'ab', b'd'))
    path.write_bytes(b'abd')
    assert not fileio.is_written(str(path), (b'abc',))  # damaged, whatever its checksum says
    assert not fileio.is_written(str(path), (b'abd',))
    os.remove(str(path) + fileio.CHECKSUM)
    assert not fileio.is_written(str(path), (b'abd',))


def test_a_kill_never_leaves_the_checksum_of_other_bytes(tmp_path, monkeypatch):
    """Killed before the file, before its checksum, or in between: whole or without one."""
    path = tmp_path / 'a.bin'
    write = fileio.write_bytes
    for step in (0, 1):
        fileio.write_checked(str(path), b'old')
        count = []

        def dies(*args, step=step, count=count, **kwargs):
            if len(count) == step:
                raise KeyboardInterrupt
            count.append(write(*args, **kwargs))

        with monkeypatch.context() as patch:
            patch.setattr(fileio, 'write_bytes', dies)
            patch.setattr(fileio, 'write_text', lambda path, text: dies(path, text.encode()))
            with pytest.raises(KeyboardInterrupt):
                fileio.write_checked(str(path), b'new')
        assert path.read_bytes() == (b'old', b'new')[step]
        assert fileio.checksum_fault(str(path)) == ''


def test_what_is_read_is_held_to_the_checksum_beside_it(tmp_path):
    path = tmp_path / 'a.json'
    assert fileio.file_fault(str(path)) == 'is not there'
    fileio.write_json(str(path), dict(a=1), checked=True)
    whole = path.read_bytes()
    assert fileio.read_checked(str(path)) == whole and fileio.file_fault(str(path)) == ''
    for bit in range(8 * len(whole)):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        with pytest.raises(fileio.FileError, match=r'a\.json: its bytes .* remove a\.json\.sha256'):
            fileio.read_checked(str(path))
    with pytest.raises(fileio.FileError, match='its bytes are not those'):
        fileio.check_checksum(str(path))
    path.write_bytes(whole)
    fileio.check_checksum(str(path))
    (tmp_path / 'a.json.sha256').write_bytes(b'')  # is none of these bytes either
    assert 'not those' in fileio.file_fault(str(path))
    os.remove(str(tmp_path / 'a.json.sha256'))  # an older version, or changed on purpose
    path.write_bytes(b'{}')
    assert fileio.read_checked(str(path)) == b'{}'
    with pytest.raises(fileio.FileError, match='is larger than'):
        fileio.read_checked(str(path), limit=1)
    with pytest.raises(FileNotFoundError, match='no such file'):
        fileio.read_checked(str(tmp_path / 'none'))


def test_a_file_that_is_written_anew_while_it_is_read_is_not_damaged(tmp_path, monkeypatch):
    path, real = str(tmp_path / 'a.bin'), fileio.read_bytes
    fileio.write_checked(path, b'old')

    def meanwhile(*args):
        monkeypatch.setattr(fileio, 'read_bytes', real)
        fileio.write_checked(path, b'new')
        return real(*args)

    monkeypatch.setattr(fileio, 'read_bytes', meanwhile)
    assert fileio.read_checked(path) == b'new'


# ---- JSON ------------------------------------------------------------------------


def test_json_is_strict_and_numpy_is_plain(path):
    content = dict(
        nan=float('nan'),
        inf=[float('inf'), -np.inf],
        array=np.array([[1.5, np.nan]], np.float64),
        numbers=(np.int64(3), np.float64(0.1), np.bool_(True), np.str_('a')),
        empty=[None, {}, ()],
        é='ü',
    )
    content[7] = content.pop('empty')
    fileio.write_json(path, content)
    raw = read(path)
    assert raw.endswith('}\n') and 'NaN' not in raw and 'Infinity' not in raw

    def strange(word):
        raise AssertionError(word)

    assert json.loads(raw, parse_constant=strange) == {
        'nan': None,
        'inf': [None, None],
        'array': [[1.5, None]],
        'numbers': [3, 0.1, True, 'a'],
        'é': 'ü',
        '7': [None, {}, []],
    }
    assert content['array'].shape == (1, 2)  # what was given is not touched


def test_what_is_made_without_the_collector_is_old_at_once():
    """Searches over new objects leave it out; cycles in it are found by a whole one."""

    class Node:
        pass

    gc.unfreeze()  # what tests.quick has frozen
    gc.collect()
    with fileio.without_collector():
        made = [[] for _ in range(30_000)]
        assert not gc.isenabled()
    young = {id(each) for generation in (0, 1) for each in gc.get_objects(generation)}
    assert gc.isenabled() and not young.intersection(map(id, made))
    with fileio.without_collector():
        node = Node()
        node.itself = node
        there = weakref.ref(node)
        del node
    assert there() is not None
    gc.collect()
    assert there() is None
    gc.freeze()
    try:
        with fileio.without_collector():
            pass
        assert gc.get_freeze_count() > 0  # somebody else's stay frozen
    finally:
        gc.unfreeze()
        quick()


@pytest.mark.parametrize(
    'content',
    [
        dict(),
        dict(a=[]),
        dict(a=[], b=1, c=[dict(x=[1.5, float('nan')]), 'ü', None]),
        dict(a=list(range(2500)), b=dict(c=[[1, 2]]), d=['x'] * 1000, e=(1, 2)),
    ],
)
def test_json_in_pieces_is_json(content):
    whole = fileio.to_json(content).encode()
    assert b''.join(fileio.json_pieces(content)) == whole
    lazy = {k: iter(v) if isinstance(v, list) else v for k, v in content.items()}
    assert b''.join(fileio.json_pieces(lazy)) == whole
    assert all(len(piece) < 8000 for piece in fileio.json_pieces(dict(a=list(range(10_000)))))


@pytest.mark.parametrize(
    'values, plain',
    [
        ([1, 2.5, -0.0], [1, 2.5, -0.0]),
        ([1.0, float('inf')], [1.0, None]),
        ([True, 1.0], [True, 1.0]),
        ([10**400, 1.0], [10**400, 1.0]),
        ([10**400], [10**400]),
        ([np.float64('nan'), 1.0], [None, 1.0]),
        (['a', None, 3, False], ['a', None, 3, False]),
        ([[float('nan')], (1,)], [[None], [1]]),
    ],
)
def test_lists_of_numbers_are_plain(values, plain):
    assert fileio.plain(values) == plain and fileio.to_json(values) == json.dumps(plain)


def test_python_looks_for_cycles_again_afterwards():
    assert gc.isenabled()
    with fileio.without_collector():
        with fileio.without_collector():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(fileio.FileError), fileio.without_collector():
        fileio.parse_json('{', 'a.json')
    assert gc.isenabled()


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'utf-16', 'utf-32-be'])
def test_the_text_of_a_file_and_its_digest(encoding):
    raw = '{"a": "ü"}'.encode(encoding)
    text, digest = fileio.text_and_sha256(raw)
    assert fileio.parse_json(text, 'a.json') == dict(a='ü') and digest == fileio.sha256(raw)


def test_layout_of_json(path):
    fileio.write_json(path, dict(b=[1], a=2))
    assert read(path) == '{\n "b": [\n  1\n ],\n "a": 2\n}\n'
    fileio.write_json(path, dict(b=[1], a=2), indent=None, sort_keys=True)
    assert read(path) == '{"a": 2, "b": [1]}\n'


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def circle():
    value = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    'value, words',
    [
        (object(), 'object is not JSON'),
        ({1, 2}, 'set is not JSON'),
        (dict(a=[b'bytes']), 'bytes is not JSON'),
        (1j, 'complex is not JSON'),
        (np.array([object()]), 'object is not JSON'),
        ({None: 1}, 'None is no key'),
        ({True: 1}, 'True is no key'),
        ({1.5: 1}, '1.5 is no key'),
        ({(1, 2): 1}, 'is no key'),
        ({1: 'a', '1': 'b'}, 'as text and as number'),
        (nested(100_000), 'nested too deeply'),
        (circle(), 'nested too deeply'),
    ],
)
def test_what_is_not_json_is_refused_and_the_old_file_kept(path, value, words):
    with pytest.raises(TypeError, match=f'^{path}: .*{re.escape(words)}'):
        fileio.write_json(path, value)
    assert read(path) == 'old' and only(path)


@pytest.mark.parametrize('value', [float('nan'), [np.inf], np.array([1, np.nan])])
def test_data_has_no_missing_numbers(path, value):
    with pytest.raises(ValueError, match=f'^{path}: .* is not JSON'):
        fileio.write_json(path, dict(a=value), nan_as_null=False)
    assert read(path) == 'old' and only(path)


def test_whole_numbers_keep_all_their_digits(path):
    fileio.write_json(path, [10**400, 2**63, -1])
    assert fileio.read_json(path) == [10**400, 2**63, -1]


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'utf-16', 'utf-16-be', 'utf-32'])
def test_encodings(path, encoding):
    with open(path, 'wb') as file:
        file.write('{"é": "\U0001f600"}'.encode(encoding))
    assert fileio.read_json(path) == {'é': '\U0001f600'}
    assert fileio.parse_json('\ufeff[1]', 'a') == [1]


@pytest.mark.parametrize(
    'raw, words',
    [
        (b'', 'is not JSON'),
        (b'{"a": 1', 'is not JSON'),
        (b'{"a": "\xff"}', 'is not JSON'),
        (b'\x80\x04K\x01.', 'is not JSON'),  # a pickle
        (b'[' * 200_000, 'nested too deeply'),
        (b'{"a":' * 200_000, 'nested too deeply'),
    ],
)
def test_what_is_not_json_names_the_file_and_a_remedy(path, raw, words):
    with open(path, 'wb') as file:
        file.write(raw)
    with pytest.raises(fileio.FileError, match=words) as caught:
        fileio.read_json(path)
    assert str(caught.value).startswith(f'{path}: ')
    assert str(caught.value).endswith('The file may be truncated; copy or write it again.')
    with pytest.raises(ValueError, match='Take the other one.$'):
        fileio.read_json(path, remedy='Take the other one.')


@pytest.mark.parametrize(
    'pack, said',
    [
        (gzip.compress, r'compressed with gzip. Unpack it \(gunzip\)'),
        (bz2.compress, 'compressed with bzip2'),
        (lzma.compress, 'compressed with xz'),
        (lambda raw: b'PK\x03\x04' + raw, 'compressed with zip'),
        (lambda raw: b'\x28\xb5\x2f\xfd' + raw, 'compressed with zstd'),
    ],
)
def test_what_is_compressed_is_called_so(path, pack, said):
    with open(path, 'wb') as file:
        file.write(pack(b'{"a": 1}'))
    with pytest.raises(fileio.FileError, match=said) as caught:
        fileio.read_json(path)
    assert str(caught.value).startswith(f'{path}: ') and 'truncated' not in str(caught.value)
    assert fileio.compression(b'{"a": 1}') == fileio.compression(b'') == ''


def test_numbers_without_end_are_read_or_refused_and_never_crash(path):
    """A whole number of 100,000 digits: newer Pythons refuse it, older ones read it."""
    with open(path, 'w') as file:
        file.write('[' + '9' * 100_000 + ']')
    if hasattr(sys, 'get_int_max_str_digits'):
        with pytest.raises(fileio.FileError, match=path):
            fileio.read_json(path)
    else:
        assert not fileio.is_number(fileio.read_json(path)[0])


def test_keys_that_are_there_twice(path):
    raw = '{"a": [{"b": 1, "c": 2, "b": 3}]}'
    assert fileio.parse_json(raw, path) == dict(a=[dict(b=3, c=2)])
    with pytest.raises(fileio.FileError, match=f'{path}: object, field "b": is there twice'):
        fileio.parse_json(raw, path, unique_keys=True)


def test_finite_numbers_are_numbers():
    nan, inf = float('nan'), float('inf')
    for value in (0, -1, 1.5, 10**300, np.float64(2)):
        assert fileio.is_number(value), value
    for value in (nan, inf, -inf, 10**400, True, False, None, '1', [1], 1j):
        assert not fileio.is_number(value), value
    assert fileio.is_int(10**400) and not fileio.is_int(1.0) and not fileio.is_int(True)
    assert fileio.are_numbers([1, 2.5], 2) and fileio.are_numbers((), 0)
    for values in ([1], [1, 2, 3], [1, nan], [1, True], '12', None, {1: 2, 3: 4}):
        assert not fileio.are_numbers(values, 2), values


def test_values_in_messages():
    assert fileio.short('a') == "'a'"
    assert fileio.short(list(range(99)), 20) == '[0, 1, 2, 3, 4, 5...'
    assert len(fileio.short('x' * 1000, 20)) == 20
    assert fileio.short(nested(100_000)) == 'a list nested too deeply'
    assert len(fileio.short([10**5000])) <= 60
    text = fileio.message('a.json', 'images[0]', 'id', 'is None', 'write a number')
    assert text == 'a.json: images[0], field "id": is None. Write a number.'


# ---- reading ---------------------------------------------------------------------


def test_files_that_are_too_large_are_not_read(path):
    with open(path, 'w') as file:
        file.write('[1, 2, 3]')
    assert fileio.read_bytes(path, 9) == b'[1, 2, 3]'
    with pytest.raises(fileio.FileError, match=f'{path}: is larger than .* which is the limit'):
        fileio.read_bytes(path, 8)
    with pytest.raises(fileio.FileError, match='is larger than'):
        fileio.read_json(path, 8)
    os.truncate(path, 2**40)  # no memory holds it
    with pytest.raises(fileio.FileError, match='is larger than'):
        fileio.read_bytes(path, 9)


@pytest.mark.skipif(not osp.exists('/dev/zero'), reason='a device without end')
def test_a_stream_without_end_has_a_limit_too():
    with pytest.raises(fileio.FileError, match='is larger than'):
        fileio.read_bytes('/dev/zero', 1000)


def test_missing_files_are_named(tmp_path):
    for read in (fileio.read_bytes, fileio.read_json, fileio.read_arrays):
        for path in (tmp_path / 'missing', tmp_path / 'a.txt' / 'b'):
            (tmp_path / 'a.txt').write_text('a file')
            with pytest.raises(FileNotFoundError, match=re.escape(str(path))):
                read(str(path))
    with pytest.raises(FileNotFoundError, match='is a folder, not a file'):
        fileio.read_bytes(str(tmp_path))


def test_a_uri_is_read_by_mmengine(tmp_path):
    (tmp_path / 'a.json').write_text('[1]')
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.HTTPServer(('127.0.0.1', 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            uri = f'http://127.0.0.1:{server.server_port}/a.json'
            assert fileio.read_json(uri) == [1]
            with pytest.raises(fileio.FileError, match='is larger than'):
                fileio.read_bytes(uri, 2)
        finally:
            server.shutdown()


def test_a_command_that_only_looks_answers_at_once(tmp_path):
    code = (
        'import sys\n'
        'path = sys.argv[1]\n'
        'fileio.write_json(path, [1]); fileio.read_json(path); fileio.sha256(path)\n'
        'fileio.remove_leftovers("."); fileio.digest([1])\n'
        'heavy = {"torch", "mmengine", "mmpose", "cv2", "matplotlib", "PIL", "scipy"}\n'
        'print(sorted(heavy & set(sys.modules)))\n'
    )
    said, _ = process(code, str(tmp_path / 'a.json')).communicate()
    assert said == '[]\n'


def test_arrays_come_back(tmp_path):
    path = str(tmp_path / 'a.npz')
    arrays = dict(a=np.arange(6).reshape(2, 3), b=np.array('text'), c=np.zeros((0, 4), np.float32))
    fileio.write_arrays(path, **arrays)
    with open(path, 'rb') as file:
        raw = file.read()
    found = fileio.read_arrays(path)
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype and np.array_equal(found[name], array)
    assert list(fileio.read_arrays(path, ['b'])) == ['b']
    with pytest.raises(fileio.FileError, match=r'field "d": is missing, the file has \[\'a\', '):
        fileio.read_arrays(path, ['a', 'd'])
    with pytest.raises(fileio.FileError, match='is larger than'):
        fileio.read_arrays(path, limit=100)
    fileio.write_arrays(path, **arrays)
    with open(path, 'rb') as file:
        assert file.read() == raw  # the same arrays, the same bytes
    assert only(path)


def test_large_arrays_are_mapped(tmp_path, monkeypatch):
    """float32 alone: the rest becomes smaller when it is compressed."""
    monkeypatch.setattr(fileio, '_MAPPED', 100)
    path = str(tmp_path / 'a.npz')
    arrays = dict(
        small=np.ones(24, np.float32),
        large=np.arange(60, dtype=np.float32).reshape(20, 3),
        turned=np.asfortranarray(np.arange(60, dtype=np.float32).reshape(20, 3)),
        wide=np.ones(60),
    )
    fileio.write_arrays(path, **arrays)
    found = fileio.read_arrays(path)
    for name, array in arrays.items():
        assert isinstance(found[name], np.memmap) == (name in ('large', 'turned')), name
        assert found[name].dtype == array.dtype and np.array_equal(found[name], array)
    with pytest.raises(ValueError, match='read-only'):
        found['large'][0] = 5
    for part in (found['large'], np.asarray(found['large'])[3:]):
        fileio.give_back(part)
        assert np.array_equal(part, arrays['large'][-len(part) :])
    fileio.give_back(found['small'])  # nothing to do
    with np.load(path) as file:
        assert np.array_equal(file['large'], arrays['large'])
    with open(path, 'rb') as file:
        raw = bytearray(file.read())
    raw[raw.find(arrays['large'].tobytes()) + 17] ^= 4
    with open(path, 'wb') as file:
        file.write(raw)
    with pytest.raises(fileio.FileError, match="Bad CRC-32 for file 'large.npy'"):
        fileio.read_arrays(path)
    assert list(fileio.read_arrays(path, ['small'])) == ['small']


def test_pickles_are_neither_written_nor_read(tmp_path):
    path = str(tmp_path / 'a.npz')
    fileio.write_arrays(path, a=np.arange(3))
    with pytest.raises(ValueError, match='a.npz: b holds Python objects'):
        fileio.write_arrays(path, a=np.arange(4), b=np.array([{}], object))
    assert list(fileio.read_arrays(path)['a']) == [0, 1, 2] and only(path)

    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / 'exploded'),)

    np.savez(path, a=np.arange(3), b=np.array([Bomb()], object))
    assert list(fileio.read_arrays(path, ['a'])['a']) == [0, 1, 2]
    with pytest.raises(fileio.FileError, match='a.npz: is no npz file'):
        fileio.read_arrays(path)
    import pickle

    with open(path, 'wb') as file:
        pickle.dump(Bomb(), file)
    with pytest.raises(fileio.FileError, match='a.npz: is no npz file'):
        fileio.read_arrays(path)
    assert os.listdir(str(tmp_path)) == ['a.npz']


def test_damaged_arrays_are_file_errors(tmp_path):
    """Every cut, and bytes changed all over the file: an error that names it, or the data."""
    path = str(tmp_path / 'a.npz')
    fileio.write_arrays(path, a=np.arange(50, dtype=np.float64), b=np.array(['x', 'yz']))
    with open(path, 'rb') as file:
        whole = file.read()
    cases = [whole[:size] for size in range(len(whole))]
    rng = np.random.RandomState(0)
    for place in range(len(whole)):
        raw = bytearray(whole)
        raw[place] ^= 1 << rng.randint(8)
        cases.append(bytes(raw))
    refused = 0
    for raw in cases:
        with open(path, 'wb') as file:
            file.write(raw)
        with suppress(fileio.FileError):
            fileio.read_arrays(path)
            refused -= 1
        refused += 1
    assert refused > 0.7 * len(cases)


def test_other_files_are_no_arrays(tmp_path):
    path = str(tmp_path / 'a.npz')
    content = io.BytesIO()
    np.save(content, np.arange(3))
    with open(path, 'wb') as file:
        file.write(content.getvalue())
    with pytest.raises(fileio.FileError, match='is no npz file'):
        fileio.read_arrays(path)
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('a.txt', 'text')
    with pytest.raises(fileio.FileError, match="'a.txt' is no array"):
        fileio.read_arrays(path)


# ---- pictures --------------------------------------------------------------------


def test_pictures(tmp_path):
    import cv2

    path = str(tmp_path / 'new' / 'a.png')
    image = np.random.RandomState(0).randint(0, 255, (5, 7, 3), np.uint8)
    fileio.write_image(path, image)
    assert np.array_equal(cv2.imread(path), image) and only(path)
    for name in ('a', 'a.strange'):
        with pytest.raises(OSError, match=f'{name}: cannot be written as a picture'):
            fileio.write_image(str(tmp_path / name), image)
    assert os.listdir(str(tmp_path)) == ['new']


def test_figures(tmp_path):
    from matplotlib.figure import Figure

    figure = Figure()
    for name, begin in (('a.png', b'\x89PNG'), ('a.svg', b'<?xml'), ('a.pdf', b'%PDF')):
        path = str(tmp_path / name)
        fileio.write_figure(path, figure, dpi=20)
        with open(path, 'rb') as file:
            assert file.read(5).startswith(begin)
    fileio.write_figure(str(tmp_path / 'odd'), figure, format='png')
    assert len(os.listdir(str(tmp_path))) == 4


# ---- locks, digests, the machine -------------------------------------------------


@pytest.mark.skipif(os.name == 'nt', reason='locks of POSIX')
def test_one_process_at_a_time(tmp_path):
    path = str(tmp_path / 'new' / '.lock')
    code = (
        'import sys\n'
        'with fileio.locked(sys.argv[1]):\n'
        '    print("held", flush=True)\n'
        '    sys.stdin.readline()\n'
    )
    holder = process(code, path)
    try:
        assert holder.stdout.readline() == 'held\n'
        held = pytest.raises(BlockingIOError, match='another process holds the lock')
        with held, fileio.locked(path, wait=False):
            raise AssertionError('two hold it')
        held = pytest.raises(ValueError, match='runs already')
        with held, fileio.locked(path, wait=False, held=ValueError('runs already')):
            raise AssertionError('two hold it')
        waiter = process(code, path)
        time.sleep(0.5)
        assert waiter.poll() is None
        holder.communicate('\n')  # lets go
        assert waiter.stdout.readline() == 'held\n'
        waiter.kill()  # a killed process holds nothing
        waiter.communicate()
        with fileio.locked(path, wait=False):
            pass
        with fileio.locked(path, wait=False):  # and it was let go again
            assert osp.exists(path)
        inside = pytest.raises(BlockingIOError, match='a socket, not the lock')
        with inside, fileio.locked(path, wait=False, held=ValueError('runs already')):
            raise BlockingIOError('a socket, not the lock')
    finally:
        holder.kill()


@pytest.mark.skipif(os.name == 'nt', reason='forks')
def test_a_child_that_lives_on_does_not_keep_the_lock(tmp_path):
    path = str(tmp_path / '.lock')
    with fileio.locked(path):
        child = os.fork()
        if child == 0:
            time.sleep(60)
            os._exit(0)
    try:
        with fileio.locked(path, wait=False):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_without_locks_it_does_nothing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'fcntl', None)
    path = str(tmp_path / '.lock')
    with fileio.locked(path, wait=False), fileio.locked(path, wait=False):
        assert osp.exists(path)


def test_digests(tmp_path):
    a, b = dict(x=1, y=[dict(p=1, q=2)]), dict(y=[dict(q=2, p=1)], x=1)
    assert fileio.digest(a) == fileio.digest(b) and len(fileio.digest(a)) == 16
    assert fileio.digest(dict(y=[1, 2])) != fileio.digest(dict(y=[2, 1]))
    assert fileio.digest((1, 2)) == fileio.digest([1, 2]) == fileio.digest(np.array([1, 2]))
    assert len(fileio.digest(a, 64)) == 64
    path = str(tmp_path / 'a')
    raw = bytes(range(256)) * 10_000  # several chunks
    fileio.write_bytes(path, raw)
    assert fileio.sha256(path) == fileio.sha256(raw)
    assert fileio.sha256(b'abc').startswith('ba7816bf8f01cfea414140de5dae2223')


def test_the_machine_is_told_by_kind_not_by_name():
    told = fileio.machine(gpu=False)
    assert told and os.uname().nodename not in told


# ---- the only place --------------------------------------------------------------

SIGNS = {
    'os.replace': r'\bos\.(replace|rename|renames)\(',
    'shutil.move': r'\bshutil\.move\(',
    'fcntl': r'\bfcntl\b',
    'tempfile': r'\btempfile\b',
    'fsync': r'\bfsync\(',
    'savez': r'\bnp\.savez',
    'np.load': r'\bnp\.load\(',
    'json.dump to a file': r'\bjson\.dump\(',
    'json.load of a file': r'\bjson\.load\(',
    'imwrite': r'\bimwrite\(',
    'savefig': r'\bsavefig\(',
    'write_json': r'\bdef _?(write_json|save_json|load_json|read_json|machine|cpu_model)\(',
    'numbers': r'\bdef _?(is_number|is_int|is_finite|are_numbers|short|without_nan)\(',
}


def test_hidden_names_are_left_out(tmp_path):
    for name in ('b.JPG', 'a.jpg', '._a.jpg', '.a.jpg', 'c.png', 'd'):
        (tmp_path / name).write_bytes(b'')
    assert fileio.visible_names(str(tmp_path)) == ['a.jpg', 'b.JPG', 'c.png', 'd']
    assert fileio.visible_names(str(tmp_path), ['.jpg', '.png']) == ['a.jpg', 'b.JPG', 'c.png']


# File -> the signs that it may show, and why.
ALLOWED = {
    # What libjpeg says on standard error is caught in a file that never has a name.
    'mmpose_al/datasets/images.py': {'tempfile'},
    # Answers that a dry run pulls are thrown away.
    'mmpose_al/active_learning/servers/exchange.py': {'tempfile'},
    # Says where the layout of a data set is described that is not there.
    'mmpose_al/converters/common.py': {'write_json'},
    # A method of an archive, which reads an entry of it.
    'mmpose_al/active_learning/formats/document.py': {'write_json'},
    # Runs with the package of an earlier commit, which had no such place.
    'benchmarks/growth.py': {'np.load'},
}
# What benchmarks make to measure it is thrown away.
MEASURED = {'tempfile'}


def test_files_are_written_and_read_in_one_place():
    found = []
    for room in ('mmpose_al', 'tools', 'benchmarks', 'demo'):
        for path in glob.glob(osp.join(ROOT, room, '**', '*.py'), recursive=True):
            name = osp.relpath(path, ROOT).replace(os.sep, '/')
            if name == 'mmpose_al/fileio.py':
                continue
            for number, line in enumerate(read(path).splitlines(), 1):
                for sign, pattern in SIGNS.items():
                    if room == 'benchmarks' and sign in MEASURED:
                        continue
                    if re.search(pattern, line) and sign not in ALLOWED.get(name, ()):
                        found.append(f'{name}:{number}: {sign}: {line.strip()}')
    assert not found, '\n'.join(found)
