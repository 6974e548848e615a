"""Files that are no export, or that could do harm, are refused."""

import json
import struct
import zipfile

import pytest

from mmpose_al.active_learning.answers import ingest
from mmpose_al.active_learning.formats import AnswerError, document
from mmpose_al.active_learning.formats.cvat import ENTRY
from tests.test_active_learning.people import archive, refused, write


def link(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = 0o120777 << 16
    return info


HOSTILE = [
    ('upward', [('../../evil.txt', 'x')], ["entry '../../evil.txt'", 'leads out']),
    ('upward_inside', [('images/../../x', 'x')], ["entry 'images/../../x'"]),
    ('backslash', [('images\\..\\..\\x', 'x')], ['leads out']),
    ('absolute', [('/etc/cron.d/x', 'x')], ["entry '/etc/cron.d/x'", 'leads out']),
    ('drive', [('C:/x', 'x')], ["entry 'C:/x'", 'leads out']),
    ('link', [(link('images/a.png'), '/etc/passwd')], ["entry 'images/a.png'", 'link']),
    ('no_annotations', [('readme.txt', 'x')], ['archive', '0 files', '1.0']),
    (
        'two_annotations',
        [(ENTRY, '{}'), ('annotations/person_keypoints_b.json', '{}')],
        ['info', 'mmpose_al.query'],
    ),
    ('images_only', [('images/default/a.png', 'x')], ['archive', '0 files']),
]


@pytest.mark.parametrize('name, entries, words', HOSTILE, ids=[h[0] for h in HOSTILE])
def test_hostile_archives(name, entries, words, answering, tmp_path):
    if name not in ('no_annotations', 'two_annotations', 'images_only'):
        entries = entries + [(ENTRY, json.dumps(answering[1]['cvat']))]
    refused(answering, archive(tmp_path / 'a.zip', entries), *words)


def test_an_entry_that_is_there_twice(answering, tmp_path):
    with pytest.warns(UserWarning, match='Duplicate name'):
        path = archive(tmp_path / 'a.zip', [(ENTRY, '{}'), (ENTRY, '{}')])
    refused(answering, path, f'entry {ENTRY!r}', 'twice')


def test_archives_that_unpack_to_too_much(answering, tmp_path, monkeypatch):
    text = json.dumps(answering[1]['cvat'])
    path = tmp_path / 'a.zip'
    with zipfile.ZipFile(str(path), 'w', zipfile.ZIP_DEFLATED) as file:
        file.writestr(ENTRY, text + ' ' * 10**6)
    monkeypatch.setattr(document, 'MAX_BYTES', len(text) + 1000)
    assert path.stat().st_size < len(text)
    refused(answering, path, f'entry {ENTRY!r}', 'unpacks to more than')
    monkeypatch.setattr(document, 'MAX_ENTRIES', 0)
    refused(answering, path, 'more than 0')
    plain = tmp_path / 'a.json'
    plain.write_text(json.dumps(answering[1]['coco']) + ' ' * 10**6)
    refused(answering, plain, 'field "size"')


def test_an_archive_that_lies_about_its_size(answering, tmp_path, monkeypatch):
    text = json.dumps(answering[1]['cvat']) + ' ' * 10**5
    path = archive(tmp_path / 'a.zip', [(ENTRY, text)])
    raw = path.read_bytes()
    size = struct.pack('<I', len(text))
    path.write_bytes(raw.replace(size, struct.pack('<I', 50)))
    monkeypatch.setattr(document, 'MAX_BYTES', 60)
    refused(answering, path, 'archive')


NO_EXPORT = [
    ('empty', b'', ['is empty']),
    ('truncated', None, ['is not JSON', 'truncated']),
    ('a_picture', b'\x89PNG\r\n\x1a\n\xff\xfe', ['is an image']),
    ('deep', b'[' * 10**6, ['is not JSON']),
    ('number', b'3', ['neither COCO keypoints']),
    ('other_object', b'{"shapes": [], "version": "5"}', ['neither COCO keypoints']),
    ('no_tasks', b'[]', ['tasks', 'data.query']),
    ('key_twice', b'{"images": [], "images": [], "annotations": []}', ['field "images"', 'twice']),
    ('truncated_archive', b'PK\x03\x04' + b'\0' * 40, ['archive', 'cannot be read']),
]


@pytest.mark.parametrize('name, content, words', NO_EXPORT, ids=lambda v: str(v)[:20])
def test_what_is_no_export_at_all(name, content, words, answering, tmp_path):
    if content is None:
        content = json.dumps(answering[1]['coco']).encode()[:-100]
    path = tmp_path / 'answers'
    path.write_bytes(content)
    refused(answering, path, *words)


def test_damaged_archives_and_missing_files(answering, tmp_path):
    whole = tmp_path / 'a.zip'
    write(answering[1]['cvat'], whole, 'cvat')
    raw = whole.read_bytes()
    cut = tmp_path / 'cut.zip'
    cut.write_bytes(raw[: len(raw) // 2])
    refused(answering, cut, 'archive', 'cannot be read')
    flipped = bytearray(raw)
    flipped[len(raw) // 2] ^= 0x11
    cut.write_bytes(flipped)
    refused(answering, cut, 'archive', 'cannot be read')  # checksum
    refused(answering, tmp_path / 'nowhere.json', 'cannot be read')
    refused(answering, tmp_path, 'cannot be read')


def test_json_in_utf_16_is_read(answering, tmp_path):
    path = tmp_path / 'a.json'
    for encoding in ('utf-16', 'utf-8-sig', 'utf-32'):
        path.write_bytes(json.dumps(answering[1]['coco']).encode(encoding))
        done = ingest(answering[0].folder, str(path), dry_run=True)
        assert (done.format, done.annotations) == ('coco', [0, 2])


def test_a_document_is_read_once(answering, tmp_path, monkeypatch):
    """An entry is unpacked once, however often a format asks for it."""
    path = write(answering[1]['cvat'], tmp_path / 'a.zip', 'cvat')
    opened, original = [], zipfile.ZipFile.open
    monkeypatch.setattr(
        zipfile.ZipFile, 'open', lambda *args: opened.append(args[1]) or original(*args)
    )
    with document.Document(path) as file:
        assert file.is_archive and file.names == [ENTRY] and file.json is None
        assert file.read_json(ENTRY) is file.read_json(ENTRY)
        assert len(opened) == 1 and len(file.sha256) == 64


def test_the_parts_of_an_archive_share_one_limit(tmp_path, monkeypatch):
    path = archive(tmp_path / 'a.zip', [(name, 'x' * 40) for name in 'abc'])
    monkeypatch.setattr(document, 'MAX_BYTES', 100)
    with document.Document(str(path)) as file:
        assert [len(file.read(name)) for name in 'ab'] == [40, 40]
        with pytest.raises(AnswerError, match="entry 'c'.*unpacks to more than"):
            file.read('c')
