import json
import os.path as osp
import random
import shutil

import cv2
import numpy as np
import pytest
import torch
from mmcv.transforms import BaseTransform
from mmengine.dataset import pseudo_collate
from mmpose.registry import DATASETS, TRANSFORMS

from mmpose_al.datasets.images import ImageError, check_image
from mmpose_al.datasets.labeled_unlabeled import SampleError, forked_random_state
from mmpose_al.datasets.samplers import SeededIndex

META = dict(
    dataset_name='two',
    keypoint_info={i: dict(name=n, id=i, type='', swap='') for i, n in enumerate('ab')},
    skeleton_info={},
    joint_weights=[1.0] * 2,
    sigmas=[0.05] * 2,
)
META3 = dict(
    META,
    joint_weights=[1.0] * 3,
    sigmas=[0.05] * 3,
    keypoint_info={i: dict(name=n, id=i, type='', swap='') for i, n in enumerate('abc')},
)


@TRANSFORMS.register_module(force=True)
class LUDraw(BaseTransform):
    """Draw from all three generators, leave the numbers in ``img_path``'s place."""

    def __init__(self, none_for=(), bug_for=()):
        self.none_for, self.bug_for = none_for, bug_for

    def transform(self, results):
        if results['id'] in self.none_for:
            return None
        if results['id'] in self.bug_for:
            raise KeyError('a bug')
        results['crowd_index'] = results.get('crowd_index', ()) + (
            random.random(),
            np.random.rand(),
            torch.rand(1).item(),
        )
        return results


PACK = dict(type='PackPoseInputs')
LOAD = dict(type='LoadImage')
DRAW = dict(type='LUDraw')


@pytest.fixture
def make(tmp_path):
    """A data set config with the given ids; image i.jpg holds annotation i."""

    def make(ids, name='ann.json', pipeline=(), joints=2, meta=None, **kwargs):
        for i in ids:
            path = str(tmp_path / f'{i}.jpg')
            if not osp.exists(path):
                noise = np.random.RandomState(i).randint(0, 255, (40, 40, 3))
                cv2.imwrite(path, noise.astype(np.uint8))
        path = tmp_path / name
        path.write_text(
            json.dumps(
                dict(
                    images=[dict(id=i, file_name=f'{i}.jpg', width=40, height=40) for i in ids],
                    annotations=[
                        dict(
                            id=i,
                            image_id=i,
                            category_id=1,
                            bbox=[5, 5, 20, 20],
                            iscrowd=0,
                            keypoints=[
                                number
                                for joint in range(joints)
                                for number in (9 + 3 * joint, 9 + joint, 2)
                            ],
                        )
                        for i in ids
                    ],
                    categories=[dict(id=1, name='person')],
                )
            )
        )
        return dict(
            type='MultiViewCocoDataset',
            ann_file=str(path),
            data_prefix=dict(img=str(tmp_path)),
            metainfo=meta or META,
            pipeline=list(pipeline),
            **kwargs,
        )

    return make


def build(labeled, unlabeled=None, pipeline=(LOAD, PACK), **kwargs):
    return DATASETS.build(
        dict(
            type='LabeledUnlabeledDataset',
            labeled=labeled,
            unlabeled=unlabeled,
            pipeline=list(pipeline),
            **kwargs,
        )
    )


def ids(dataset):
    return [dataset[i]['data_samples'].id for i in range(len(dataset))]


def truncate(path, keep):
    with open(path, 'rb') as file:
        content = file.read()
    with open(path, 'wb') as file:
        file.write(content[: int(keep * len(content))])


def test_order_and_marks(make):
    dataset = build(make([3, 1]), [make([5], 'b.json'), make([7, 8], 'c.json')])
    assert (dataset.num_labeled, dataset.num_unlabeled, len(dataset)) == (2, 3, 5)
    assert ids(dataset) == [3, 1, 5, 7, 8]
    samples = [dataset[i]['data_samples'] for i in range(5)]
    assert [s.is_labeled for s in samples] == [True] * 2 + [False] * 3
    assert 'aug_seed' not in samples[0]
    assert dataset[SeededIndex(4, 77)]['data_samples'].aug_seed == 77
    assert dataset[-1]['data_samples'].id == 8
    assert dataset.metainfo['num_keypoints'] == 2


