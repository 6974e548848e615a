"""Sources that do not fit together: other skeletons, lost joints, images in both."""

import copy
import json
import os

import numpy as np
import pytest
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import DATASETS, TRANSFORMS

from mmpose_al.datasets import checks
from mmpose_al.datasets.transforms import keypoint_mapping
from tests.test_datasets.sources import LOAD, META, META3, PACK, build


def test_converted_joints_are_accepted(make):
    convert = dict(
        type='MapKeypoints', source=META3, target=META, rename=dict(c='a', a='b'), drop=['b']
    )
    dataset = build(make([1], joints=3, meta=META3, pipeline=[convert]), metainfo=META)
    assert dataset[0]['data_samples'].gt_instances.keypoints.shape == (1, 2, 2)


@pytest.mark.parametrize(
    'mapping, words',
    [
        ([(2, 0), (0, 1)], r"KeypointConverter loses the joints b; .*drop=\['b'\]"),
        ([(3, 0), (0, 1), (1, 1)], 'source index 3 of 3 joints'),
        ([(2, 0), (0, 1), (1, 2)], 'target index 2 of 2 joints'),
        ([(2, 0), (0, 1), (1, 1)], 'one target index twice'),
    ],
)
def test_converters_that_lose_joints(make, mapping, words):
    convert = dict(type='KeypointConverter', num_keypoints=2, mapping=mapping)
    source = make([1], joints=3, meta=META3, pipeline=[convert])
    with pytest.raises(ValueError, match=f'labelled MultiViewCoco.*{words}'):
        build(source, metainfo=META)
    # the keypoints of unlabelled samples are not used
    build(make([2], 'b.json'), source, metainfo=META)


def test_all_joints_are_used(make):
    both = dict(type='KeypointConverter', num_keypoints=2, mapping=[((0, 2), 0), (1, 1)])
    assert len(build(make([1], joints=3, meta=META3, pipeline=[both]), metainfo=META)) == 1


def test_map_of_another_skeleton(make):
    convert = dict(type='MapKeypoints', source=META, target=META)
    with pytest.raises(ValueError, match=r"maps from \['a', 'b'\], the data set has"):
        build(make([1], joints=3, meta=META3, pipeline=[convert]), metainfo=META)


def skeleton(*names):
    """Metainfo; left_x and right_x are a pair."""
    swap = {
        name: name.replace('left', '?').replace('right', 'left').replace('?', 'right')
        for name in names
    }
    return dict(
        META,
        joint_weights=[1.0] * len(names),
        sigmas=[0.05] * len(names),
        keypoint_info={
            i: dict(name=n, id=i, type='', swap=swap[n] if swap[n] != n else '')
            for i, n in enumerate(names)
        },
    )


def one_sided(**swaps):
    """Three joints whose swaps are as given."""
    meta = copy.deepcopy(skeleton('a', 'left_b', 'right_b'))
    for joint in meta['keypoint_info'].values():
        joint['swap'] = swaps.get(joint['name'], '')
    return meta


@pytest.mark.parametrize(
    'swaps, words',
    [
        (dict(left_b='right_b'), 'left_b becomes right_b, but right_b becomes right_b'),
        (
            dict(a='left_b', left_b='right_b', right_b='a'),
            'a becomes left_b, but left_b becomes right_b',
        ),
        (dict(left_b='rigth_b', right_b='left_b'), "swap='rigth_b', which is no joint's name"),
    ],
)
def test_joints_that_cannot_be_mirrored(make, swaps, words):
    """Of a source, of the whole data set, and of a map's target."""
    bad, good = one_sided(**swaps), skeleton('a', 'left_b', 'right_b')
    with pytest.raises(ValueError, match=f'MultiViewCocoDataset: .*{words}'):
        build(make([1], joints=3, meta=bad))
    with pytest.raises(ValueError, match=f'LabeledUnlabeledDataset: .*{words}'):
        build(make([1], joints=3, meta=good), metainfo=bad)
    with pytest.raises(ValueError, match=f'the target: .*{words}'):
        TRANSFORMS.build(dict(type='MapKeypoints', source=good, target=bad))


def test_left_and_right_that_are_not_exchanged_are_said(make, monkeypatch):
    said = []
    monkeypatch.setattr(keypoint_mapping, 'print_log', lambda text, *_, **__: said.append(text))
    build(make([1], joints=3, meta=skeleton('a', 'left_b', 'right_b')))
    assert not said
    build(make([2], 'b.json', joints=3, meta=one_sided()))
    assert 'its joints left_b and right_b stay what they are' in said[0]


