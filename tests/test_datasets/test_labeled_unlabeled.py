"""LabeledUnlabeledDataset: order, marks, seeds, samples that cannot be made."""

import random
import shutil

import cv2
import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate

from mmpose_al.datasets.labeled_unlabeled import SampleError, forked_random_state
from mmpose_al.datasets.samplers import SeededIndex
from tests.test_datasets.sources import LOAD, META, META3, PACK, build, ids, truncate

DRAW = dict(type='LUDraw')


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


def test_shares_are_one_number_a_source(make):
    sources = [make([3, 1]), make([2], 'd.json')], make([5], 'b.json')
    dataset = build(*sources, shares=[1, 1, 2])
    assert dataset.shares == [1, 1, 2] and dataset.source_sizes == [2, 1, 1]
    assert dataset.num_labeled_sources == 2
    assert build(*sources).shares is None
    for bad in ([1, 1], [1, 1, 0], [1, 1, 'half'], 3, [1, 1, float('nan')]):
        with pytest.raises(ValueError, match='one number above 0 for each of its 3 sources'):
            build(*sources, shares=bad)


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


def test_damage_inside_an_image_is_found_where_files_are_decoded(make, tmp_path):
    labeled = make([1, 2])
    content = (tmp_path / '1.jpg').read_bytes()
    (tmp_path / '1.jpg').write_bytes(content[: len(content) // 2] + b'\xff\xd9')
    assert ids(build(labeled)) == [1, 2]
    with pytest.raises(SampleError, match='1.jpg is damaged: .*JPEG'):
        build(labeled, check_images='decode')[0]
    assert ids(build(labeled, check_images='decode', on_error='skip')) == [2, 2]
    with pytest.raises(ValueError, match="check_images is 'all'"):
        build(labeled, check_images='all')


def test_an_image_of_another_size_is_never_skipped(make, tmp_path):
    labeled = make([1, 2])
    cv2.imwrite(str(tmp_path / '1.jpg'), np.zeros((20, 40, 3), np.uint8))
    for source in (labeled, dict(labeled, pipeline=[LOAD])):
        with pytest.raises(SampleError, match='1.jpg: is 40x20 as it is read, .* declares 40x40'):
            build(
                source, pipeline=(PACK,) if source['pipeline'] else (LOAD, PACK), on_error='skip'
            )[0]
