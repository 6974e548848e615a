"""Resuming a run so that it continues as if it had never stopped.

What happens at iteration i of a run follows from (runner.seed, i, rank):

1. Before each batch is fetched and before each training step, ``random``, NumPy
   and PyTorch (CPU and GPU) are seeded from these three. No random state needs
   saving, and validating in between changes nothing.
2. :class:`LabeledUnlabeledSampler` starts at any iteration; for MMEngine's own
   samplers the indices of the past iterations are skipped, not their samples.
3. MMEngine replays the past batches of an iteration-based run
   (``IterBasedTrainLoop.run``, mmengine #1520); here the replay costs nothing.
"""

import itertools
import random
from typing import Any, Iterator, Optional

import numpy as np
import torch
from mmengine.dataset import DefaultSampler, InfiniteSampler
from mmengine.dist import broadcast_object_list, get_rank, get_world_size
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import BaseLoop, EpochBasedTrainLoop, IterBasedTrainLoop
from mmpose.registry import HOOKS
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.data import BatchSampler

from mmpose_al.datasets.labeled_unlabeled import LabeledUnlabeledDataset
from mmpose_al.datasets.samplers import (
    LabeledUnlabeledSampler,
    MixedBatchSampler,
    check_batch_size,
    stream_seed,
)

from ..run_digest import KEY, changes, run_digest
from ..weights import read_load_settings


