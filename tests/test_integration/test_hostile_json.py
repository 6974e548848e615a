"""JSON that nobody of good will writes, in every file that is read: refused by name, at once.

Each value of a file, one after the other, becomes something else: a number beyond all floats, lists
within lists, another type. Then the file is read, or refused with an error that names it.
"""

import copy
import json
import os
import os.path as osp
import random
import shutil
from contextlib import suppress

import cv2
import numpy as np
import pytest

from mmpose_al.active_learning.answers import ingest, load_answers
from mmpose_al.active_learning.doctor import examine
from mmpose_al.active_learning.experiment import Metric, Missing
from mmpose_al.active_learning.label_app.journal import Journal
from mmpose_al.active_learning.paths import Paths
from mmpose_al.active_learning.query import load_query
from mmpose_al.active_learning.report.experiment import full_supervision
from mmpose_al.active_learning.servers.exchange import load_link
from mmpose_al.active_learning.state import load_state
from mmpose_al.active_learning.strategies.listed import read_places
from mmpose_al.analysis import active_learning_table, results_table
from mmpose_al.analysis.keypoint_results import read_predictions
from mmpose_al.confidence import ConfidenceMap, read_confidence, to_content
from mmpose_al.datasets.format import load_multiview, skeleton_edges
from mmpose_al.fileio import CHECKSUM, sha256
from mmpose_al.journal import line_of, parse
from mmpose_al.projects import open_project
from mmpose_al.projects.labels import facts_of_project, given_labels, labelled_frames
from mmpose_al.projects.sources import Options
from mmpose_al.projects.sources.coco import CocoFile
from mmpose_al.visualization import read_scalars
from tests.test_active_learning.experiments import answers, waiting

GONE = 'GONE'  # the value is taken out
DEEP = 'DEEP'  # becomes a list in a list in a list, ...
BAD = (10**400, -1, 1e308, DEEP, None, 'x', [], {}, True, [[1], 2])


def places(value, path=()):
    """Where a document can be changed: of lists the first and last entries."""
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for index in sorted({0, len(value) - 1} if value else ()):
            yield from places(value[index], (*path, index))


def changed(document, path, value):
    if not path:
        return value
    document = copy.deepcopy(document)
    at = document
    for key in path[:-1]:
        at = at[key]
    if value is GONE:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return document


def text_of(document):
    deep = '[' * 100_000 + ']' * 100_000
    return json.dumps(document).replace(f'"{DEEP}"', deep)


def hostile(document, most, seed=0):
    """Texts of a document with one value of it changed or gone, and what was changed.

    The changes are drawn first: a text may be long, so there is only one at a time.
    """
    changes = [(path, value) for path in places(document) for value in (*BAD, GONE) if path]
    changes += [((), value) for value in BAD]
    for path, value in random.Random(seed).sample(changes, min(most, len(changes))):
        told = '10**400' if value == BAD[0] else value  # which no error can print
        yield text_of(changed(document, path, value)), (path, told)


def check(document, path, read, named=None, write=None, most=1000):
    """Read what is hostile: nothing is neither read nor refused by name."""
    wrong = []
    for text, what in hostile(document, most):
        try:
            (write or plain)(path, text)
        except ValueError:
            continue  # cannot be given a checksum
        try:
            read()
        except (ValueError, OSError) as error:
            if (named or osp.basename(path)) not in str(error):
                wrong.append((what, f'does not name the file: {error}'))
        except Exception as error:
            wrong.append((what, repr(error)[:200]))
    assert not wrong, f'{len(wrong)} of them: {wrong[:8]}'


def plain(path, text):
    with open(path, 'w') as file:
        file.write(text)


def signed(path, text):
    """As lines with right checksums: whoever edits a journal can make them, too.

    Raises:
        ValueError: There are none of it.
    """
    try:
        lines = json.loads(text)
    except RecursionError:  # test_deep_lines_of_a_journal
        raise ValueError from None
    if not isinstance(lines, list):
        raise ValueError
    with suppress(FileNotFoundError):
        os.remove(path + CHECKSUM)
    with open(path, 'wb') as file:
        file.write(b''.join(map(line_of, lines)))


