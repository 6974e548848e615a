"""Which checkpoint a run goes on from; damage of every kind is made here."""

import os
import random
import shutil

import pytest
import torch

from mmpose_al.checkpoint_files import damage, newest_whole, note_of, noted, numbered
from mmpose_al.fileio import write_checked


def save(path, checked=False):
    torch.save(dict(meta=dict(iter=3), state_dict=dict(w=torch.arange(300.0))), str(path))
    if checked:
        write_checked(str(path), path.read_bytes())
    return path


@pytest.fixture
def folder(tmp_path):
    """Checkpoints of 3, 6 and 9 steps, of which the latest is noted."""
    for step in (3, 6, 9):
        save(tmp_path / f'iter_{step}.pth', checked=True)
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'iter_9.pth'))
    return tmp_path


@pytest.mark.parametrize('checked', [True, False])
def test_damage(tmp_path, checked):
    path = save(tmp_path / 'iter_1.pth', checked)
    whole = path.read_bytes()
    assert damage(str(path)) == ''
    for content, words in (
        (b'', 'is empty'),
        (whole[: len(whole) // 2], 'not those that were written' if checked else 'is cut off'),
        (b'torn' + whole[4:], 'not those that were written' if checked else 'is no checkpoint'),
    ):
        path.write_bytes(content)
        assert words in damage(str(path))
    os.remove(str(path))
    assert damage(str(path)) == 'is not there'


def test_every_flip_of_a_bit_is_seen_with_a_checksum(tmp_path):
    path, rng = save(tmp_path / 'iter_1.pth', True), random.Random(0)
    whole = path.read_bytes()
    for bit in rng.sample(range(8 * len(whole)), 200):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(bytes(flipped))
        assert damage(str(path))


def test_a_flip_in_a_tensor_is_seen_without_a_checksum(tmp_path):
    path = save(tmp_path / 'iter_1.pth')
    whole = bytearray(path.read_bytes())
    place = whole.index(torch.tensor(7.0).numpy().tobytes() + torch.tensor(8.0).numpy().tobytes())
    whole[place] ^= 4
    path.write_bytes(bytes(whole))
    assert 'is damaged (at' in damage(str(path))


def test_the_noted_one_is_taken_where_it_is_whole(folder):
    found = newest_whole(str(folder))
    assert found == (str(folder / 'iter_9.pth'), [])
    (folder / 'last_checkpoint').write_text(str(folder / 'iter_6.pth'))
    assert newest_whole(str(folder)) == (str(folder / 'iter_6.pth'), [])  # of an older training
    assert newest_whole(str(folder / 'none')) == (None, [])


@pytest.mark.parametrize('note, words', [(None, 'is not there'), ('', 'is empty')])
def test_without_a_note_the_latest_is_taken_and_said(folder, note, words):
    os.remove(str(folder / 'last_checkpoint'))
    if note is not None:
        (folder / 'last_checkpoint').write_text(note)
    found = newest_whole(str(folder))
    assert found.path == str(folder / 'iter_9.pth') and words in found.told[0]


@pytest.mark.parametrize('content', [b'', b'PK half', b'\0' * 100])
def test_a_damaged_one_is_passed_over(folder, content):
    (folder / 'iter_9.pth').write_bytes(content)
    found = newest_whole(str(folder))
    assert found.path == str(folder / 'iter_6.pth')
    assert len(found.told) == 1 and 'iter_9.pth' in found.told[0]
    (folder / 'last_checkpoint').write_text(str(folder / 'iter_6.pth'))
    (folder / 'iter_6.pth').write_bytes(content)
    assert newest_whole(str(folder)).path == str(folder / 'iter_3.pth')
    (folder / 'iter_3.pth').write_bytes(content)
    found = newest_whole(str(folder))
    assert found.path is None and len(found.told) == 3


def test_a_note_that_leads_elsewhere_is_not_followed(folder, tmp_path_factory):
    elsewhere = save(tmp_path_factory.mktemp('other') / 'iter_12.pth')
    (folder / 'last_checkpoint').write_text(str(elsewhere))
    found = newest_whole(str(folder))
    assert found.path == str(folder / 'iter_9.pth') and 'which is not there' in found.told[0]
    # where the training keeps its checkpoints there, it is
    assert newest_whole(str(folder), str(elsewhere.parent)) == (str(elsewhere), [])


def test_a_copied_folder_uses_its_own_files(folder, tmp_path_factory):
    copy = tmp_path_factory.mktemp('copies') / 'copy'
    shutil.copytree(str(folder), str(copy))
    found = newest_whole(str(copy))
    assert found.path == str(copy / 'iter_9.pth') and 'is taken' in found.told[0]
    assert noted(str(copy)) == str(copy / 'iter_9.pth')
    os.remove(str(copy / 'iter_9.pth'))
    assert newest_whole(str(copy)).path == str(copy / 'iter_6.pth')


def test_names_and_notes(tmp_path):
    for name in ('iter_9.pth', 'iter_10.pth', 'epoch_2.pth', 'best_AP_iter_3.pth', 'iter_x.pth'):
        (tmp_path / name).write_bytes(b'')
    names = [os.path.basename(path) for path in numbered(str(tmp_path))]
    assert names == ['iter_10.pth', 'iter_9.pth', 'epoch_2.pth']
    assert note_of(str(tmp_path)) is None and noted(str(tmp_path)) is None
    (tmp_path / 'last_checkpoint').write_bytes(b'\xff\x00')
    assert noted(str(tmp_path)) is None and newest_whole(str(tmp_path)).path is None
    os.remove(str(tmp_path / 'last_checkpoint'))
    os.mkdir(str(tmp_path / 'last_checkpoint'))
    assert note_of(str(tmp_path)) is None