def test_without_unlabelled(make):
    dataset = build(make([1, 2]))
    assert (dataset.num_labeled, dataset.num_unlabeled) == (2, 0)


def test_sources_may_pack_themselves(make):
    """Nothing but inputs and data_samples reaches the collate function."""
    whole = dict(pipeline=[LOAD, PACK])
    dataset = build(make([1], **whole), make([2], 'b.json', **whole), ())
    assert set(dataset[0]) == {'inputs', 'data_samples'}
    batch = pseudo_collate([dataset[0], dataset[1]])
    assert [s.is_labeled for s in batch['data_samples']] == [True, False]


def test_own_pipeline_knows_the_kind(make):
    dataset = build(make([1]), make([2], 'b.json'), ())
    assert [dataset[i]['is_labeled'] for i in range(2)] == [True, False]


def test_sample_is_a_function_of_index_and_seed(make):
    """Both pipelines follow the seed and leave the generators alone."""
    dataset = build(make([1, 2], pipeline=[DRAW]), make([3], 'b.json'), (DRAW, LOAD, PACK))

    def draws(index, seed):
        return dataset[SeededIndex(index, seed)]['data_samples'].crowd_index

    first = draws(0, 5)
    assert len(first) == 6 and len(set(first)) == 6
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    before = random.getstate(), np.random.get_state()[1], torch.get_rng_state()
    assert draws(0, 5) == first
    assert draws(0, 6) != first
    assert draws(0, 2**63 - 1) != draws(0, 2**31 - 1)
    after = random.getstate(), np.random.get_state()[1], torch.get_rng_state()
    assert before[0] == after[0]
    assert (before[1] == after[1]).all() and bool((before[2] == after[2]).all())
    # without a seed the global generators serve, as everywhere in mmengine
    np.random.seed(1)
    assert dataset[2]['data_samples'].crowd_index[1] == np.random.RandomState(1).rand()


def test_random_state_is_restored_after_an_error():
    torch.manual_seed(3)
    state = torch.get_rng_state()
    with pytest.raises(KeyError), forked_random_state(4):
        torch.rand(3)
        raise KeyError
    assert bool((torch.get_rng_state() == state).all())


@pytest.mark.parametrize('damage', ['missing', 'truncated', 'empty'])
def test_bad_image(make, tmp_path, damage):
    labeled, unlabeled = make([1, 2]), make([3, 4, 5], 'b.json')
    path = str(tmp_path / '3.jpg')
    if damage == 'missing':
        shutil.move(path, path + '.gone')
    else:
        truncate(path, 0.6 if damage == 'truncated' else 0)
    dataset = build(labeled, unlabeled)
    with pytest.raises(SampleError) as error:
        dataset[2]
    for words in ('unlabelled MultiViewCocoDataset', 'b.json', path, 'annotation id 3'):
        assert words in str(error.value)
    dataset = build(labeled, unlabeled, on_error='skip')
    taken = [dataset[SeededIndex(2, seed)]['data_samples'] for seed in range(9)]
    assert {s.id for s in taken} == {4, 5}
    assert not any(s.is_labeled for s in taken)
    again = [dataset[SeededIndex(2, seed)]['data_samples'].id for seed in range(9)]
    assert again == [s.id for s in taken]
    assert dataset.num_skipped >= 18


def test_labelled_is_replaced_by_labelled(make, tmp_path):
    labeled = make([1, 2])
    truncate(str(tmp_path / '1.jpg'), 0.5)
    dataset = build(labeled, make(list(range(10, 40)), 'b.json'), on_error='skip')
    for seed in range(9):
        sample = dataset[SeededIndex(0, seed)]['data_samples']
        assert sample.id == 2 and sample.is_labeled


def test_too_many_skips(make, tmp_path):
    labeled = make([1, 2])
    for i in (1, 2):
        truncate(str(tmp_path / f'{i}.jpg'), 0.5)
    with pytest.raises(SampleError, match='20 samples in a row.*truncated'):
        build(labeled, on_error='skip')[0]