@pytest.mark.parametrize(
    'names, result',
    [
        (['nose', 'LeftWrist', 'r_wrist', 'Neck'], None),
        (['Nose', 'wrist left', 'RWrist', 'neck'], None),
        (['nose', 'left_wrist', 'right_wrist', 'throat'], 'joint 3 is throat there and neck here'),
        (['nose', 'right_wrist', 'left_wrist', 'neck'], ValueError),
        (['kp1', 'kp2', 'kp3', 'kp4'], ValueError),
        (['a', 'b'], None),  # the number is checked elsewhere
    ],
)
def test_names_of_joints_in_a_file(names, result):
    meta = parse_pose_metainfo(skeleton('nose', 'left_wrist', 'right_wrist', 'neck'))
    if result is ValueError:
        with pytest.raises(ValueError, match='x.json names its joints .* of 4 differ.*check_names'):
            checks.check_joint_names(names, meta, 'x.json')
    elif result is None:
        assert checks.check_joint_names(names, meta, 'x.json') is None
    else:
        assert result in checks.check_joint_names(names, meta, 'x.json')


def test_a_source_under_the_metainfo_of_another_skeleton(make):
    source = make([1], joints=3, meta=skeleton('a', 'left_b', 'right_b'))
    with open(source['ann_file']) as file:
        content = json.load(file)
    content['categories'][0]['keypoints'] = ['paw', 'tail', 'snout']
    with open(source['ann_file'], 'w') as file:
        json.dump(content, file)
    with pytest.raises(ValueError, match='ann.json: category .person. names its joints .*paw'):
        build(source)
    build(dict(source, check_names=False))


def test_as_many_other_joints_are_refused(make):
    one, other = skeleton('a', 'left_b', 'right_b'), skeleton('left_b', 'right_b', 'a')
    sources = [make([1], joints=3, meta=one), make([2], 'b.json', joints=3, meta=other)]
    with pytest.raises(
        ValueError,
        match=r'b.json: its joint 0 is left_b, that of '
        r'LabeledUnlabeledDataset a \(3 of 3 differ\).*MapKeypoints',
    ):
        build(sources)
    sources[1]['pipeline'] = [dict(type='MapKeypoints', source=other, target=other)]
    with pytest.raises(ValueError, match='joint 0 is left_b'):
        build(sources)
    sources[1]['pipeline'] = [dict(type='MapKeypoints', source=other, target=one)]
    assert len(build(sources)) == 2
    # an unlabelled source's joints are not used
    assert len(build(sources[0], make([2], 'b.json', joints=3, meta=other))) == 2


@pytest.mark.parametrize('kind', ['labelled', 'unlabelled'])
def test_a_flip_finds_the_pairs_wherever_it_stands(make, kind):
    """After a map of joints, in the source's own pipeline or in that of the whole."""
    source = skeleton('left_b', 'a', 'right_b', 'c')
    target = skeleton('a', 'left_b', 'right_b')
    convert = (
        dict(type='MapKeypoints', source=source, target=target, drop=['c'])
        if kind == 'labelled'
        else dict(type='KeypointConverter', num_keypoints=3, mapping=[])
    )
    rest = [LOAD, dict(type='RandomFlip', prob=1.0), PACK]
    samples = []
    for own, whole in (([convert], rest), ([convert] + rest, []), ([convert] + rest[:2], rest[2:])):
        other = make([1], joints=4, meta=source, pipeline=own)
        first = make([2], 'b.json', joints=3, meta=target, pipeline=rest[: len(own) - 1])
        dataset = (
            build([first, other], None, whole) if kind == 'labelled' else build(first, other, whole)
        )
        samples.append(dataset[1]['data_samples'])
        assert list(samples[-1].metainfo['flip_indices']) == [0, 2, 1]
    for other in samples[1:]:
        np.testing.assert_array_equal(
            other.gt_instances.keypoints, samples[0].gt_instances.keypoints
        )


