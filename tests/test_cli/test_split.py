import hashlib
import json
import os

import pytest

from mmpose_al.datasets.splits import choose, make_split
from mmpose_al.fileio import write_json
from tests.commands import command


@pytest.fixture
def ann_file(tmp_path):
    """Images 1..6, two persons each; 2 has no label, one of 3 is a crowd."""
    images = [
        dict(
            id=i,
            file_name=f'{i}.png',
            width=9,
            height=9,
            frame_id=100 + i // 2,
            camera_id=1 + i % 2,
        )
        for i in (5, 1, 3, 2, 4, 6)
    ]
    annotations = [
        dict(
            id=10 * i + k,
            image_id=i,
            category_id=1,
            person_id=k,
            bbox=[1, 1, 5, 5],
            iscrowd=int((i, k) == (3, 1)),
            keypoints=[2, 2, 0 if i == 2 else 2],
        )
        for i in (5, 1, 3, 2, 4, 6)
        for k in (0, 1)
    ]
    frames = [dict(id=100 + i, sequence='s', index=i) for i in range(4)]
    camera = dict(
        width=9,
        height=9,
        K=[[9, 0, 4], [0, 9, 4], [0, 0, 1]],
        R=[[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        t=[0, 0, 1],
    )
    path = tmp_path / 'ann.json'
    path.write_text(
        json.dumps(
            dict(
                images=images,
                annotations=annotations,
                frames=frames,
                cameras=[dict(camera, id=1, name='a'), dict(camera, id=2, name='b')],
                categories=[dict(id=1, name='person', keypoints=['nose'])],
            )
        )
    )
    return str(path)


def test_first_in_file_order(ann_file):
    def first(unit, num):
        return make_split(ann_file, unit, 'first', num)['labeled']

    assert first('instances', 5) == [10, 11, 30, 50, 51]  # 31 is a crowd
    assert first('images', 4) == [1, 3, 4, 5]  # 2 has no label
    assert first('frames', 2) == [100, 101]


def test_random_is_seeded_nested_and_independent_of_the_order(ann_file):
    def chosen(num, seed, path=ann_file):
        return make_split(path, 'instances', 'random', num, seed)['labeled']

    with open(ann_file) as file:
        data = json.load(file)
    data['annotations'].reverse()
    turned = ann_file + '2'
    with open(turned, 'w') as file:
        json.dump(data, file)
    assert chosen(4, 0) == chosen(4, 0, turned) == sorted(chosen(4, 0))
    assert set(chosen(2, 0)) < set(chosen(4, 0))
    assert len({tuple(chosen(4, seed)) for seed in range(5)}) > 1
    # worked out from the definition: the smallest hashes of "seed:id"
    ids = [50, 51, 10, 11, 30, 40, 41, 60, 61]
    order = sorted(ids, key=lambda i: hashlib.sha256(b'3:%d' % i).hexdigest())
    assert chosen(4, 3) == sorted(order[:4])


@pytest.mark.parametrize('unit, available', [('instances', 9), ('images', 5), ('frames', 4)])
def test_bounds(ann_file, unit, available):
    make_split(ann_file, unit, 'random', available)
    with pytest.raises(ValueError, match=f'there are only {available} {unit}'):
        make_split(ann_file, unit, 'random', available + 1)
    with pytest.raises(ValueError, match='at least one'):
        make_split(ann_file, unit, 'random', 0)


def test_command_line_and_reader(ann_file, tmp_path):
    out = tmp_path / 'sub' / 'split.json'
    args = [ann_file, '--unit', 'images', '--out', str(out), '--seed', '7', '--num']
    command('split', *args, 2)
    split = json.loads(out.read_text())
    with open(ann_file, 'rb') as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    assert split.pop('labeled') == choose([1, 3, 4, 5, 6], 'random', 2, 7)
    assert split == dict(
        format='mmpose_al-split',
        version=1,
        source='ann.json',
        sha256=digest,
        unit='images',
        mode='random',
        seed=7,
    )
    assert os.listdir(str(tmp_path / 'sub')) == ['split.json']
    with pytest.raises(SystemExit, match='error: .* only 5 images'):
        command('split', *args, 77)


def test_labels_in_a_config_choose_what_the_tool_chooses(ann_file, tmp_path):
    from mmpose_al.datasets import MultiViewCocoDataset

    metainfo = dict(
        dataset_name='one',
        keypoint_info={0: dict(name='nose', id=0, color=[0, 0, 0], type='', swap='')},
        skeleton_info={},
        joint_weights=[1.0],
        sigmas=[0.1],
    )
    common = dict(ann_file=ann_file, metainfo=metainfo, pipeline=[])
    for unit, num in (('instances', 4), ('images', 2), ('frames', 1)):
        out = tmp_path / f'{unit}.json'
        write_json(str(out), make_split(ann_file, unit, 'random', num, 3))
        for subset in ('labeled', 'unlabeled'):
            sets = [
                MultiViewCocoDataset(subset=subset, **common, **source)
                for source in (
                    dict(ids_file=str(out)),
                    dict(labels=dict(unit=unit, num=num, seed=3)),
                )
            ]
            ids = [[s[i]['id'] for i in range(len(s))] for s in sets]
            assert ids[0] == ids[1] and ids[0]
    with pytest.raises(ValueError, match='go together'):
        MultiViewCocoDataset(labels=dict(unit='images', num=1), **common)
    with pytest.raises(ValueError, match='only'):
        MultiViewCocoDataset(subset='labeled', labels=dict(unit='images', num=99), **common)