@HOOKS.register_module()
class ExactResumeHook(Hook):
    """Make ``--resume`` exact and instant; list it in ``custom_hooks``.

    Exact in full: iteration-based runs, and epoch-based ones from a checkpoint
    of an epoch's end or its middle, with a :class:`LabeledUnlabeledDataset`
    and :class:`LabeledUnlabeledSampler` (any number of workers), or any data
    set with ``num_workers=0`` and MMEngine's ``DefaultSampler`` or
    ``InfiniteSampler``.

    Not exact, and said so in the log where it is known:

    * other data sets with ``num_workers > 0``: the order of the samples
      continues, their augmentation does not (it follows the workers' state);
    * other samplers: MMEngine replays their batches;
    * several processes with BatchNorm, but for SyncBN: each has running
      statistics of its own, the checkpoint has rank 0's;
    * a checkpoint between two steps of gradient accumulation: the gradients
      gathered so far are lost.

    In an epoch-based run resumed in the middle of an epoch the rest of that
    epoch is trained, and ``batch_idx`` counts from 0 there.

    Checkpoints hold digests of the data and the batch size. A run whose labels, unlabelled
    samples or batch size changed since is refused, unless ``load_cfg.changed`` in the config
    names them (:mod:`mmpose_al.engine.run_digest`).

    Raises:
        ValueError: The data loader's batch size is not the sampler's; the checkpoint that a
            run goes on from is of other data.
    """

    priority = 'VERY_HIGH'

    def __init__(self) -> None:
        self._seed_before_resume: Optional[int] = None
        self._seed = 0
        self._digest: Optional[dict] = None

    def before_run(self, runner) -> None:
        # Before load_or_resume, which may replace runner.seed.
        self._seed_before_resume = runner.seed

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        checkpoint['meta'][KEY] = self._digest_of(runner)

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        before = (checkpoint.get('meta') or {}).get(KEY)
        # None in a checkpoint of an older version. Only a training builds its loop before.
        if before is None or not runner._resume or not isinstance(runner._train_loop, BaseLoop):
            return
        allowed = read_load_settings(runner.cfg).changed
        for text in changes(before, self._digest_of(runner), allowed):
            print_log(f'ExactResumeHook: {text}', 'current', level=30)

    def _digest_of(self, runner) -> dict:
        if self._digest is None:
            loader = runner.train_loop.dataloader
            self._digest = run_digest(loader.dataset, batch_size_of(loader), get_world_size())
        return self._digest

    def before_train(self, runner) -> None:
        loop = runner.train_loop
        self._seed = shared_seed(runner)
        loader = loop.dataloader
        sampler = sampler_of(loader)
        if isinstance(sampler, LabeledUnlabeledSampler):
            check_batch_size(sampler, batch_size_of(loader))
        changed = self._take_seed(runner, sampler)
        if loop.iter > 0:
            warn_if_not_exact(loader, runner.model)
            warn_of_other_rate(runner.cfg, runner.optim_wrapper)
        if isinstance(loop, IterBasedTrainLoop):
            self._prepare_iterations(loop, sampler, changed)
        elif isinstance(loop, EpochBasedTrainLoop):
            self._prepare_epochs(loop, sampler)

    def before_train_epoch(self, runner) -> None:
        seed_everything(self._seed, runner.iter, 'data')

    def before_train_iter(self, runner, batch_idx: int, data_batch: Any = None) -> None:
        if data_batch is None:
            raise RuntimeError(
                'ExactResumeHook: the training loop asked for fewer past batches '
                'than there were; this MMEngine resumes in a way that the hook '
                'does not know. Remove the hook from custom_hooks.'
            )
        seed_everything(self._seed, runner.iter, 'step')

    def after_train_iter(
        self, runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        # An epoch-based loop fetches the next batch now.
        seed_everything(self._seed, runner.iter + 1, 'data')

    def _take_seed(self, runner, sampler) -> bool:
        """Give the sampler the run's seed unless its config states one."""
        seed = getattr(sampler, 'seed', None)
        if seed is None or seed == self._seed or _states_seed(runner):
            return False
        inherited = seed == self._seed_before_resume
        if not inherited and not runner._randomness_cfg.get('diff_rank_seed'):
            return False
        sampler.seed = self._seed
        return True

    def _prepare_iterations(self, loop, sampler, changed: bool) -> None:
        done = replay = loop.iter
        if isinstance(sampler, LabeledUnlabeledSampler):
            sampler.endless = True
            if done or changed or _has_drawn_all(loop.dataloader):
                sampler.start_iteration = done
                _restart(loop)
        elif (done or changed) and _can_skip(loop.dataloader):
            _restart_with_skip(loop, sampler, self._seed)
        elif done:
            print_log(
                'ExactResumeHook: cannot skip the indices of '
                f'{type(sampler).__name__}; MMEngine replays {done} batches',
                'current',
                level=30,
            )
            replay = 0
        loop.dataloader_iterator = _SeededBatches(
            loop.dataloader_iterator, self._seed, replay, replay
        )

    def _prepare_epochs(self, loop, sampler) -> None:
        length = len(loop.dataloader)
        rest = loop.iter - loop.epoch * length
        if not 0 < rest < length:
            if rest:
                print_log(
                    f'ExactResumeHook: iteration {loop.iter} does not belong to '
                    f'epoch {loop.epoch} of {length} batches (the data set or '
                    'the batch size has changed); the epoch starts afresh',
                    'current',
                    level=30,
                )
            return
        if not _can_skip(loop.dataloader):
            print_log(
                f'ExactResumeHook: epoch {loop.epoch} was stopped after {rest} of '
                f'{length} batches and starts afresh: cannot skip the indices of '
                f'{type(sampler).__name__}',
                'current',
                level=30,
            )
            return
        _skip_first(loop.dataloader, rest, self._seed, loop.iter)


class _SeededBatches:
    """Batches of an iterator, each fetched under its iteration's seed.

    The first ``replay`` calls of ``next`` return None at once: MMEngine makes
    them to walk past the batches that were trained before a resume.
    """

    def __init__(self, iterator: Iterator, seed: int, iteration: int, replay: int) -> None:
        self.iterator, self.seed = iterator, seed
        self.iteration, self.replay = iteration, replay

    def __iter__(self) -> Iterator:
        return self

    def __next__(self) -> Any:
        if self.replay:
            self.replay -= 1
            return None
        seed_everything(self.seed, self.iteration, 'data')
        self.iteration += 1
        return next(self.iterator)


class _SkippingSampler:
    """A sampler whose next iteration leaves out its first indices.

    The generators are seeded as the first index is drawn: by then the loader has
    drawn the base seed of its workers, as it had in the unbroken run.
    """

    def __init__(self, sampler, skip: int, seed: int, iteration: int, epoch: Optional[int]) -> None:
        self.sampler, self.skip, self.epoch = sampler, skip, epoch
        self.seed, self.iteration = seed, iteration

    def __iter__(self) -> Iterator:
        skip, self.skip = self.skip, 0
        if skip:
            if self.epoch is not None:
                # DistSamplerSeedHook has set that of the loop, which is 0.
                self.sampler.set_epoch(self.epoch)
            seed_everything(self.seed, self.iteration, 'data')
        yield from itertools.islice(iter(self.sampler), skip, None)

    def __len__(self) -> int:
        return len(self.sampler)

    def set_epoch(self, epoch: int) -> None:
        self.sampler.set_epoch(epoch)


# --------------------------------------------------------------------------


def seed_everything(seed: int, iteration: int, purpose: str) -> None:
    """Seed ``random``, NumPy and PyTorch (CPU, GPU) for one iteration.

    A pure function of (seed, iteration, rank, purpose); ``purpose`` is
    ``'data'`` or ``'step'``.
    """
    value = stream_seed(seed, iteration, get_rank(), ('data', 'step').index(purpose))
    random.seed(value)
    np.random.seed([value & 0xFFFFFFFF, value >> 32])
    torch.manual_seed(value)


def shared_seed(runner) -> int:
    """Rank 0's ``runner.seed`` (they differ under ``diff_rank_seed``)."""
    seeds = [runner.seed]
    broadcast_object_list(seeds)
    return seeds[0]


def sampler_of(loader):
    """Who gives the indices of a loader; beneath a batch sampler, if it has one."""
    return getattr(getattr(loader, 'batch_sampler', None), 'sampler', None) or getattr(
        loader, 'sampler', None
    )


def batch_size_of(loader) -> Optional[int]:
    """A loader's batch size, also where a batch sampler has it."""
    if loader.batch_size is not None:
        return loader.batch_size
    return getattr(loader.batch_sampler, 'batch_size', None)


def warn_of_other_rate(cfg: Any, optim_wrapper: Any) -> None:
    """Log that a learning rate of the config is without effect in a resumed run.

    Where rates are scaled by the batch, or several optimisers have them, none is compared.
    """
    section = cfg.get('optim_wrapper') or {}
    said = (section.get('optimizer') or {}).get('lr') if hasattr(section, 'get') else None
    groups = getattr(getattr(optim_wrapper, 'optimizer', None), 'param_groups', [])
    known = groups[0].get('initial_lr') if groups else None
    if said is None or known is None or (cfg.get('auto_scale_lr') or {}).get('enable'):
        return
    if section.get('paramwise_cfg') or abs(said - known) <= 1e-9 * abs(known):
        return
    print_log(
        f'ExactResumeHook: optim_wrapper.optimizer.lr is {said:g} and without effect: the run goes '
        f'on as it was, with the {known:g} of its checkpoint. For another rate begin anew with '
        'load_from',
        'current',
        level=30,
    )


def warn_if_not_exact(loader, model: torch.nn.Module) -> None:
    """Log what a resumed run will not repeat exactly."""
    if get_world_size() > 1 and has_own_statistics(model):
        print_log(
            'ExactResumeHook: every process goes on with the running statistics '
            "of rank 0's BatchNorm; their own are not in the checkpoint. "
            + sync_advice(next(model.parameters()).is_cuda),
            'current',
            level=30,
        )
    exact = loader.num_workers == 0 or (
        isinstance(loader.dataset, LabeledUnlabeledDataset)
        and isinstance(sampler_of(loader), LabeledUnlabeledSampler)
    )
    if not exact:
        print_log(
            'ExactResumeHook: the augmentation of '
            f'{type(loader.dataset).__name__} follows the random state of its '
            f'{loader.num_workers} workers, which a resume does not restore; use '
            'LabeledUnlabeledDataset with LabeledUnlabeledSampler, or '
            'num_workers=0',
            'current',
            level=30,
        )


def sync_advice(on_gpu: bool) -> str:
    """What makes the running statistics of processes equal, where the model is."""
    if on_gpu:
        return "Set sync_bn='torch' in the config and they are all the same"
    return (
        'On CPUs there is no SyncBN: train in one process, or with a norm that keeps no '
        'statistics (GroupNorm), where that matters'
    )


def has_own_statistics(model: torch.nn.Module) -> bool:
    """Whether a layer keeps statistics of the batches of its process alone."""
    return any(
        isinstance(m, _BatchNorm)
        and m.track_running_stats
        and not isinstance(m, torch.nn.SyncBatchNorm)
        for m in model.modules()
    )


def _states_seed(runner) -> bool:
    config = runner.cfg.get('train_dataloader') or {}
    sampler = config.get('sampler') if isinstance(config, dict) else None
    return isinstance(sampler, dict) and sampler.get('seed') is not None


def _can_skip(loader) -> bool:
    """Whether the sampler's order can be made again from its seed."""
    return type(loader.batch_sampler) in (BatchSampler, MixedBatchSampler) and isinstance(
        sampler_of(loader), (LabeledUnlabeledSampler, DefaultSampler, InfiniteSampler)
    )


def _has_drawn_all(loader) -> bool:
    """Whether workers may have come to the end of the pass before training begins."""
    return bool(loader.num_workers) and (loader.num_workers * loader.prefetch_factor >= len(loader))


def _skip_first(
    loader, num_batches: int, seed: int, iteration: int, epoch: Optional[int] = None
) -> None:
    """The loader's next iteration begins ``num_batches`` later."""
    loader.batch_sampler.sampler = _SkippingSampler(
        sampler_of(loader), num_batches * batch_size_of(loader), seed, iteration, epoch
    )


def _restart_with_skip(loop, sampler, seed: int) -> None:
    """Iterate an MMEngine sampler again from the loop's iteration."""
    loader, epoch, rest = loop.dataloader, 0, loop.iter
    if isinstance(sampler, InfiniteSampler):
        # Its stream began when it was made and workers have already drawn on it.
        sampler.indices = sampler._indices_of_rank()
    elif rest:
        # At the end of a pass, rather than at the start of the next: the pass
        # ends inside the fetch of a batch, as in the unbroken run.
        epoch, rest = divmod(rest - 1, len(loader))
        rest += 1
    _skip_first(loader, rest, seed, loop.iter, epoch)
    _restart(loop)
    loop.dataloader_iterator._epoch = epoch


def _restart(loop) -> None:
    """MMEngine's endless iterator, anew; the old one's workers end first."""
    kind = type(loop.dataloader_iterator)
    loop.dataloader_iterator = None
    loop.dataloader_iterator = kind(loop.dataloader)