def test_unlabelled_source_of_another_skeleton(make):
    other = make([2], 'b.json', joints=3, meta=META3)
    with pytest.raises(
        ValueError,
        match=r'unlabelled .*b.json: has 3 joints.* 2; add '
        r'KeypointConverter\(num_keypoints=2, mapping=\[\]\)',
    ):
        build(make([1]), other)
    other['pipeline'] = [dict(type='KeypointConverter', num_keypoints=2, mapping=[])]
    truth = build(make([1]), other)[1]['data_samples'].gt_instances
    assert truth.keypoints.shape == (1, 2, 2)
    assert not truth.keypoints_visible.any()


def test_overlap(make):
    both = make([1, 2, 3])
    with pytest.raises(
        ValueError,
        match=r'3 annotations are labelled and '
        r'unlabelled, first ids \[1, 2, 3\]; set subset=',
    ):
        build(both, both)
    assert len(build(both, both, allow_overlap=True)) == 6


def wrapped(kind, source):
    if kind == 'CombinedDataset':
        return dict(type=kind, metainfo=META, datasets=[source])
    if kind == 'ConcatDataset':
        return dict(type=kind, datasets=[source])
    inner = dict(type='ConcatDataset', datasets=[source]) if kind == 'both' else source
    return dict(type='RepeatDataset', dataset=inner, times=2)


@pytest.mark.parametrize('kind', ['RepeatDataset', 'CombinedDataset', 'ConcatDataset', 'both'])
def test_overlap_is_seen_through_wrappers(make, kind):
    source, other = make([1, 2]), make([3], 'b.json')
    for labeled, unlabeled in (
        (wrapped(kind, source), source),
        (source, wrapped(kind, source)),
        (wrapped(kind, source), [other, wrapped(kind, source)]),
    ):
        with pytest.raises(ValueError, match=r'2 annotations .* first ids \[1, 2\]'):
            build(labeled, unlabeled)
    build(wrapped(kind, source), wrapped(kind, other))


def test_overlap_in_a_folder_within_the_other_and_behind_a_link(make, tmp_path):
    source = make([1, 2])
    folder = source['data_prefix']['img']
    os.symlink(folder, str(tmp_path / 'link'))
    copy_of = make([2], 'b.json')
    copy_of['data_prefix'] = dict(img=str(tmp_path / 'link'))
    with pytest.raises(ValueError, match='1 annotations are labelled and unlabelled'):
        build(source, copy_of)


class Plain:
    """A data set that names no file."""

    metainfo = parse_pose_metainfo(META)

    def full_init(self):
        pass

    def __len__(self):
        return 3

    def __getitem__(self, index):
        raise NotImplementedError


def test_what_cannot_be_compared_is_said(make, monkeypatch):
    said = []
    monkeypatch.setattr(checks, 'print_log', lambda text, *_, **__: said.append(text))
    build(make([1]), make([2], 'b.json'))
    assert not said
    dataset = build(make([1]), Plain())
    assert len(dataset) == 4
    assert 'not checked' in said[0] and 'Plain names no file' in said[0]
    build(make([1]), Plain(), allow_overlap=True)
    assert len(said) == 1


def test_overlap_of_two_files(make, tmp_path):
    """The same image, id and box in another file; any other is another person."""
    unlabeled = make([3, 4], 'b.json')
    with pytest.raises(
        ValueError,
        match=r'1 annotations are labelled and unlabelled, '
        r'first ids \[3\]; take them out of .*b.json, or allow_overlap',
    ):
        build(make([1, 2, 3]), unlabeled)
    assert len(build(make([1, 2, 3]), unlabeled, allow_overlap=True)) == 5
    path = tmp_path / 'b.json'
    for key, value in dict(id=30, bbox=[20, 5, 19, 20]).items():
        content = json.loads(path.read_text())
        content['annotations'][0][key] = value
        path.with_name('c.json').write_text(json.dumps(content))
        assert (
            len(build(make([1, 2, 3]), dict(unlabeled, ann_file=str(path.with_name('c.json')))))
            == 5
        )


def test_views_of_other_skeletons_are_an_error(tiny):
    source = dict(
        type='MultiViewCocoDataset',
        data_root=tiny,
        ann_file='train.json',
        data_prefix=dict(img='images/'),
    )
    with pytest.raises(ValueError, match='has 17 joints'):
        DATASETS.build(
            dict(
                type='LabeledUnlabeledDataset',
                labeled=dict(source, cameras=['camera00']),
                unlabeled=dict(source, cameras=['camera01', 'camera02']),
                pipeline=[],
                metainfo=dict(from_file='configs/_base_/datasets/mpii.py'),
            )
        )
