"""What is in the journal is on the disk, and stays there whatever is killed."""

import json
import os

import pytest

from mmpose_al.active_learning.label_app.journal import Journal
from mmpose_al.active_learning.query import load_query
from mmpose_al.fileio import FileError
from tests.test_active_learning.people import ROUND


@pytest.fixture
def query(experiment):
    return load_query(experiment[0], ROUND)


def test_events_come_back_in_order_with_their_time(query, tmp_path):
    path = str(tmp_path / 'new' / 'round_01.jsonl')
    assert Journal(path, query).events == [] and not os.path.exists(path)
    first = Journal(path, query)
    given = [first.append(dict(op='time', who='Anna', unit=20, seconds=s)) for s in (1.5, 2)]
    assert Journal(path, query).events == given == first.events
    assert [event['seconds'] for event in given] == [1.5, 2]
    assert all(event['time'].endswith('+00:00') for event in given)
    lines = open(path).read().splitlines()
    assert len(lines) == 3 and json.loads(lines[0])['entry']['query'] == query.id


@pytest.mark.parametrize('cut', range(1, 180, 14))
def test_a_torn_line_is_passed_over_and_taken_away(query, tmp_path, cut):
    path = tmp_path / 'round_01.jsonl'
    journal = Journal(str(path), query)
    kept = journal.append(dict(op='take', who='Anna', unit=20))
    journal.append(dict(op='take', who='Ben', unit=0))
    path.write_bytes(path.read_bytes()[:-cut])
    whole = cut == 1  # only the end of the line is missing
    again = Journal(str(path), query)
    assert len(again.events) == 1 + whole and again.torn
    later = again.append(dict(op='take', who='Cleo', unit=0))
    read = Journal(str(path), query)
    assert read.events[0] == kept and read.events[-1] == later
    assert len(read.events) == 2 + whole and not read.torn


def test_a_header_that_is_torn_is_written_anew(query, tmp_path):
    path = tmp_path / 'round_01.jsonl'
    Journal(str(path), query).append(dict(op='take', who='Anna', unit=20))
    path.write_bytes(path.read_bytes()[:50])
    again = Journal(str(path), query)
    assert again.events == [] and again.torn
    given = again.append(dict(op='take', who='Ben', unit=20))
    assert Journal(str(path), query).events == [given]


def test_a_changed_byte_is_refused(query, tmp_path):
    path = tmp_path / 'round_01.jsonl'
    Journal(str(path), query).append(dict(op='take', who='Anna', unit=20))
    path.write_bytes(path.read_bytes().replace(b'Anna', b'Anne'))
    with pytest.raises(FileError, match='line 2 .* not those that were written'):
        Journal(str(path), query)


def test_somebody_else_writes_in_it(query, tmp_path):
    path = tmp_path / 'round_01.jsonl'
    journal = Journal(str(path), query)
    journal.append(dict(op='take', who='Anna', unit=20))
    with open(path, 'ab') as file:
        file.write(b'x')
    with pytest.raises(FileError, match='somebody else wrote'):
        journal.append(dict(op='take', who='Anna', unit=20))
    assert len(journal.events) == 1


def test_numbers_that_are_not_finite_are_no_event(query, tmp_path):
    journal = Journal(str(tmp_path / 'j.jsonl'), query)
    with pytest.raises(ValueError):
        journal.append(dict(op='set', cells=[[1, 2, float('nan'), 0, 2]]))
    assert journal.events == [] == Journal(str(tmp_path / 'j.jsonl'), query).events


def test_the_journal_of_another_query_is_refused(query, tmp_path):
    path = tmp_path / 'j.jsonl'
    journal = Journal(str(path), query)
    journal.append(dict(op='take', who='Anna', unit=20))
    query.id = '0' * 12
    with pytest.raises(FileError, match='line 1, field "query".*Move the file away'):
        Journal(str(path), query)
