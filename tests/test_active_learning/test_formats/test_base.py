"""What all annotation formats share."""

import inspect
import json
import os
import os.path as osp
import xml.etree.ElementTree as ElementTree
import zipfile

import numpy as np
import pytest

from mmpose_al.active_learning.answers import ingest
from mmpose_al.active_learning.formats import (
    AnnotationFormat,
    Document,
    build_format,
    build_formats,
    describe_formats,
    format_names,
)
from mmpose_al.active_learning.query import load_query
from mmpose_al.active_learning.registry import ANNOTATION_FORMATS
from tests.test_active_learning.people import FORMATS, NAMES, ROUND, labelled, read, write


def test_the_three_formats_say_the_same(asked):
    annotator, _ = asked
    query = load_query(annotator.folder, ROUND)
    coco, cvat, tasks = (read(annotator.folder, f) for f in FORMATS)
    assert len(coco['annotations']) == len(cvat['annotations']) == len(tasks) == 8
    for ours, theirs, task in zip(coco['annotations'], cvat['annotations'], tasks):
        prediction = np.array(query.annotations[ours['id']]['prediction'])
        seen = prediction[:, 2] > 0
        points = np.array(ours['keypoints']).reshape(-1, 3)
        assert points[:, 2].tolist() == np.where(seen, 2, 0).tolist()
        np.testing.assert_allclose(points[seen, :2], prediction[seen, :2], atol=1e-3)
        assert ours['num_keypoints'] == seen.sum() and ours['id'] == theirs['id']
        assert ours['keypoint_scores'] == prediction[:, 2].tolist()
        # annotation tools measure from the corner of the first pixel
        corner = np.array(theirs['keypoints']).reshape(-1, 3)
        np.testing.assert_allclose(corner[seen, :2], points[seen, :2] + 0.5, atol=2e-3)
        assert theirs['bbox'][0] == ours['bbox'][0] + 0.5
        regions = {
            r['value']['keypointlabels'][0]: r
            for r in task['predictions'][0]['result']
            if 'score' in r
        }
        assert sorted(regions) == sorted(np.array(NAMES)[seen])
        for k in np.flatnonzero(seen):
            value = regions[NAMES[k]]['value']
            assert value['x'] == pytest.approx(corner[k, 0] / 640 * 100, abs=1e-3)
            assert value['y'] == pytest.approx(corner[k, 1] / 480 * 100, abs=1e-3)
        assert task['data']['annotation_id'] == ours['id']
    assert cvat['categories'][0]['keypoints'] == NAMES
    assert cvat['categories'][0]['skeleton'] == [[1, 2], [1, 3]]
    folder = query.folder
    with zipfile.ZipFile(osp.join(folder, 'cvat_keypoints.zip')) as archive:
        names = archive.namelist()
        assert names[0] == 'annotations/person_keypoints_default.json'
        assert sorted(names[1:]) == sorted(
            f'images/default/{i["name"]}' for i in query.images.values()
        )
        assert archive.testzip() is None
    config = ElementTree.parse(osp.join(folder, 'label_studio_config.xml')).getroot()
    assert [x.get('value') for x in config.find('.//KeyPointLabels')] == NAMES
    (label,) = json.load(open(osp.join(folder, 'cvat_labels.json')))
    assert [s['name'] for s in label['sublabels']] == NAMES
    svg = ElementTree.fromstring(f'<svg>{label["svg"]}</svg>')
    assert len(svg.findall('circle')) == 5 and len(svg.findall('line')) == 2


KINDS = sorted(ANNOTATION_FORMATS.module_dict)


@pytest.mark.parametrize('name', KINDS)
def test_options_are_the_constructor_s_and_all_are_described(name):
    kind = ANNOTATION_FORMATS.module_dict[name]
    known = inspect.signature(kind).parameters
    assert sorted(known) == sorted(kind.options)
    assert all(p.default is not inspect.Parameter.empty for p in known.values())
    assert kind.help and kind.looks and all(kind.options.values())
    text = describe_formats()
    assert kind.help in text and all(f'{option}=' in text for option in known)


@pytest.mark.parametrize('name', KINDS)
def test_what_a_format_writes_it_recognises_and_takes_back(name, asked, tmp_path):
    """All predictions, as somebody accepts who has looked at them."""
    annotator, _ = asked
    query, kind = load_query(annotator.folder, ROUND), build_format(name)
    folder = tmp_path / 'out'
    folder.mkdir()
    kind.write(query, str(folder))
    known = []
    for file in sorted(os.listdir(str(folder))):
        with Document(str(folder / file)) as document:
            if kind.recognise(document):
                known.append(document.path)
                assert kind.query_ids(document) == [query.id]
    assert len(known) == 1
    if name == 'label_studio':  # where a prediction is no answer yet
        tasks = read(annotator.folder, name)
        for task in tasks:
            kept = [r for r in task['predictions'][0]['result'] if r['type'] == 'keypointlabels']
            task['annotations'] = [dict(id=1, result=kept)]
        known = [write(tasks, tmp_path / 'answers.json', name)]
    done = ingest(annotator.folder, known[0], accept_unchanged=True)
    assert done.format == name and len(done.annotations) == 8
    labels, _ = labelled(annotator.labels_file)
    for number, points in labels.items():
        prediction = np.array(query.annotations[number]['prediction'])
        seen = prediction[:, 2] > 0
        assert points[:, 2].tolist() == np.where(seen, 2, 0).tolist()
        np.testing.assert_allclose(points[seen, :2], prediction[seen, :2], atol=0.005)


def test_formats_and_options_that_there_are_not_are_named():
    assert format_names()[:3] == ['coco', 'cvat', 'label_studio']
    assert build_format(dict(type='coco', pixel_origin='corner')).pixel_origin == 'corner'
    with pytest.raises(ValueError, match="one of coco, cvat, label_studio.*got 'voc'"):
        build_format('voc')
    with pytest.raises(ValueError, match='got 3'):
        build_format(3)
    with pytest.raises(ValueError, match="'coco' has no option origin; there are pixel_origin"):
        build_format('coco', origin='corner')
    with pytest.raises(ValueError, match='no annotation format has an option origin'):
        build_formats(dict(origin='corner'))
    built = {each.name: each for each in build_formats(dict(pixel_origin='corner'))}
    assert built['coco'].pixel_origin == 'corner' and list(built)[:2] == ['coco', 'cvat']


def test_nothing_but_the_formats_names_them():
    """What a format needs comes with it: no list of them stands anywhere else."""
    package = osp.dirname(osp.dirname(inspect.getfile(AnnotationFormat)))
    root = osp.dirname(osp.dirname(package))
    own = {osp.join(package, 'formats'), osp.join(package, 'servers')}  # a tool's server speaks one
    found = []
    for folder in ('mmpose_al', 'tools', 'benchmarks', 'demo'):
        for home, _, names in os.walk(osp.join(root, folder)):
            for name in names:
                path = osp.join(home, name)
                if name.endswith('.py') and home not in own:
                    with open(path, encoding='utf-8') as file:
                        if 'label_studio' in file.read():
                            found.append(osp.relpath(path, root))
    assert found == []
