"""Mixing labelled and unlabelled samples, with one integer as the state.

Each source (labelled, unlabelled) is an endless stream of seeded
permutations: pass p over a source of n samples is a permutation drawn from
(seed, source, p), and position i of the stream is entry ``i % n`` of pass
``i // n``. Iteration s of a run on W ranks with ``l`` labelled samples a batch
takes positions ``[s W l, (s + 1) W l)`` of the labelled stream, rank r the
r-th block of ``l`` of them; unlabelled likewise. So

* resuming at iteration s needs s alone and costs nothing,
* W ranks with batch b see in every step what one rank with batch W b sees.
"""

import hashlib
from typing import Iterator, List, NamedTuple, Optional

import numpy as np
from mmengine.dist import get_dist_info, sync_random_seed
from mmpose.registry import DATA_SAMPLERS
from torch.utils.data import Sampler


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
            ``num_unlabeled``; its labelled samples come first.
        batch_size (int): Samples a batch **on each rank**; must equal the data
            loader's ``batch_size`` (:class:`ExactResumeHook` checks it).
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

    Raises:
        ValueError: The batch cannot be composed so.
        TypeError: The dataset has no labelled and unlabelled part.
    """

    LABELED, UNLABELED = 0, 1

    def __init__(
        self,
        dataset,
        batch_size: int,
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
        self.sizes = sizes
        self.batch_size = batch_size
        self.counts = batch_composition(batch_size, num_unlabeled, sizes, self.world_size)
        if seed is None:
            seed = sync_random_seed()
        self.seed = seed
        self.round_up = round_up
        self.start_iteration = start_iteration
        self.endless = endless
        if epoch_length is None:
            source = self.UNLABELED if self.counts[1] else self.LABELED
            step = self.counts[source] * self.world_size
            epoch_length = -(-sizes[source] // step) if round_up else sizes[source] // step
        if epoch_length < 1:
            raise ValueError(
                f'LabeledUnlabeledSampler: an epoch of {epoch_length} batches; '
                'make the batch smaller, set round_up=True or epoch_length'
            )
        self.epoch_length = epoch_length

    def __iter__(self) -> Iterator[SeededIndex]:
        seed, iteration = self.seed, self.start_iteration
        end = (iteration // self.epoch_length + 1) * self.epoch_length
        passes = [_Passes(seed, source, size) for source, size in enumerate(self.sizes)]
        while self.endless or iteration < end:
            yield from self._batch(passes, seed, iteration)
            iteration += 1

    def __len__(self) -> int:
        """Samples an epoch on this rank."""
        return self.epoch_length * self.batch_size

    def set_epoch(self, epoch: int) -> None:
        """Start at an epoch; no effect on an endless sampler."""
        if not self.endless:
            self.start_iteration = epoch * self.epoch_length

    def _batch(self, passes: list, seed: int, iteration: int) -> List[SeededIndex]:
        batch = []
        for source, count in enumerate(self.counts):
            first = (iteration * self.world_size + self.rank) * count
            offset = self.sizes[0] if source == self.UNLABELED else 0
            batch += [
                SeededIndex(offset + passes[source][position], stream_seed(seed, source, position))
                for position in range(first, first + count)
            ]
        return batch


@DATA_SAMPLERS.register_module()
class LabeledGroupSampler(LabeledUnlabeledSampler):
    """Batches of labelled samples followed by groups of views (Iqbal20, App. A).

    A group is what the views of one frame show of one person; its views stand one after
    another. Each time a group comes up its views are drawn afresh; one with fewer views
    than asked for gives some of them twice, augmented differently.

    Args:
        dataset (LabeledUnlabeledDataset): Its unlabelled samples have frames.
        batch_size (int): Samples a batch on each rank, views counted singly.
        num_groups (int): Groups a batch on each rank.
        num_views (int): Views of a group.
        kwargs: As :class:`LabeledUnlabeledSampler`.

    Raises:
        ValueError: A group has one view, or the batch cannot be composed so.
    """

    def __init__(
        self, dataset, batch_size: int, num_groups: int, num_views: int = 4, **kwargs
    ) -> None:
        if num_groups < 1 or num_views < 2:
            raise ValueError(
                f'LabeledGroupSampler: num_groups is {num_groups} and '
                f'num_views {num_views}; a batch needs at least one group '
                'of two views'
            )
        num_labeled = batch_size - num_groups * num_views
        if num_labeled < 1:
            raise ValueError(
                f'LabeledGroupSampler: batch_size {batch_size} leaves {num_labeled} '
                f'labelled samples beside {num_groups} groups of {num_views} views'
            )
        self.groups = dataset.unlabeled_groups()
        ranks = get_dist_info()[1]
        if num_groups * ranks > len(self.groups):
            raise ValueError(
                f'LabeledGroupSampler: a batch holds {num_groups} groups of views on '
                f'each of {ranks} rank(s), and the unlabelled set has '
                f'{len(self.groups)}; make num_groups smaller'
            )
        self.num_views = num_views
        super().__init__(
            _Sizes(dataset.num_labeled, len(self.groups)),
            num_labeled + num_groups,
            num_groups,
            **kwargs,
        )
        self.dataset = dataset
        self.batch_size = batch_size

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