def test_broken_without_the_check(make, tmp_path):
    """A file that cannot be decoded is skipped all the same."""
    labeled = make([1, 2])
    truncate(str(tmp_path / '1.jpg'), 0)
    assert ids(build(labeled, check_images=False, on_error='skip')) == [2, 2]
    with pytest.raises(SampleError, match='annotation id 1'):
        build(labeled, check_images=False)[0]


def test_none_and_bugs(make):
    none = dict(type='LUDraw', none_for=[1])
    for source, own in (([none], (LOAD, PACK)), ([], (none, LOAD, PACK))):
        labeled = make([1, 2], pipeline=source)
        with pytest.raises(SampleError, match='id 1.*pipeline returned None'):
            build(labeled, None, own)[0]
        assert ids(build(labeled, None, own, on_error='skip')) == [2, 2]
    bug = dict(type='LUDraw', bug_for=[1])  # never skipped
    with pytest.raises(SampleError, match='annotation id 1: KeyError'):
        build(make([1, 2]), None, (bug, LOAD, PACK), on_error='skip')[0]


def test_build_errors(make, tmp_path):
    unlabeled = make([3], 'b.json')
    with pytest.raises(ValueError, match='no valid instance'):
        build(make([]), unlabeled)
    with pytest.raises(ValueError, match='no valid instance'):
        build(make([1]), make([], 'c.json'))
    with pytest.raises(ValueError, match='`labeled` no. 0.*is empty'):
        build(dict(make([]), type='CocoDataset'), unlabeled)
    with pytest.raises(ValueError, match='`unlabeled` is an empty list'):
        build(make([1]), [])
    with pytest.raises(ValueError, match='has 3 joints.* 2; set metainfo'):
        build(make([1], joints=3, meta=META3), unlabeled, metainfo=META)
    with pytest.raises(ValueError, match='on_error'):
        build(make([1]), on_error='ignore')


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


# --------------------------------------------------------------------------


def image_bytes(extension):
    noise = np.random.RandomState(0).randint(0, 255, (64, 64, 3), np.uint8)
    return cv2.imencode(extension, noise)[1].tobytes()


def with_thumbnail(jpeg):
    """An APP1 segment that holds a whole small JPEG, as cameras write it."""
    body = b'Exif\0\0' + image_bytes('.jpg')
    segment = b'\xff\xe1' + (len(body) + 2).to_bytes(2, 'big') + body
    return jpeg[:2] + segment + jpeg[2:]


JPEG = image_bytes('.jpg')
COMPLETE = {
    'jpg': JPEG,
    'png': image_bytes('.png'),
    'trailing.jpg': JPEG + b'\0' * 5000,
    'trailing.png': image_bytes('.png') + b'x' * 5000,
    'thumbnail.jpg': with_thumbnail(JPEG),
    'fill.jpg': JPEG[:2] + b'\xff' + JPEG[2:],
    'bmp': image_bytes('.bmp'),
    'webp': image_bytes('.webp'),
}


@pytest.mark.parametrize('name', COMPLETE)
def test_complete_images_pass(tmp_path, name):
    path = tmp_path / f'x.{name}'
    path.write_bytes(COMPLETE[name])
    check_image(str(path))
    assert cv2.imread(str(path)) is not None


@pytest.mark.parametrize('name', ['jpg', 'png', 'thumbnail.jpg'])
@pytest.mark.parametrize('keep', [0.01, 0.3, 0.7, 0.999])
def test_truncated_images_fail(tmp_path, name, keep):
    path = tmp_path / f'x.{name}'
    content = COMPLETE[name]
    for tail in (b'', b'\0' * 3000):  # a crash may leave zeros
        path.write_bytes(content[: int(keep * len(content)) - 1] + tail)
        with pytest.raises(ImageError, match='truncated|empty|cannot open'):
            if len(path.read_bytes()) and path.read_bytes()[:2] not in (b'\xff\xd8', b'\x89P'):
                pytest.skip('no longer recognisable; decoding fails')
            check_image(str(path))


def test_remote_paths_are_left_to_their_backend():
    check_image('s3://bucket/none.jpg')