@pytest.fixture(scope='module')
def asked(tmp_path_factory):
    """An experiment that waits for the answers of its second round, and a file of them."""
    folder = tmp_path_factory.mktemp('asked')
    begun = waiting(folder, limits=dict(rounds=2))
    path = answers(begun.work, 1, begun.pixels, folder, list(begun.pixels)[:40])
    return begun.work, path


@pytest.fixture
def work(asked, tmp_path):
    work = str(tmp_path / 'work')
    shutil.copytree(asked[0], work, symlinks=True)
    return work


def lines_of(path):
    with open(path, 'rb') as file:
        return parse(file.read(), path)


def test_state(work):
    path = Paths(work).state
    check(lines_of(path), path, lambda: load_state(work), write=signed, most=1500)


def test_answers(work):
    path = Paths(work).answers(0)
    document = lines_of(path)
    document[1]['annotations'] = document[1]['annotations'][:1]
    check(document, path, lambda: load_answers(work, 0), write=signed)


def test_doctor(work):
    """It says of everything what is wrong."""
    state, kept = Paths(work).state, Paths(work).answers(0)
    for path in (state, kept):
        whole = lines_of(path)
        for text, what in hostile(whole, 300, seed=1):
            try:
                signed(path, text)
            except ValueError:
                continue
            assert examine(work).about, what
        with open(path, 'wb') as file:
            file.write(b''.join(map(line_of, whole)))


def test_deep_lines_of_a_journal(work):
    """A checksum can be right, whatever the line says."""
    path = Paths(work).state
    for text in (b'[' * 100_000 + b']' * 100_000, b'{"a": ' * 50_000 + b'1' + b'}' * 50_000):
        start = f'{{"bytes": {len(text):12d}, "sha256": "{sha256(text)}", "entry": '
        with open(path, 'wb') as file:
            file.write(start.encode() + text + b'}\n')
        with pytest.raises(ValueError, match='active_learning.json.*nested too deeply'):
            load_state(work)
        assert examine(work).damaged


@pytest.mark.parametrize(
    'edge', [[0, 1], [1, 3], [1, -1], [1], 'x', [1, 2, 1], [1.0, 2], [True, 2], [[1], 2], None]
)
def test_a_skeleton_with_a_wrong_edge(tmp_path, edge):
    category = dict(id=4, keypoints=['l_ear', 'r_ear'], skeleton=[[1, 2], edge])
    with pytest.raises(ValueError, match=r'a.json: categories \(id 4\), field "skeleton\[1\]"'):
        skeleton_edges(category, 'a.json')
    assert skeleton_edges(dict(category, skeleton=[(1, 2)]), 'a.json') == [[1, 2]]
    assert skeleton_edges(dict(category, skeleton=None), 'a.json') == []


def test_query(work):
    path = Paths(work).query_file(1)
    os.remove(path + '.sha256')
    with open(path) as file:
        document = json.load(file)
    check(document, path, lambda: load_query(work, 1), most=300)


def test_journal(work):
    query = load_query(work, 1)
    path = Paths(work).label_journal(1)
    Journal(path, query).append(dict(op='time', who='Anna', unit=query.units[0], seconds=2.5))
    check(lines_of(path), path, lambda: Journal(path, query), write=signed)


def test_pool_and_labels(work):
    path = Paths(work).labels
    with open(path) as file:
        document = json.load(file)
    os.remove(path + '.sha256')
    check(document, path, lambda: load_multiview(path), most=200)


def test_answers_of_a_tool(work, asked):
    path = osp.join(osp.dirname(work), 'answers_1.json')
    with open(asked[1]) as file:
        document = json.load(file)
    check(document, path, lambda: ingest(work, path, dry_run=True), most=120)


def test_confidence(tmp_path):
    path = str(tmp_path / 'confidence.json')
    document = to_content(ConfidenceMap('logit', 2.0, 0.5), joints={})
    check(document, path, lambda: read_confidence(path))


def test_server_project(work):
    path = Paths(work).server_project
    os.makedirs(osp.dirname(path), exist_ok=True)
    document = dict(url='http://127.0.0.1:8080', key='0123456789ab', project=3)
    check(document, path, lambda: load_link(work))


