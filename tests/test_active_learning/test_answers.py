"""Broken answers are refused whole: the entry is named, nothing on disk changes."""

import copy
import json
import shutil
import struct
import zipfile

import pytest

from mmpose_al.active_learning.answers import ingest
from mmpose_al.active_learning.answers.consistency import consistency_warnings
from mmpose_al.active_learning.formats import AnswerError, document
from mmpose_al.active_learning.formats.cvat import ENTRY
from mmpose_al.active_learning.pool import load_pool, new_state, write_json
from mmpose_al.active_learning.query import load_query
from tests.test_active_learning.people import (
    NAMES,
    ROUND,
    answer,
    as_a_tool,
    opened,
    read,
    snapshot,
    write,
    write_pool,
)


@pytest.fixture(scope='module')
def experiment(tmp_path_factory):
    """A work directory with a query out and one view of it answered."""
    folder = tmp_path_factory.mktemp('people')
    path, pixels, views = write_pool(folder / 'data', 2, persons=2)
    annotator = opened(folder / 'work', path)
    annotator.ask(ROUND, [10, 0], [2.0, 1.0], views)
    given = {i: pixels[i] for i in (0, 2)}
    good = {
        fmt: answer(read(annotator.folder, fmt), fmt, given)
        for fmt in ('coco', 'cvat', 'label_studio')
    }
    first = answer(read(annotator.folder, 'coco'), 'coco', {40: pixels[40]})
    ingest(annotator.folder, write(first, folder / 'first.json', 'coco'))
    return annotator, good


def refused(experiment, path, *words, **options):
    """The file is refused with these words, and the folder is as it was."""
    annotator, _ = experiment
    before = snapshot(annotator.folder)
    with pytest.raises(AnswerError) as told:
        ingest(annotator.folder, str(path), **options)
    for word in words:
        assert word in str(told.value)
    assert str(path) in str(told.value)
    assert snapshot(annotator.folder) == before


def test_the_answers_that_are_broken_below_are_good(experiment, tmp_path):
    annotator, good = experiment
    for fmt, data in good.items():
        done = ingest(annotator.folder, write(data, tmp_path / fmt, fmt), dry_run=True)
        assert (done.format, done.annotations) == (fmt, [0, 2])


def first(data):
    return data['annotations'][0]


