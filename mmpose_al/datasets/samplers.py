"""Mixing labelled and unlabelled samples, with one integer as the state.

Each source (labelled, unlabelled) is an endless stream of seeded
permutations: pass p over a source of n samples is a permutation drawn from
(seed, source, p), and position i of the stream is entry ``i % n`` of pass
``i // n``. Iteration s of a run on W ranks with ``l`` labelled samples a batch
takes positions ``[s W l, (s + 1) W l)`` of the labelled stream, rank r the
r-th block of ``l`` of them; unlabelled likewise. So

* resuming at iteration s needs s alone and costs nothing,
* W ranks with batch b see in every step what one rank with batch W b sees.

With ``shares`` of the data set every source is a stream of its own, in the same way.
"""

import hashlib
from typing import Iterator, List, NamedTuple, Optional, Sequence

import numpy as np
from mmengine.dist import get_dist_info, sync_random_seed
from mmpose.registry import DATA_SAMPLERS
from torch.utils.data import BatchSampler, Sampler


class SeededIndex(int):
    """A sample index that carries its augmentation seed.

    Attributes:
        seed (int | None): In [0, 2**63), a function of the sampler's seed and
            the sample's position in the global stream, hence independent of
            rank, worker and resume.
    """

    def __new__(cls, value: int, seed: Optional[int] = None) -> 'SeededIndex':
        index = super().__new__(cls, value)
        index.seed = seed
        return index

    def __getnewargs__(self) -> tuple:
        return int(self), self.seed