def test_listed(tmp_path):
    path = str(tmp_path / 'walk.summary.json')
    document = dict(recording='walk', look_at=[dict(frame=3, sequence='walk')])
    check(document, path, lambda: read_places(path))


def test_full_supervision(tmp_path):
    path = str(tmp_path / 'full.json')

    def read():
        with pytest.raises(Missing) as caught:
            full_supervision(path, Metric('coco/AP', False, ''))
            raise Missing(f'{path}: was read')
        raise ValueError(str(caught.value))

    check(dict(metrics={'coco/AP': [0.5, 0.6]}), path, read)


def test_scalars(tmp_path):
    path = tmp_path / '20261129' / 'vis_data' / 'scalars.json'
    path.parent.mkdir(parents=True)
    check(dict(loss=0.5, step=3, iter=3), str(path), lambda: read_scalars(str(tmp_path)))


def test_predictions(tmp_path):
    data = dict(
        images=[dict(id=1, file_name='a.png', width=9, height=9)],
        annotations=[dict(id=7, image_id=1, category_id=1, bbox=[0, 0, 9, 9])],
        categories=[dict(id=1, keypoints=['nose'])],
    )
    path = str(tmp_path / 'results.json')
    document = [dict(image_id=1, category_id=1, keypoints=[1.0, 2.0, 0.5], score=0.7)]
    check(document, path, lambda: read_predictions(path, data, 'truth.json'))


def test_results(tmp_path):
    path = str(tmp_path / 'a.json')
    document = dict(
        row='posedual', steps=3, labels=dict(num=3, unit='images'), seed=0, input_size=[64, 64],
        machine='m', metrics={'coco/AP': 0.5, 'pck/bbox@0.1': 50.0},
    )  # fmt: skip
    check(document, path, lambda: results_table.load(str(tmp_path)), named=str(tmp_path))


def test_results_of_active_learning(tmp_path):
    path = str(tmp_path / 'a.json')
    entry = dict(labels=3, metrics={'multiview/MKPE': 50.0})
    document = dict(row='random', seed=0, units=9, steps=3, rounds=[entry])
    check(document, path, lambda: active_learning_table.load(str(tmp_path)), named=str(tmp_path))


def test_project(tmp_path):
    for name in ('config.py', 'metainfo.py', 'pool.json'):
        (tmp_path / name).write_text('')
    (tmp_path / 'images').mkdir()
    document = dict(
        format='mmpose_al-project', version=1, kind='images', config='config.py',
        metainfo='metainfo.py', pool='pool.json', images='images',
    )  # fmt: skip
    path = str(tmp_path / 'project.json')

    def read():
        facts_of_project(str(tmp_path), open_project(str(tmp_path)).content)

    check(document, path, read)


def test_labels_of_a_project(tmp_path):
    path = tmp_path / 'labels' / '1' / 'labels.json'
    path.parent.mkdir(parents=True)
    document = dict(
        categories=[dict(keypoints=['nose'])],
        images=[dict(id=1, file_name='a/000001.jpg')],
        annotations=[dict(id=2, image_id=1, person_id=0, num_keypoints=1, keypoints=[1, 2, 2])],
    )
    check(document, str(path), lambda: given_labels(str(tmp_path), ['nose']))
    check(document, str(path), lambda: labelled_frames(str(tmp_path)))


def test_a_coco_file_of_a_project(tmp_path):
    (tmp_path / 'images').mkdir()
    cv2.imwrite(str(tmp_path / 'images' / 'a.png'), np.zeros((48, 64, 3), np.uint8))
    path = str(tmp_path / 'coco.json')
    document = dict(
        images=[dict(id=1, file_name='a.png', width=64, height=48)],
        annotations=[
            dict(id=2, image_id=1, category_id=1, bbox=[1, 1, 9, 9], keypoints=[2, 3, 2, 4, 5, 2])
        ],
        categories=[dict(id=1, name='mouse', keypoints=['l_ear', 'r_ear'], skeleton=[[1, 2]])],
    )
    source = CocoFile()

    def read():
        assert source.recognise(path, Options()) in (True, False)
        source.read([path], Options())

    check(document, path, read)