# What breaks it, what the message says of the entry. Of COCO keypoints; the archive of
# CVAT holds the same.
COCO = dict(
    another_project=(
        lambda d: d['info']['mmpose_al'].update(query='0123456789ab'),
        ['info', 'mmpose_al.query', '0123456789ab'],
    ),
    no_trace_of_a_query=(
        lambda d: (d.pop('info'), [i.update(file_name='a.png') for i in d['images']]),
        ['info', "another project's export"],
    ),
    pixel_origin=(
        lambda d: d['info']['mmpose_al'].update(pixel_origin='left'),
        ['info', 'pixel_origin', "'left'"],
    ),
    pixel_origin_list=(
        lambda d: d['info']['mmpose_al'].update(pixel_origin=[]),
        ['info', 'pixel_origin', 'is []'],
    ),
    no_categories=(lambda d: d.pop('categories'), ['field "categories"', 'is missing']),
    annotations_not_a_list=(
        lambda d: d.update(annotations={}),
        ['field "annotations"', 'not a list'],
    ),
    annotation_not_an_object=(
        lambda d: d['annotations'].append(7),
        ['field "annotations"', 'not a list of objects'],
    ),
    fewer_joints=(
        lambda d: d['categories'][0].update(keypoints=NAMES[:4]),
        ['categories[0] (id 1)', 'names 4 joints, the query has 5'],
    ),
    other_joint=(
        lambda d: d['categories'][0].update(keypoints=NAMES[:4] + ['tail']),
        ['categories[0] (id 1)', "joint 4 is 'tail'", "'right_foot'"],
    ),
    joint_name_twice=(
        lambda d: d['categories'][0].update(keypoints=NAMES[:4] + ['nose']),
        ['categories[0] (id 1)', "joint 0 is 'nose'"],
    ),
    no_joint_names=(
        lambda d: d['categories'][0].pop('keypoints'),
        ['categories', 'no category names joints'],
    ),
    image_of_another_query=(
        lambda d: d['images'][1].update(file_name='0123456789ab_00001_3.png'),
        ['images[1]', 'file_name', 'is no image of query'],
    ),
    path_that_leads_out=(
        lambda d: d['images'][1].update(
            file_name='../../' + d['images'][1]['file_name'].split('/')[-1]
        ),
        ['images[1]', 'file_name', 'leads out of the folder'],
    ),
    absolute_path=(
        lambda d: d['images'][1].update(
            file_name='/etc/' + d['images'][1]['file_name'].split('/')[-1]
        ),
        ['images[1]', 'file_name', 'leads out of the folder'],
    ),
    image_id_changed=(lambda d: d['images'][0].update(id=999), ['images[0] (id 999)', 'has id']),
    image_id_text=(lambda d: d['images'][0].update(id='1'), ["images[0] (id '1')"]),
    image_twice=(
        lambda d: d['images'].append(dict(d['images'][0])),
        ['images[8]', 'is also that of another'],
    ),
    image_name_number=(
        lambda d: d['images'][0].update(file_name=3),
        ['images[0]', 'file_name', 'is 3'],
    ),
    image_resized=(lambda d: d['images'][0].update(width=320), ['images[0]', '320x480', '640x480']),
    unknown_id=(
        lambda d: first(d).update(id=77),
        ['annotations[0] (id 77)', 'is no annotation of query'],
    ),
    text_id=(lambda d: first(d).update(id='2'), ["annotations[0] (id '2')", 'integer']),
    id_twice=(
        lambda d: d['annotations'].append(dict(first(d))),
        ['annotations[2]', 'is also that of annotations[0]'],
    ),
    unknown_image=(
        lambda d: first(d).update(image_id=12345),
        ['annotations[0]', 'image_id', '12345'],
    ),
    other_image=(
        lambda d: first(d).update(image_id=43),
        ['annotations[0]', 'image_id', 'in the query annotation'],
    ),
    unknown_category=(
        lambda d: first(d).update(category_id=2),
        ['annotations[0]', 'category_id', "'person'"],
    ),
    too_few_numbers=(
        lambda d: first(d)['keypoints'].pop(),
        ['annotations[0]', 'has 14 numbers, 5 joints need 15'],
    ),
    keypoints_not_a_list=(
        lambda d: first(d).update(keypoints={'nose': [1, 2, 2]}),
        ['annotations[0]', 'not a list'],
    ),
    visibility_three=(
        lambda d: first(d)['keypoints'].__setitem__(5, 3),
        ['annotations[0]', "'left_hand'", 'visibility 3'],
    ),
    visibility_half=(
        lambda d: first(d)['keypoints'].__setitem__(5, 1.5),
        ['annotations[0]', "'left_hand'", 'visibility 1.5'],
    ),
    visibility_true=(
        lambda d: first(d)['keypoints'].__setitem__(5, True),
        ['annotations[0]', "'left_hand'", 'three finite numbers'],
    ),
    nan=(
        lambda d: first(d)['keypoints'].__setitem__(0, float('nan')),
        ['annotations[0]', "'nose'", 'three finite numbers'],
    ),
    infinite=(
        lambda d: first(d)['keypoints'].__setitem__(1, float('-inf')),
        ['annotations[0]', "'nose'", 'three finite numbers'],
    ),
    without_end=(
        lambda d: first(d)['keypoints'].__setitem__(1, 10**400),
        ['annotations[0]', "'nose'", 'three finite numbers'],
    ),
    text_coordinate=(
        lambda d: first(d)['keypoints'].__setitem__(0, '31'),
        ['annotations[0]', "'nose'", "'31'"],
    ),
    null_coordinate=(
        lambda d: first(d)['keypoints'].__setitem__(0, None),
        ['annotations[0]', "'nose'", 'None'],
    ),
    outside=(
        lambda d: first(d)['keypoints'].__setitem__(3, 641.0),
        ['annotations[0]', "'left_hand'", '641.0', 'outside the 640x480 image'],
    ),
    negative=(
        lambda d: first(d)['keypoints'].__setitem__(4, -2),
        ['annotations[0]', "'left_hand'", 'outside the 640x480 image'],
    ),
    nothing_labelled=(lambda d: d.update(annotations=[]), ['labels no joint']),
)


@pytest.mark.parametrize('fmt', ['coco', 'cvat'])
@pytest.mark.parametrize('name', sorted(COCO))
def test_broken_coco_and_cvat(name, fmt, experiment, tmp_path):
    data = copy.deepcopy(experiment[1][fmt])
    change, words = COCO[name]
    change(data)
    refused(experiment, write(data, tmp_path / 'answers', fmt), *words)


def task(data, place=0):
    """A task with an answer."""
    return [t for t in data if t['annotations']][place]


def result(data):
    return task(data)['annotations'][0]['result']