@DATA_SAMPLERS.register_module()
class LabeledUnlabeledSampler(Sampler):
    """Batches of labelled samples followed by unlabelled ones.

    Args:
        dataset (LabeledUnlabeledDataset): Has ``num_labeled`` and
            ``num_unlabeled``; its labelled samples come first. Where it has ``shares``,
            they compose the batch.
        batch_size (int, optional): Samples a batch **on each rank**. Default: the data
            loader's, which ``batch_sampler=dict(type='MixedBatchSampler')`` takes over;
            where both are given they must be equal.
        num_unlabeled (int, optional): How many of them are unlabelled. Default:
            half, or 0 if the dataset has no unlabelled samples.
        seed (int, optional): Default: one random seed for all ranks.
        round_up (bool): Whether a last, incomplete batch of an epoch is filled
            from the next pass (True) or left to the next epoch (False).
        epoch_length (int, optional): Batches an epoch. Default: one pass over
            the unlabelled samples (or the labelled, where there are none).
        start_iteration (int): The first iteration to yield; the only state.
        endless (bool): Whether to go on after the end of the epoch, as an
            iteration-based loop wants it. :class:`ExactResumeHook` sets it.

    Attributes:
        sizes (tuple[int]): Samples of each stream: labelled and unlabelled or, with
            shares, each source's, the labelled ones first.
        counts (tuple[int]): How many of each a rank's batch has; None before the batch
            size is set.

    Raises:
        ValueError: The batch cannot be composed so, or it has no size.
        TypeError: The dataset has no labelled and unlabelled part.
    """

    LABELED, UNLABELED = 0, 1

    def __init__(
        self,
        dataset,
        batch_size: Optional[int] = None,
        num_unlabeled: Optional[int] = None,
        seed: Optional[int] = None,
        round_up: bool = True,
        epoch_length: Optional[int] = None,
        start_iteration: int = 0,
        endless: bool = False,
    ) -> None:
        self.rank, self.world_size = get_dist_info()
        try:
            sizes = (dataset.num_labeled, dataset.num_unlabeled)
        except AttributeError:
            raise TypeError(
                'LabeledUnlabeledSampler needs a LabeledUnlabeledDataset, got '
                f'{type(dataset).__name__}'
            ) from None
        self.dataset = dataset
        self.shares = getattr(dataset, 'shares', None)
        self.sizes = sizes if self.shares is None else tuple(dataset.source_sizes)
        self.num_labeled_streams = 1 if self.shares is None else dataset.num_labeled_sources
        if self.shares is not None and num_unlabeled is not None:
            raise ValueError(
                f'LabeledUnlabeledSampler: num_unlabeled is {num_unlabeled}, and the data set '
                f'has shares={list(self.shares)}; leave one of them out'
            )
        self.num_unlabeled = num_unlabeled
        self.seed = sync_random_seed() if seed is None else seed
        self.round_up = round_up
        self.start_iteration = start_iteration
        self.endless = endless
        self._epoch_length = epoch_length
        self.batch_size: Optional[int] = None
        self.counts: Optional[tuple] = None
        if batch_size is not None:
            self.set_batch_size(batch_size)

    def set_batch_size(self, batch_size: int) -> None:
        """Compose batches of a size; once set, it does not change.

        Raises:
            ValueError: It has another one, or the batch cannot be composed so.
        """
        if self.batch_size is not None:
            check_batch_size(self, batch_size)
            return
        self.counts = self._composition(batch_size)
        self.batch_size = batch_size
        self.epoch_length = self._batches_an_epoch()

    def _composition(self, batch_size: int) -> tuple:
        if self.shares is None:
            return batch_composition(batch_size, self.num_unlabeled, self.sizes, self.world_size)
        return shared_composition(
            batch_size, self.shares, self.sizes, self.num_labeled_streams, self.world_size
        )

    def _batches_an_epoch(self) -> int:
        length = self._epoch_length
        if length is None:
            labeled = self.num_labeled_streams
            streams = list(zip(self.sizes, self.counts))
            ends = [
                -(-size // (count * self.world_size))
                if self.round_up
                else size // (count * self.world_size)
                for size, count in (streams[labeled:] if any(self.counts[labeled:]) else streams)
                if count
            ]
            length = max(ends)
        if length < 1:
            raise ValueError(
                f'LabeledUnlabeledSampler: an epoch of {length} batches; '
                'make the batch smaller, set round_up=True or epoch_length'
            )
        return length

    def _check_ready(self) -> None:
        if self.batch_size is None:
            raise ValueError(
                f'train_dataloader.sampler: a {type(self).__name__} without batch_size; add '
                "batch_sampler=dict(type='MixedBatchSampler') to train_dataloader, and its "
                'batch_size is the one place for that number'
            )

    def __iter__(self) -> Iterator[SeededIndex]:
        self._check_ready()
        seed, iteration = self.seed, self.start_iteration
        end = (iteration // self.epoch_length + 1) * self.epoch_length
        passes = [_Passes(seed, source, size) for source, size in enumerate(self.sizes)]
        while self.endless or iteration < end:
            yield from self._batch(passes, seed, iteration)
            iteration += 1

    def __len__(self) -> int:
        """Samples an epoch on this rank."""
        self._check_ready()
        return self.epoch_length * self.batch_size

    def set_epoch(self, epoch: int) -> None:
        """Start at an epoch; no effect on an endless sampler."""
        if not self.endless:
            self._check_ready()
            self.start_iteration = epoch * self.epoch_length

    def _batch(self, passes: list, seed: int, iteration: int) -> List[SeededIndex]:
        batch: List[SeededIndex] = []
        offset = 0
        for source, count in enumerate(self.counts):
            first = (iteration * self.world_size + self.rank) * count
            batch += [
                SeededIndex(offset + passes[source][position], stream_seed(seed, source, position))
                for position in range(first, first + count)
            ]
            offset += self.sizes[source]
        return batch


@DATA_SAMPLERS.register_module()
class MixedBatchSampler(BatchSampler):
    """Batches of the data loader's ``batch_size``, which the sampler is told.

    So a config states the size of a batch once, as ``train_dataloader.batch_size``::

        train_dataloader = dict(
            batch_size=64,
            sampler=dict(type='LabeledUnlabeledSampler'),
            batch_sampler=dict(type='MixedBatchSampler'),
            dataset=dict(type='LabeledUnlabeledDataset', labeled=..., unlabeled=...))

    MMEngine builds it so: a batch sampler gets ``sampler`` and ``batch_size``, a sampler
    does not. With any other sampler this is PyTorch's own ``BatchSampler``. ``drop_last`` is
    an argument of this class then, not of the data loader.

    Args:
        sampler (Sampler): Of single indices.
        batch_size (int): Samples a batch on each rank.
        drop_last (bool): As PyTorch's.

    Raises:
        ValueError: The sampler states another batch size, or cannot compose such a batch.
    """

    def __init__(self, sampler: Sampler, batch_size: int, drop_last: bool = False) -> None:
        if isinstance(sampler, LabeledUnlabeledSampler):
            sampler.set_batch_size(batch_size)
        super().__init__(sampler, batch_size, drop_last)


@DATA_SAMPLERS.register_module()
class LabeledGroupSampler(LabeledUnlabeledSampler):
    """Batches of labelled samples followed by groups of views (Iqbal20, App. A).

    A group is what the views of one frame show of one person; its views stand one after
    another. Each time a group comes up its views are drawn afresh; one with fewer views
    than asked for gives some of them twice, augmented differently.

    Args:
        dataset (LabeledUnlabeledDataset): Its unlabelled samples have frames.
        batch_size (int, optional): Samples a batch on each rank, views counted singly; see
            :class:`LabeledUnlabeledSampler`.
        num_groups (int): Groups a batch on each rank.
        num_views (int): Views of a group.
        kwargs: As :class:`LabeledUnlabeledSampler`.

    Raises:
        ValueError: A group has one view, the data set has ``shares``, or the batch cannot be
            composed so.
    """

    def __init__(
        self,
        dataset,
        batch_size: Optional[int] = None,
        num_groups: int = 0,
        num_views: int = 4,
        **kwargs,
    ) -> None:
        if num_groups < 1 or num_views < 2:
            raise ValueError(
                f'LabeledGroupSampler: num_groups is {num_groups} and '
                f'num_views {num_views}; a batch needs at least one group '
                'of two views'
            )
        if getattr(dataset, 'shares', None) is not None:
            raise ValueError(
                f'LabeledGroupSampler: num_groups={num_groups} and num_views={num_views} say what '
                f'of a batch is unlabelled, and the data set has shares={list(dataset.shares)}; '
                'leave the shares out, and labelled sources are drawn by their size'
            )
        if batch_size is not None:
            self._num_labeled(batch_size, num_groups, num_views)
        self.groups = dataset.unlabeled_groups()
        ranks = get_dist_info()[1]
        if num_groups * ranks > len(self.groups):
            raise ValueError(
                f'LabeledGroupSampler: a batch holds {num_groups} groups of views on '
                f'each of {ranks} rank(s), and the unlabelled set has '
                f'{len(self.groups)}; make num_groups smaller'
            )
        self.num_views = num_views
        sizes = _Sizes(dataset.num_labeled, len(self.groups))
        super().__init__(sizes, batch_size, num_groups, **kwargs)
        self.dataset = dataset

    def _composition(self, batch_size: int) -> tuple:
        num_groups = self.num_unlabeled
        num_labeled = self._num_labeled(batch_size, num_groups, self.num_views)
        return batch_composition(num_labeled + num_groups, num_groups, self.sizes, self.world_size)

    @staticmethod
    def _num_labeled(batch_size: int, num_groups: int, num_views: int) -> int:
        number = batch_size - num_groups * num_views
        if number < 1:
            raise ValueError(
                f'LabeledGroupSampler: batch_size {batch_size} leaves {number} '
                f'labelled samples beside {num_groups} groups of {num_views} views'
            )
        return number

    def _batch(self, passes: list, seed: int, iteration: int) -> List[SeededIndex]:
        batch = []
        for source, count in enumerate(self.counts):
            first = (iteration * self.world_size + self.rank) * count
            for position in range(first, first + count):
                index = passes[source][position]
                if source == self.LABELED:
                    batch.append(SeededIndex(index, stream_seed(seed, source, position)))
                    continue
                views = self.groups[index]
                order = permutation(len(views), seed, source, position)
                batch += [
                    SeededIndex(
                        int(views[order[view % len(views)]]),
                        stream_seed(seed, source, position, view),
                    )
                    for view in range(self.num_views)
                ]
        return batch


class _Sizes(NamedTuple):
    """What a sampler asks a data set for."""

    num_labeled: int
    num_unlabeled: int


class _Passes:
    """The stream of one source; keeps the permutation of the current pass."""

    def __init__(self, seed: int, source: int, size: int) -> None:
        self.key, self.size = (seed, source), size
        self.number, self.order = None, None

    def __getitem__(self, position: int) -> int:
        number, offset = divmod(position, self.size)
        if number != self.number:
            self.number = number
            self.order = permutation(self.size, *self.key, number)
        return int(self.order[offset])


def batch_composition(
    batch_size: int, num_unlabeled: Optional[int], sizes: tuple, world_size: int
) -> tuple:
    """Labelled and unlabelled samples a rank's batch.

    Args:
        batch_size (int): Samples a batch on each rank.
        num_unlabeled (int, optional): Wanted unlabelled ones; None: half.
        sizes (tuple): Number of labelled and unlabelled samples there are.
        world_size (int): Number of ranks.
    """
    name = 'LabeledUnlabeledSampler'
    if not (isinstance(batch_size, int) and batch_size > 0):
        raise ValueError(f'{name}: batch_size is {batch_size!r}, not a positive integer')
    if num_unlabeled is None:
        if sizes[1] and batch_size % 2:
            raise ValueError(
                f'{name}: batch_size {batch_size} cannot be halved; state num_unlabeled'
            )
        num_unlabeled = batch_size // 2 if sizes[1] else 0
    if not 0 <= num_unlabeled < batch_size:
        raise ValueError(
            f'{name}: num_unlabeled is {num_unlabeled} of batch_size '
            f'{batch_size}; it must leave at least one labelled sample'
        )
    if num_unlabeled and not sizes[1]:
        raise ValueError(
            f'{name}: num_unlabeled is {num_unlabeled}, but the dataset has no '
            'unlabelled samples; give it an unlabelled set or set '
            'num_unlabeled=0'
        )
    if num_unlabeled * world_size > sizes[1]:
        raise ValueError(
            f'{name}: a batch holds {num_unlabeled} unlabelled samples on each '
            f'of {world_size} rank(s), more than the unlabelled set of '
            f'{sizes[1]}; make num_unlabeled or batch_size smaller'
        )
    if not sizes[0]:
        raise ValueError(f'{name}: the dataset has no labelled samples')
    return batch_size - num_unlabeled, num_unlabeled


def shared_composition(
    batch_size: int, shares: Sequence[float], sizes: tuple, num_labeled: int, world_size: int
) -> tuple:
    """Samples of each source in a rank's batch, by the sources' shares.

    Args:
        batch_size (int): Samples a batch on each rank.
        shares (Sequence[float]): One number above 0 a source.
        sizes (tuple): Samples of each source.
        num_labeled (int): How many sources, the first ones, are labelled.
        world_size (int): Number of ranks.

    Raises:
        ValueError: A share gives no whole number of samples, or more than an unlabelled
            source has.
    """
    name, total = 'LabeledUnlabeledSampler', sum(shares)
    if not (isinstance(batch_size, int) and batch_size > 0):
        raise ValueError(f'{name}: batch_size is {batch_size!r}, not a positive integer')
    exact = [batch_size * share / total for share in shares]
    counts = tuple(round(count) for count in exact)
    if min(counts) < 1 or any(abs(a - b) > 1e-6 for a, b in zip(exact, counts)):
        raise ValueError(
            f'{name}: shares={list(shares)} of batch_size {batch_size} are '
            f'{[round(count, 3) for count in exact]} samples; choose a batch_size of which '
            'each source gets a whole number'
        )
    for source, (count, size) in enumerate(zip(counts, sizes)):
        if source >= num_labeled and count * world_size > size:
            raise ValueError(
                f'{name}: a batch holds {count} samples of unlabelled source no. '
                f'{source - num_labeled} on each of {world_size} rank(s), more than its '
                f'{size}; make batch_size or its share smaller'
            )
    return counts


def check_batch_size(sampler: LabeledUnlabeledSampler, batch_size: int) -> None:
    """Raise ValueError unless a loader cuts batches where its sampler does."""
    if batch_size != sampler.batch_size:
        raise ValueError(
            f'train_dataloader: batch_size is {batch_size}, that of its '
            f'{type(sampler).__name__} {sampler.batch_size}; they must be equal, '
            "or the labelled and unlabelled samples fall into other batches. Leave the sampler's "
            "out and add batch_sampler=dict(type='MixedBatchSampler')"
        )


def permutation(size: int, *key: int) -> np.ndarray:
    """Permutation of ``range(size)``, a function of the integers ``key``.

    NumPy guarantees the stream of the legacy ``RandomState`` across versions.
    """
    bits = np.random.MT19937(np.random.SeedSequence(key))
    return np.random.RandomState(bits).permutation(size)


def stream_seed(*key: int) -> int:
    """A seed in [0, 2**63), a function of the integers ``key``."""
    text = '/'.join(str(int(part)) for part in key)
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, 'little') >> 1
