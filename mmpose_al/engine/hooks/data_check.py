"""Looks at a model and its training data before the first step."""

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmpose.registry import HOOKS

from mmpose_al.datasets.labeled_unlabeled import LabeledUnlabeledDataset
from mmpose_al.datasets.samplers import LabeledUnlabeledSampler
from mmpose_al.models.semi.base import UNLABELED_LINES, SemiPoseEstimator

from .exact_resume import sampler_of


@HOOKS.register_module()
class DataCheckHook(Hook):
    """Stops a training before its first step where model and data do not fit.

    - A semi-supervised estimator needs unlabelled samples in its batches.

    It looks once, at configs and sizes, and reads no sample.

    Raises:
        ValueError: Says what does not fit, and the lines of the config that would.
    """

    priority = 'HIGH'

    def before_train(self, runner) -> None:
        """See MMEngine's Hook."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        loader = runner.train_loop.dataloader
        check_unlabeled(model, loader)
        warn_of_late_start(model, runner)


def check_unlabeled(model, loader) -> None:
    """Raise ValueError where a semi-supervised estimator would see no unlabelled sample.

    Data sets and samplers of others are not judged; there the estimator itself counts.

    Args:
        model (nn.Module): The estimator.
        loader (DataLoader): Of the training.
    """
    if not isinstance(model, SemiPoseEstimator):
        return
    name, dataset, sampler = type(model).__name__, loader.dataset, sampler_of(loader)
    if isinstance(dataset, LabeledUnlabeledDataset) and not dataset.num_unlabeled:
        raise ValueError(
            f'{name} learns from labelled and unlabelled images, but '
            'train_dataloader.dataset has no `unlabeled` source. ' + UNLABELED_LINES
        )
    if not isinstance(sampler, LabeledUnlabeledSampler):
        return
    if not any(sampler.counts[sampler.num_labeled_streams :]):
        raise ValueError(
            f'{name} learns from labelled and unlabelled images, but '
            f'train_dataloader.sampler puts {sampler.num_unlabeled} unlabelled ones into a '
            'batch; leave num_unlabeled out and half of a batch is unlabelled'
        )


def warn_of_late_start(model, runner) -> None:
    """Say it where a run ends before its unlabelled images take part."""
    start, last = getattr(model, 'start', 0), runner.max_iters
    if isinstance(model, SemiPoseEstimator) and start >= last:
        runner.logger.warning(
            f'DataCheckHook: {type(model).__name__} learns from labels alone in this run: '
            f'unlabelled images take part from iteration {start} (model.start) on, and the run '
            f'has {last}.'
        )