def number(data):
    return f'tasks[{data.index(task(data))}]'


TASKS = dict(
    another_project=(
        lambda d: [t['data'].update(query='0123456789ab') for t in d],
        ['data.query', '0123456789ab', "another project's export"],
    ),
    one_of_another=(
        lambda d: task(d)['data'].update(query='0123456789ab'),
        ['data.query', "'0123456789ab', not"],
    ),
    no_query=(lambda d: [t['data'].pop('query') for t in d], ['data.query']),
    not_a_task=(lambda d: d.append('task'), ['tasks[16]', "is 'task'"]),
    json_min=(lambda d: task(d).pop('data'), ['field "data"', 'not JSON-MIN']),
    no_annotations=(lambda d: d[0].pop('annotations'), ['tasks[0]', 'is missing']),
    unknown_person=(
        lambda d: task(d)['data'].update(annotation_id=77),
        ['data.annotation_id', '77'],
    ),
    person_twice=(
        lambda d: d.append(copy.deepcopy(task(d))),
        ['tasks[16]', 'is also that of tasks['],
    ),
    two_submitted=(
        lambda d: task(d)['annotations'].append(task(d)['annotations'][0]),
        ['annotations', '2 were submitted'],
    ),
    result_not_a_list=(
        lambda d: task(d)['annotations'][0].update(result={}),
        ['field "annotations"', 'list "result"'],
    ),
    other_joint=(
        lambda d: result(d)[0]['value'].update(keypointlabels=['tail']),
        ['.annotations[0].result[0]', "['tail']"],
    ),
    two_names=(
        lambda d: result(d)[0]['value'].update(keypointlabels=NAMES[:2]),
        ['.result[0]', 'not one joint'],
    ),
    joint_twice=(
        lambda d: result(d).append(copy.deepcopy(result(d)[0])),
        ['.result[5]', "'nose' is there twice"],
    ),
    another_shape=(
        lambda d: result(d)[2].update(type='polygonlabels'),
        ['.result[2]', "'polygonlabels'"],
    ),
    outside=(
        lambda d: result(d)[1]['value'].update(x=100.5),
        ['.result[1]', "'left_hand'", 'percent, outside'],
    ),
    nan=(
        lambda d: result(d)[1]['value'].update(y=float('nan')),
        ['.result[1]', "'left_hand'", 'two finite numbers'],
    ),
    text=(lambda d: result(d)[1]['value'].update(y='50'), ['.result[1]', "'50'"]),
    turned=(lambda d: result(d)[1].update(image_rotation=90), ['.result[1]', 'is 90']),
    resized=(
        lambda d: result(d)[1].update(original_width=1280),
        ['.result[1]', '1280x480', '640x480'],
    ),
    visibility=(
        lambda d: result(d).append(dict(id='r0', type='choices', value=dict(choices=['gone']))),
        ['.result[5]', "['gone']", "'hidden'"],
    ),
    skipped=(
        lambda d: [a.update(was_cancelled=True) for t in d for a in t['annotations']],
        ['labels no joint'],
    ),
)


@pytest.mark.parametrize('name', sorted(TASKS))
def test_broken_label_studio(name, experiment, tmp_path):
    data = copy.deepcopy(experiment[1]['label_studio'])
    change, words = TASKS[name]
    change(data)
    refused(experiment, write(data, tmp_path / 'tasks.json', 'label_studio'), *words)


def test_thirty_kinds_of_broken_answers():
    """Those that the issue names are among them."""
    kinds = set(COCO) | set(TASKS) | {name for name, *_ in HOSTILE + NO_EXPORT}
    assert len(kinds) >= 30
    assert kinds >= {
        'unknown_id',
        'text_id',
        'other_joint',
        'keypoints_not_a_list',
        'text_coordinate',
        'id_twice',
        'person_twice',
        'nan',
        'outside',
        'path_that_leads_out',
        'upward',
        'truncated',
        'another_project',
    }


def archive(path, entries):
    with zipfile.ZipFile(str(path), 'w') as file:
        for name, content in entries:
            file.writestr(name, content)
    return path


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
def test_hostile_archives(name, entries, words, experiment, tmp_path):
    if name not in ('no_annotations', 'two_annotations', 'images_only'):
        entries = entries + [(ENTRY, json.dumps(experiment[1]['cvat']))]
    refused(experiment, archive(tmp_path / 'a.zip', entries), *words)


