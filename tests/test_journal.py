"""A journal's lines: torn ones are not there, damaged ones are named."""

import json
import random

import pytest

from mmpose_al.journal import DamagedError, is_journal, line_of, parse

ENTRIES = [dict(format='x', n=[1, 2]), dict(stage='train', m=0.5), dict(finished='é\n\0')]
RAW = b''.join(map(line_of, ENTRIES))


def test_lines_are_json_with_length_and_checksum():
    assert is_journal(RAW) and not is_journal(b'{"format": 1}')
    for line, entry in zip(RAW.decode().splitlines(), ENTRIES):
        read = json.loads(line)
        assert read['entry'] == entry and len(read['sha256']) == 64
        assert read['bytes'] == len(json.dumps(entry))
    assert parse(RAW, 'a') == ENTRIES and parse(b'', 'a') == []
    assert parse(line_of(dict(m=float('nan'))), 'a') == [dict(m=None)]


def test_a_torn_line_is_not_there_wherever_it_was_torn():
    first = len(line_of(ENTRIES[0]))
    for end in range(first, len(RAW) + 1):
        entries = parse(RAW[:end], 'a')
        whole = RAW[:end].count(b'\n') + (RAW[end : end + 1] == b'\n')
        assert entries == ENTRIES[:whole], end
        zeros = RAW[:end] + b'\0' * 50  # blocks that were not written
        if not RAW[:end].endswith(b'\n') and RAW[end : end + 1] != b'\n':
            assert parse(zeros, 'a') == entries


def test_every_flip_of_a_bit_is_refused():
    rng = random.Random(0)
    for bit in rng.sample(range(8 * len(RAW)), 2000):
        flipped = bytearray(RAW)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(DamagedError, match='^a: line'):
            parse(bytes(flipped), 'a')


@pytest.mark.parametrize(
    'old, new',
    [
        (b'0.5', b'0.6'),
        (b'"m": 0.5', b'"m": 0.55'),
        (b'}}\n', b'}} \n'),
        (b'{"bytes": ', b' {"bytes": '),
        (b'"sha256"', b'"sha255"'),
    ],
)
def test_an_edit_by_hand_is_named_with_what_is_whole_before(old, new):
    place = RAW.index(old, RAW.index(b'\n'))
    edited = RAW[:place] + new + RAW[place + len(old) :]
    with pytest.raises(DamagedError, match='line 2 .behind .*format.*not those that were') as told:
        parse(edited, 'a')
    assert told.value.number == 2 and told.value.whole == ENTRIES[:1]
    with pytest.raises(DamagedError, match='line 3'):
        parse(RAW[:-1] + b'x', 'a')
    with pytest.raises(DamagedError):
        parse(RAW.replace(line_of(ENTRIES[1]), b'\n'), 'a')
