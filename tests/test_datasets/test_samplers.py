import hashlib
import pickle
import struct
from itertools import islice
from types import SimpleNamespace

import numpy as np
import pytest
from mmengine.runner import Runner
from mmpose.registry import DATA_SAMPLERS, DATASETS
from torch.utils.data import DataLoader, Dataset

from mmpose_al.datasets import samplers
from mmpose_al.datasets.samplers import (
    LabeledUnlabeledSampler,
    MixedBatchSampler,
    SeededIndex,
    permutation,
    stream_seed,
)
from tests.views_3d import batch_of, dataset


class Sized(Dataset):
    num_labeled, num_unlabeled = 5, 23

    def __len__(self):
        return 28

    def __getitem__(self, index):
        return int(index), index.seed


def build(batch_size=8, rank=0, world=1, monkeypatch=None, dataset=None, **kw):
    if monkeypatch is not None:
        monkeypatch.setattr(samplers, 'get_dist_info', lambda: (rank, world))
    kw.setdefault('seed', 3)
    return LabeledUnlabeledSampler(dataset or Sized(), batch_size, **kw)


def batches(sampler, count):
    flat = list(islice(iter(sampler), count * sampler.batch_size))
    size = sampler.batch_size
    return [flat[i : i + size] for i in range(0, len(flat), size)]


def key(batch):
    return sorted((int(i), i.seed) for i in batch)


def test_labelled_first_then_unlabelled():
    for batch in batches(build(8, num_unlabeled=6), 4):
        assert all(i < 5 for i in batch[:2])
        assert all(5 <= i < 28 for i in batch[2:])


def test_every_sample_once_a_pass_and_new_orders():
    sampler = build(8, num_unlabeled=6, endless=True)
    stream = [i for batch in batches(sampler, 23) for i in batch[2:]]
    passes = [stream[k : k + 23] for k in range(0, 6 * 23, 23)]
    assert all(sorted(p) == list(range(5, 28)) for p in passes)
    assert len({tuple(p) for p in passes}) == 6
    seeds = [i.seed for i in stream]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= s < 2**63 for s in seeds)