def test_an_entry_that_is_there_twice(experiment, tmp_path):
    with pytest.warns(UserWarning, match='Duplicate name'):
        path = archive(tmp_path / 'a.zip', [(ENTRY, '{}'), (ENTRY, '{}')])
    refused(experiment, path, f'entry {ENTRY!r}', 'twice')


def test_archives_that_unpack_to_too_much(experiment, tmp_path, monkeypatch):
    text = json.dumps(experiment[1]['cvat'])
    path = tmp_path / 'a.zip'
    with zipfile.ZipFile(str(path), 'w', zipfile.ZIP_DEFLATED) as file:
        file.writestr(ENTRY, text + ' ' * 10**6)
    monkeypatch.setattr(document, 'MAX_BYTES', len(text) + 1000)
    assert path.stat().st_size < len(text)
    refused(experiment, path, f'entry {ENTRY!r}', 'unpacks to more than')
    monkeypatch.setattr(document, 'MAX_ENTRIES', 0)
    refused(experiment, path, 'more than 0')
    plain = tmp_path / 'a.json'
    plain.write_text(json.dumps(experiment[1]['coco']) + ' ' * 10**6)
    refused(experiment, plain, 'field "size"')


def test_an_archive_that_lies_about_its_size(experiment, tmp_path, monkeypatch):
    text = json.dumps(experiment[1]['cvat']) + ' ' * 10**5
    path = archive(tmp_path / 'a.zip', [(ENTRY, text)])
    raw = path.read_bytes()
    size = struct.pack('<I', len(text))
    path.write_bytes(raw.replace(size, struct.pack('<I', 50)))
    monkeypatch.setattr(document, 'MAX_BYTES', 60)
    refused(experiment, path, 'archive')


NO_EXPORT = [
    ('empty', b'', ['is not JSON']),
    ('truncated', None, ['is not JSON', 'truncated']),
    ('a_picture', b'\x89PNG\r\n\x1a\n\xff\xfe', ['is not JSON']),
    ('deep', b'[' * 10**6, ['is not JSON']),
    ('number', b'3', ['neither COCO keypoints']),
    ('other_object', b'{"shapes": [], "version": "5"}', ['neither COCO keypoints']),
    ('no_tasks', b'[]', ['tasks', 'data.query']),
    ('key_twice', b'{"images": [], "images": [], "annotations": []}', ['field "images"', 'twice']),
    ('truncated_archive', b'PK\x03\x04' + b'\0' * 40, ['archive', 'cannot be read']),
]


@pytest.mark.parametrize('name, content, words', NO_EXPORT, ids=lambda v: str(v)[:20])
def test_what_is_no_export_at_all(name, content, words, experiment, tmp_path):
    if content is None:
        content = json.dumps(experiment[1]['coco']).encode()[:-100]
    path = tmp_path / 'answers'
    path.write_bytes(content)
    refused(experiment, path, *words)


