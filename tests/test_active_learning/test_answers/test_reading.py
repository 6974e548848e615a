"""A file of answers: its format and the query that it answers."""

import pytest

from mmpose_al.active_learning.answers import ingest
from tests.test_active_learning.people import refused, write


def test_the_format_may_be_said_and_is_held_to(answering, tmp_path):
    annotator, good = answering
    archive_path = write(good['cvat'], tmp_path / 'a.zip', 'cvat')
    refused(answering, archive_path, 'zip archive', format='coco')
    json_path = write(good['coco'], tmp_path / 'a.json', 'coco')
    refused(answering, json_path, 'is coco, not label_studio', format='label_studio')
    done = ingest(annotator.folder, json_path, 'cvat', dry_run=True)
    assert done.format == 'cvat' and done.views == 2
    with pytest.raises(ValueError, match='format is one of'):
        ingest(annotator.folder, json_path, 'voc')
