"""A file of answers: its format and the query that it answers."""

import json
import os

import numpy as np
import pytest

from mmpose_al.active_learning.answers import ingest
from mmpose_al.active_learning.answers.reading import check_answers
from mmpose_al.active_learning.formats import Answer, Faults
from mmpose_al.active_learning.formats.coco import OTHER_IMAGES
from mmpose_al.active_learning.query import load_query
from tests.test_active_learning.people import (
    ROUND,
    answer,
    as_a_tool,
    opened,
    read,
    refused,
    write,
    write_pool,
)


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


def test_an_option_of_another_format_is_refused(answering, tmp_path):
    """It would be without effect, and nobody would notice."""
    annotator, good = answering
    path = write(good['label_studio'], tmp_path / 'a.json', 'label_studio')
    with pytest.raises(ValueError, match="'label_studio' has no option pixel_origin"):
        ingest(annotator.folder, path, options=dict(pixel_origin='corner'))
    path = write(good['cvat'], tmp_path / 'a.zip', 'cvat')
    assert ingest(annotator.folder, path, options=dict(pixel_origin='corner'), dry_run=True)


def checked(asked, *answers):
    """What is left of answers, and the faults of the others."""
    faults = Faults('file')
    right = check_answers(answers, load_query(asked[0].folder, ROUND), faults)
    return [answer.annotation for answer in right], faults.found


def test_answers_are_held_to_the_query_whatever_the_format(asked):
    """A format need not look for any of this."""
    good = np.full((5, 3), 2.0)
    assert checked(asked, Answer('a', 80, good), Answer('b', 2, good.tolist())) == ([80, 2], [])
    outside, endless = good.copy(), good.copy()
    outside[1, 0], endless[3, 1] = 641, np.inf
    for given, text in (
        (Answer('b (x)', 77, good), '77 is no annotation of query'),
        (Answer('b (x)', 80, good), 'answers annotation 80 of the query, as a does'),
        (Answer('b (x)', 2, outside), "joint 'left_hand' is at (641.0, 2.0), outside"),
        (Answer('b (x)', 2, endless), "joint 'left_foot' is [2.0, inf, 2.0]"),
        (Answer('b (x)', 2, good * 2), 'visibility 4.0'),
        (Answer('b (x)', 2, good[:4]), 'not [x, y, v] for each of 5 joints'),
        (Answer('b (x)', 2, good[:, :2]), 'not [x, y, v] for each of 5 joints'),
        (Answer('b (x)', 2, [1, 2, 3, 4, 5]), 'not [x, y, v] for each of 5 joints'),
    ):
        kept, faults = checked(asked, Answer('a (y)', 80, good), given)
        assert kept == [80]
        assert text in faults[0] and 'file: b (x), field' in faults[0]


@pytest.mark.parametrize('latest', [True, False])
def test_of_several_queries_the_latest_is_answered(latest, asked, pool, tmp_path):
    """A project of the tool that has all rounds; images of others are passed over."""
    annotator, pixels = asked
    data = answer(read(annotator.folder, 'coco'), 'coco', {80: pixels[80]})
    annotator.ask(ROUND + 1, [10], [1.0], pool[2])
    more = answer(read(annotator.folder, 'coco', ROUND + 1), 'coco', {40: pixels[40]})
    first, second = as_a_tool(data), as_a_tool(more)
    for entry in second['images'] + second['annotations']:
        entry['id'] += 900
    for entry in second['annotations']:
        entry['image_id'] += 900
    if not latest:
        second['images'] = second['annotations'] = []
        first['images'].append(dict(first['images'][0], id=7, file_name='of_the_lab.png'))
    data = dict(first, images=first['images'] + second['images'])
    data['annotations'] = first['annotations'] + second['annotations']
    done = ingest(annotator.folder, write(data, tmp_path / 'a.json', 'coco'), dry_run=True)
    assert (done.round, done.annotations) == ((ROUND + 1, [40]) if latest else (ROUND, [80]))
    others = {what: len(entries) for what, entries in done.passed_over.items()}
    if latest:  # an earlier round is not another query
        assert others == {}
    else:
        assert others == {OTHER_IMAGES: 1}


@pytest.mark.parametrize('name', ['20240101123000_000081_1.png', '240101123000_000081_1.png'])
def test_times_in_names_of_images_are_no_queries(name, tmp_path):
    """Where images keep their names (images='none'); the second has as many digits as a query."""
    path, pixels, views = write_pool(tmp_path / 'data')
    content = json.loads(open(path).read())
    old = content['images'][0]['file_name']
    content['images'][0]['file_name'] = name
    with open(path, 'w') as file:
        json.dump(content, file)
    os.rename(tmp_path / 'data' / 'images' / old, tmp_path / 'data' / 'images' / name)
    annotator = opened(tmp_path / 'work', path, images='none')
    annotator.ask(ROUND, [0], [1.0], views)
    data = answer(read(annotator.folder, 'coco'), 'coco', {0: pixels[0]})
    data.pop('info')
    done = ingest(annotator.folder, write(data, tmp_path / 'a.json', 'coco'), dry_run=True)
    assert done.annotations == [0]