def test_damaged_archives_and_missing_files(experiment, tmp_path):
    whole = tmp_path / 'a.zip'
    write(experiment[1]['cvat'], whole, 'cvat')
    raw = whole.read_bytes()
    cut = tmp_path / 'cut.zip'
    cut.write_bytes(raw[: len(raw) // 2])
    refused(experiment, cut, 'archive', 'cannot be read')
    flipped = bytearray(raw)
    flipped[len(raw) // 2] ^= 0x11
    cut.write_bytes(flipped)
    refused(experiment, cut, 'archive', 'cannot be read')  # checksum
    refused(experiment, tmp_path / 'nowhere.json', 'cannot be read')
    refused(experiment, tmp_path, 'cannot be read')


def test_the_format_may_be_said_and_is_held_to(experiment, tmp_path):
    annotator, good = experiment
    archive_path = write(good['cvat'], tmp_path / 'a.zip', 'cvat')
    refused(experiment, archive_path, 'zip archive', format='coco')
    json_path = write(good['coco'], tmp_path / 'a.json', 'coco')
    refused(experiment, json_path, 'is coco, not label_studio', format='label_studio')
    done = ingest(annotator.folder, json_path, 'cvat', dry_run=True)
    assert done.format == 'cvat' and done.views == 2
    with pytest.raises(ValueError, match='format is one of'):
        ingest(annotator.folder, json_path, 'voc')


@pytest.mark.parametrize(
    'attributes, words',
    [
        (dict(annotation_id='77'), ['attributes.annotation_id', "'77'"]),
        (dict(annotation_id='two'), ["'two'"]),
        (dict(annotation_id=-1.5), ['-1.5']),
        ({}, ['which of the 2 persons', 'cannot be told']),
    ],
)
def test_persons_of_a_tool_that_numbers_anew(attributes, words, experiment, tmp_path):
    data = as_a_tool(copy.deepcopy(experiment[1]['cvat']))
    first(data)['attributes'] = attributes
    if not attributes:  # and no joint is in a box
        first(data)['keypoints'] = [5, 5, 2] * 5
    refused(experiment, write(data, tmp_path / 'a.json', 'coco'), 'annotations[0]', *words)
    # two that are the same person
    data = as_a_tool(copy.deepcopy(experiment[1]['cvat']))
    data['annotations'].append(dict(first(data), id=99))
    refused(
        experiment,
        write(data, tmp_path / 'a.json', 'coco'),
        'annotations[2]',
        'as annotations[0] does',
    )


def test_several_faults_are_told_at_once(experiment, tmp_path):
    data = copy.deepcopy(experiment[1]['coco'])
    for k in range(5):
        first(data)['keypoints'][3 * k] = -90
    data['annotations'][1]['id'] = 77
    path = write(data, tmp_path / 'a.json', 'coco')
    refused(experiment, path, *(repr(n) for n in NAMES), 'and 1 more faults')


def test_answers_of_a_closed_round_another_pool_and_no_query(experiment, tmp_path):
    annotator, good = experiment
    path = write(good['coco'], tmp_path / 'a.json', 'coco')
    with pytest.raises(AnswerError, match='holds no query'):
        ingest(str(tmp_path), path)
    pool = load_pool(annotator.pool.path, 'frames')
    work = tmp_path / 'work'
    again = opened(work, annotator.pool.path)
    again.ask(ROUND, [10, 0], [2.0, 1.0])
    closed = answer(read(work, 'coco'), 'coco', {0: [[9.0, 9.0]] * 5})
    path = write(closed, tmp_path / 'b.json', 'coco')
    # of the same pool, but another query
    refused(experiment, path, "another project's export")
    state = new_state(str(work), pool, 'digest', 0)
    for number in (0, ROUND):
        state.finish(number, 'annotate', {})
    with pytest.raises(
        AnswerError,
        match='round 1, which is closed.*No query is open; '
        r'go on with\s*python tools/train.py',
    ) as told:
        ingest(str(work), path)
    assert 'Answer the query' not in str(told.value)
    again.ask(ROUND + 1, [0], [1.0])
    with pytest.raises(AnswerError, match='Answer the query of round 2$'):
        ingest(str(work), path)
    shutil.rmtree(str(work / 'query' / 'round_02'))
    state.rounds.pop()
    state.write()
    content = load_query(str(work), ROUND).content
    content['pool']['sha256'] = '0' * 64
    write_json(content, str(work / 'query' / 'round_01' / 'query.json'))
    with pytest.raises(AnswerError, match='the pool has changed'):
        ingest(str(work), path)


def test_labels_that_training_could_not_read_are_refused(tmp_path):
    """Of a query that was asked when boxes outside the image still were."""
    path, pixels, _ = write_pool(tmp_path / 'data', 2)
    with open(path) as file:
        data = json.load(file)
    data['annotations'][1].update(bbox=[700.0, 20.0, 30.0, 30.0], keypoints=[])
    with open(path, 'w') as file:
        json.dump(data, file)
    annotator = opened(tmp_path / 'work', path)
    assert data['annotations'][1]['id'] == 1 and 1 not in annotator.pool.persons
    annotator.pool = annotator.pool._replace(persons=annotator.pool.persons | {1})
    annotator.ask(ROUND, [0], [1.0])
    given = answer(read(annotator.folder, 'coco'), 'coco', {0: pixels[0], 1: [[9.0, 9.0]] * 5})
    given['annotations'][1]['attributes']['reviewed'] = True
    path = write(given, tmp_path / 'a.json', 'coco')
    refused(
        (annotator, None),
        path,
        'annotation 1 of the pool, field "bbox"',
        '[700.0, 20.0, 30.0, 30.0] has no area inside the 640x480 image',
        'Leave this person out',
    )
    given['annotations'].pop()
    assert ingest(annotator.folder, write(given, tmp_path / 'b.json', 'coco')).written


def test_no_warning_without_cameras_or_a_second_view(experiment):
    annotator, _ = experiment
    pool = load_pool(annotator.pool.path, 'frames')
    import numpy as np

    clicks = np.full((5, 3), 2.0)
    assert consistency_warnings(pool, {0: clicks}, 20.0) == []
    for image in pool.data['images']:
        image['camera_id'] = None
    assert consistency_warnings(pool, {0: clicks, 1: clicks}, 20.0) == []