def test_order_follows_its_definition():
    """Slow version of the stream, from the module's docstring."""
    sampler = build(4, endless=True, num_unlabeled=2)
    got = batches(sampler, 30)[-3:]
    for step, batch in zip(range(27, 30), got):
        for slot, index in enumerate(batch):
            source, k = divmod(slot, 2)
            size = (5, 23)[source]
            position = 2 * step + k
            order = permutation(size, 3, source, position // size)
            assert index == order[position % size] + (0, 5)[source]
            assert index.seed == stream_seed(3, source, position)


def test_permutation_is_frozen():
    # NumPy's legacy stream does not change between versions.
    assert permutation(6, 3, 1, 0).tolist() == [0, 3, 4, 2, 1, 5]
    digest = hashlib.blake2b(b'3/1/0', digest_size=8).digest()
    assert stream_seed(3, 1, 0) == struct.unpack('<Q', digest)[0] // 2


@pytest.mark.parametrize('world', [2, 3])
def test_ranks_together_see_what_one_rank_sees(monkeypatch, world):
    one = batches(build(4 * world, num_unlabeled=3 * world, endless=True), 12)
    ranks = [
        batches(build(4, rank, world, monkeypatch, num_unlabeled=3, endless=True), 12)
        for rank in range(world)
    ]
    for step in range(12):
        together = [i for rank in ranks for i in rank[step]]
        assert key(together) == key(one[step])


def test_resume_is_the_same_stream_at_once():
    whole = batches(build(endless=True), 40)
    for start in (1, 17, 33):
        rest = batches(build(endless=True, start_iteration=start), 40 - start)
        assert [key(b) for b in rest] == [key(b) for b in whole[start:]]
    far = build(endless=True, start_iteration=2 * 10**6)
    assert len(batches(far, 2)) == 2


def test_epochs():
    sampler = build(8)  # 4 unlabelled a batch: ceil(23 / 4)
    assert sampler.epoch_length == 6 and len(sampler) == 48
    whole = batches(build(8, endless=True), 12)
    assert len(list(sampler)) == 48
    sampler.set_epoch(1)
    assert [key(b) for b in batches(sampler, 99)] == [key(b) for b in whole[6:]]
    assert build(8, round_up=False).epoch_length == 5
    assert build(8, epoch_length=11).epoch_length == 11
    sampler.endless = True
    sampler.set_epoch(0)
    assert sampler.start_iteration == 6


def test_supervised_baseline_has_only_labelled():
    dataset = SimpleNamespace(num_labeled=5, num_unlabeled=0)
    sampler = build(2, dataset=dataset)
    assert sampler.counts == (2, 0) and sampler.epoch_length == 3
    assert sorted(list(sampler)[:5]) == [0, 1, 2, 3, 4]
    # also beside an unlabelled set, with the same labelled stream
    assert build(2, num_unlabeled=0).counts == (2, 0)
    few = batches(build(2, num_unlabeled=0, endless=True), 3)
    assert [key(b) for b in few] == [
        key(b) for b in batches(build(2, dataset=dataset, endless=True), 3)
    ]


@pytest.mark.parametrize('workers', [0, 2])
def test_through_a_data_loader(workers):
    loader = DataLoader(Sized(), 4, sampler=build(4), num_workers=workers, collate_fn=list)
    expected = [[(int(i), i.seed) for i in b] for b in batches(build(4), 99)]
    assert list(loader) == expected and len(loader) == len(expected)


def test_seeded_index_survives_pickling():
    index = pickle.loads(pickle.dumps(SeededIndex(7, 2**62)))
    assert isinstance(index, int) and index == 7 and index.seed == 2**62
    assert list(range(10))[SeededIndex(3, 1)] == 3
    assert SeededIndex(3).seed is None


def test_built_as_mmengine_builds_it():
    sampler = DATA_SAMPLERS.build(
        dict(type='LabeledUnlabeledSampler', batch_size=4),
        default_args=dict(dataset=Sized(), seed=9),
    )
    assert sampler.seed == 9
    assert isinstance(build(seed=None).seed, (int, np.integer))


@pytest.mark.parametrize(
    'kwargs, words',
    [
        (dict(batch_size=60), 'more than the unlabelled set of 23'),
        (dict(batch_size=5), 'num_unlabeled'),
        (dict(batch_size=4, num_unlabeled=4), 'at least one labelled'),
        (dict(batch_size=4, num_unlabeled=-1), 'at least one labelled'),
        (dict(batch_size=0), 'positive'),
        (
            dict(
                batch_size=4,
                dataset=SimpleNamespace(num_labeled=3, num_unlabeled=0),
                num_unlabeled=2,
            ),
            'no unlabelled samples',
        ),
        (
            dict(batch_size=4, dataset=SimpleNamespace(num_labeled=0, num_unlabeled=9)),
            'no labelled samples',
        ),
        (dict(batch_size=32, round_up=False, num_unlabeled=23, epoch_length=0), 'epoch of 0'),
    ],
)
def test_errors(kwargs, words):
    with pytest.raises(ValueError, match=words):
        build(**kwargs)


def test_the_loader_tells_the_batch_size():
    loader = Runner.build_dataloader(
        dict(
            dataset=Sized(),
            batch_size=4,
            num_workers=0,
            sampler=dict(type='LabeledUnlabeledSampler'),
            batch_sampler=dict(type='MixedBatchSampler'),
            collate_fn=list,
        ),
        seed=3,
    )
    expected = [[(int(i), i.seed) for i in b] for b in batches(build(4), 99)]
    assert list(loader) == expected and len(loader) == len(expected)
    # any other sampler's batches are PyTorch's
    assert list(MixedBatchSampler(range(5), 2)) == [[0, 1], [2, 3], [4]]


def test_a_batch_without_a_size_and_one_with_two():
    sampler = build(None)
    for use in (iter, len, lambda s: s.set_epoch(1)):
        with pytest.raises(ValueError, match="add batch_sampler=dict.type='MixedBatchSampler'"):
            next(iter(use(sampler))) if use is iter else use(sampler)
    with pytest.raises(ValueError, match='batch_size is 4, that of its .* 8; .* equal'):
        MixedBatchSampler(build(8), 4)
    assert MixedBatchSampler(build(8), 8).sampler.counts == (4, 4)
    with pytest.raises(ValueError, match='batch_size 5 cannot be halved'):
        MixedBatchSampler(build(None), 5)


def shared(shares, batch_size=8, **kwargs):
    dataset = SimpleNamespace(
        num_labeled=5,
        num_unlabeled=23,
        num_labeled_sources=2,
        shares=shares,
        source_sizes=[2, 3, 23],
    )
    return build(batch_size, dataset=dataset, **kwargs)


def test_shares_compose_a_batch():
    sampler = shared([1, 1, 2], endless=True)
    assert sampler.counts == (2, 2, 4)
    assert sampler.epoch_length == 6  # one pass over the unlabelled source
    for batch in batches(sampler, 9):
        assert [sum(i < 2 for i in batch), sum(2 <= i < 5 for i in batch)] == [2, 2]
    whole = batches(shared([1, 1, 2], endless=True), 20)
    late = batches(shared([1, 1, 2], endless=True, start_iteration=13), 7)
    assert [key(b) for b in late] == [key(b) for b in whole[13:]]


def test_shares_of_one_source_a_kind_are_the_halves():
    dataset = SimpleNamespace(
        num_labeled=5, num_unlabeled=23, num_labeled_sources=1, shares=[1, 1], source_sizes=[5, 23]
    )
    one, other = build(8, dataset=dataset, endless=True), build(8, endless=True)
    assert [key(b) for b in batches(one, 9)] == [key(b) for b in batches(other, 9)]


@pytest.mark.parametrize(
    'shares, kwargs, words',
    [
        ([1, 1, 1], {}, r'2.667, 2.667, 2.667. samples; choose a batch_size'),
        ([1, 1, 99], {}, 'choose a batch_size'),
        ([1, 1, 2], dict(num_unlabeled=2), 'leave one of them out'),
        ([1, 1, 2], dict(batch_size=48), 'unlabelled source no. 0 .* more than its 23'),
    ],
)
def test_shares_that_cannot_be(shares, kwargs, words):
    with pytest.raises(ValueError, match=words):
        shared(shares, **kwargs)


def test_wrong_dataset():
    with pytest.raises(TypeError, match='needs a LabeledUnlabeledDataset'):
        LabeledUnlabeledSampler([1, 2], 2)


def test_all_ranks_count_against_the_unlabelled_set(monkeypatch):
    build(40, num_unlabeled=20)
    with pytest.raises(ValueError, match='each of 2 rank'):
        build(40, 0, 2, monkeypatch, num_unlabeled=20)


def test_groups_are_views_of_one_frame_drawn_afresh(tiny):
    _, samples, sampler, data = batch_of(tiny, num_groups=2)
    assert [s.metainfo['is_labeled'] for s in samples] == [True] * 2 + [False] * 6
    for start in (2, 5):
        group = samples[start : start + 3]
        assert len({s.metainfo['frame_id'] for s in group}) == 1
        assert len({s.metainfo['camera_id'] for s in group}) == 3
    assert len({s.metainfo['aug_seed'] for s in samples}) == 8
    assert len(data.unlabeled_groups()) == 3
    assert all(len(views) == 4 for views in data.unlabeled_groups())
    # another pass over the groups draws other views
    sampler.endless = True
    stream = iter(sampler)
    seen = {}
    for _ in range(20):
        batch = [next(stream) for _ in range(8)][2:]
        for start in (0, 3):
            chosen = batch[start : start + 3]
            frame = [
                k for k, views in enumerate(data.unlabeled_groups()) if int(chosen[0]) in views
            ][0]
            seen.setdefault(frame, set()).add(frozenset(map(int, chosen)))
    assert all(len(choices) > 1 for choices in seen.values())
    # resuming at an iteration gives the same batches
    sampler.start_iteration = 3
    late = [int(i) for _, i in zip(range(8), iter(sampler))]
    sampler.start_iteration = 0
    early = [int(i) for _, i in zip(range(32), iter(sampler))]
    assert late == early[24:]


def test_a_view_that_cannot_be_read_is_replaced_by_one_of_its_group(tiny):
    data = dataset(tiny)
    data.on_error = 'skip'
    group = data.unlabeled_groups()[1].tolist()
    prepare, bad = data.prepare_data, group[:2]

    def broken(index):
        return None if index in bad else prepare(index)

    data.prepare_data = broken
    taken = {
        tuple(
            data[SeededIndex(index, seed)]['data_samples'].metainfo[key]
            for key in ('frame_id', 'id')
        )
        for index in bad
        for seed in range(8)
    }
    expected = {
        tuple(prepare(index)['data_samples'].metainfo[key] for key in ('frame_id', 'id'))
        for index in group[2:]
    }
    assert taken == expected


def test_small_groups_repeat_views_and_single_ones_are_an_error(tiny):
    _, samples, _, _ = batch_of(tiny, num_views=6)
    cameras = [s.metainfo['camera_id'] for s in samples[2:]]
    assert sorted(set(cameras)) == sorted(set(cameras[:4])) and len(cameras) == 6
    data = dataset(tiny)
    data.datasets[1].data_list = None
    lonely = DATASETS.build(
        dict(
            type='MultiViewCocoDataset',
            data_root=tiny,
            ann_file='train.json',
            data_prefix=dict(img='images/'),
            cameras=['camera00'],
        )
    )
    data.datasets[1] = lonely
    data._lens[1] = len(lonely)
    with pytest.raises(ValueError, match='one view'):
        data.unlabeled_groups()
    for bad in (dict(num_groups=0), dict(num_views=1), dict(batch_size=3)):
        with pytest.raises(ValueError, match='LabeledGroupSampler'):
            DATA_SAMPLERS.build(
                dict(
                    dict(type='LabeledGroupSampler', batch_size=8, num_groups=1, num_views=4), **bad
                ),
                default_args=dict(dataset=data),
            )
    with pytest.raises(
        ValueError, match='holds 4 groups of views on each of 1 .* has 3; make num_groups smaller'
    ):
        batch_of(tiny, num_groups=4)


def test_shares_beside_groups_are_refused():
    """They were passed over, and labels and pseudo-labels drawn by their size."""
    dataset = SimpleNamespace(
        num_labeled=5,
        num_unlabeled=8,
        shares=[1, 1, 2],
        unlabeled_groups=lambda: [np.arange(5, 9), np.arange(9, 13)],
    )
    config = dict(type='LabeledGroupSampler', batch_size=8, num_groups=1, num_views=4, seed=0)
    with pytest.raises(ValueError, match=r'data set has shares=\[1, 1, 2\]; leave the shares out'):
        DATA_SAMPLERS.build(dict(config, dataset=dataset))
    dataset.shares = None
    assert DATA_SAMPLERS.build(dict(config, dataset=dataset)).counts == (4, 1)
