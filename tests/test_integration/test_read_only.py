"""Folders that are only read: whoever only asks is answered, whoever would write is told."""

import errno
import os
import os.path as osp
import shutil

import pytest

from mmpose_al.cli.main import main
from tests.test_active_learning.experiments import answers, describe, run_untrained, waiting
from tests.test_integration.faults import content_of, only_read
from tests.test_integration.test_who_only_asks_writes_nothing import ASKING

KINDS = (errno.EROFS, errno.EACCES)
NAMES = [errno.errorcode[kind] for kind in KINDS]


@pytest.fixture(scope='module')
def begun(tmp_path_factory):
    """An experiment that waits for answers, copied to where nothing else of it is."""
    folder = tmp_path_factory.mktemp('begun')
    begun = waiting(folder, limits=dict(rounds=3))
    path = answers(begun.work, 1, begun.pixels, folder, range(4))
    copy = str(tmp_path_factory.mktemp('copied') / 'work')
    shutil.copytree(begun.work, copy, symlinks=True)
    return copy, path


@pytest.mark.parametrize('kind', KINDS, ids=NAMES)
@pytest.mark.parametrize('words', [*ASKING, ['doctor', 'WORK']], ids=' '.join)
def test_who_only_asks_is_answered(begun, tmp_path, monkeypatch, words, kind, capsys):
    words = [word.replace('WORK', begun[0]).replace('OUT', str(tmp_path)) for word in words]
    with only_read(monkeypatch, begun[0], kind=kind):
        assert main(words) == (3 if words[0] == 'status' else 0)
    assert capsys.readouterr().err == ''


@pytest.mark.parametrize('kind', KINDS, ids=NAMES)
@pytest.mark.parametrize(
    'words, said',
    [
        (['ingest', 'WORK', 'ANSWERS'], 'needs a copy of it that can be written'),
        (['label', 'WORK', '--no-browser'], 'needs a copy of it that can be written'),
        (['report', 'WORK', '--out', 'WORK/report'], 'WORK/report'),
    ],
)
def test_who_would_write_is_told_what_it_needs(begun, monkeypatch, words, said, kind, capsys):
    work, path = begun
    before = sorted(os.listdir(work))
    words = [word.replace('WORK', work).replace('ANSWERS', path) for word in words]
    with only_read(monkeypatch, work, kind=kind):
        assert main(words) == 1
    told = capsys.readouterr().err
    assert os.strerror(kind) in told and said.replace('WORK', work) in told
    assert sorted(os.listdir(work)) == before


def test_damage_is_told_where_nothing_can_be_repaired(begun, tmp_path, monkeypatch, capsys):
    work = str(tmp_path / 'work')
    shutil.copytree(begun[0], work, symlinks=True)
    path = osp.join(work, 'active_learning.json')
    content = content_of(path)
    with open(path, 'wb') as file:
        file.write(content[:-40] + b'#' + content[-39:])
    with only_read(monkeypatch, work):
        assert main(['doctor', work]) == 1
        assert 'damaged   active_learning.json' in capsys.readouterr().out
        assert main(['doctor', work, '--repair']) == 1
    assert 'needs a copy of it that can be written' in capsys.readouterr().err
    assert content_of(path) != content and osp.exists(path)


def test_an_experiment_on_data_that_are_only_read(tmp_path, monkeypatch):
    cfg, _ = describe(tmp_path, strategy=dict(type='MultiPeakEntropy'), self_training=None)
    with only_read(monkeypatch, str(tmp_path / 'data')):
        assert len(run_untrained(cfg, {}).rounds) == 3


def test_what_would_be_written_is_seen(tmp_path, monkeypatch):
    (tmp_path / 'file').write_text('a')
    with only_read(monkeypatch, str(tmp_path)):
        for write in (
            lambda: open(str(tmp_path / 'new'), 'w'),
            lambda: open(str(tmp_path / 'file'), 'a'),
            lambda: os.mkdir(str(tmp_path / 'folder')),
            lambda: os.remove(str(tmp_path / 'file')),
            lambda: os.replace(str(tmp_path / 'file'), str(tmp_path / 'other')),
            lambda: os.symlink('file', str(tmp_path / 'link')),
        ):
            with pytest.raises(OSError, match='Read-only file system'):
                write()
    assert os.listdir(str(tmp_path)) == ['file'] and (tmp_path / 'file').read_text() == 'a'
