"""An experiment as a report shows it: its name, its curve, its pictures."""

import os.path as osp
import re
from functools import cached_property
from typing import Dict, List, Optional

import numpy as np

from ...datasets.format import skeleton_edges
from ...datasets.image_paths import image_path, image_to_show
from ...fileio import read_json
from ..experiment import Experiment, Metric, Missing, main_metric
from ..statistics import PoolStatistics

_SEED = re.compile(r'(?:^|[-_.])s(?:eed)?[-_]?\d+$')


def group_name(folder: str) -> str:
    """Name of a work directory without its seed; runs that share it are one curve."""
    folder = osp.abspath(folder)
    name = _SEED.sub('', osp.basename(folder))
    return name or osp.basename(osp.dirname(folder))


class ReportedExperiment(Experiment):
    """An experiment with what the report asks of it.

    Args:
        folder (str): Of the experiment.

    Attributes:
        name (str): Of its page.
        group (str): Of its curve.

    Raises:
        StateError: The folder holds no state, or a broken one.
    """

    def __init__(self, folder: str):
        super().__init__(folder)
        self.name = osp.basename(self.folder)
        if _SEED.sub('', self.name) == '':
            self.name = f'{osp.basename(osp.dirname(self.folder))}-{self.name}'
        self.group = group_name(folder)
        self._statistics: Dict[int, PoolStatistics] = {}
        self._scored: Optional[List[int]] = None

    @property
    def metric(self) -> Metric:
        return main_metric([name for row in self.rows for name in row.metrics])

    def curve(self, name: str) -> List[tuple]:
        """(labels, share, value) of the rounds that report a metric."""
        return [
            (row.labels, row.share, row.metrics[name])
            for row in self.rows
            if np.isfinite(row.metrics.get(name, np.nan))
        ]

    def scored(self) -> List[int]:
        """See :class:`Experiment`; looked at once: a report asks for each picture."""
        if self._scored is None:
            self._scored = super().scored()
        return self._scored

    @cached_property
    def images(self) -> Dict[int, dict]:
        """Id -> image of the pool's file."""
        return {image['id']: image for image in self.pool.data['images']}

    @cached_property
    def annotations(self) -> Dict[int, dict]:
        """Id -> annotation of the pool's file."""
        return {annotation['id']: annotation for annotation in self.pool.data['annotations']}

    def statistics(self, round: int) -> PoolStatistics:
        """See :class:`Experiment`; kept until :meth:`forget`."""
        if round not in self._statistics:
            self._statistics[round] = super().statistics(round)
        return self._statistics[round]

    def forget(self) -> None:
        """Let go of the score files."""
        self._statistics.clear()

    def image_file(self, name: str) -> Optional[str]:
        """Where an image of the pool lies; None where it cannot be found.

        Raises:
            Missing: It lies outside its folder, so that it is shown to nobody.
        """
        folders = [osp.dirname(self.state.content['pool']['file'])]
        folders.append(osp.join(folders[0], 'images'))
        source = 'train_dataloader.dataset.labeled.'
        prefix = self.setting(source + 'data_prefix.img', '')
        folders.insert(0, osp.join(self.setting(source + 'data_root', ''), prefix))
        folders.insert(1, osp.join(folders[1], prefix))
        for folder in folders:
            path = image_path(folder, name)
            if osp.isfile(path):
                allowed = self.setting('active_learning.annotator.image_folders', ())
                try:
                    return image_to_show(folder, name, allowed)
                except ValueError as error:
                    raise Missing(str(error)) from error
        return None

    def root(self) -> List[int]:
        """Joints whose mean is the root of poses: the strategy's, or the hips."""
        given = self.setting('active_learning.strategy.root')
        if given is not None:
            return [given] if isinstance(given, int) else list(given)
        names = [str(n).lower() for n in self.joints()]
        hips = [i for i, n in enumerate(names) if n in ('left_hip', 'right_hip')]
        return hips or [0]

    def joints(self) -> List[str]:
        """Names."""
        return list(self._category().get('keypoints') or [])

    def skeleton(self) -> List[tuple]:
        """Pairs of joint indices; COCO counts from 1."""
        return [(a - 1, b - 1) for a, b in skeleton_edges(self._category(), self.pool.path)]

    def _category(self) -> dict:
        return next(iter(self.pool.data['categories']), {})


def full_supervision(path: str, metric: Metric) -> float:
    """The metric of a fully supervised run.

    Args:
        path (str): Its work directory (the last evaluation counts), or a JSON file with
            the metric's name, at the top or under ``metrics``, and a number or a list.
        metric (Metric): Which.

    Raises:
        Missing: It is not there.
    """
    try:
        if osp.isdir(path):
            from ...visualization import read_scalars

            values = list(read_scalars(path).get(metric.name, {}).values())[-1:]
        else:
            content = read_json(path)
            values = content.get('metrics', content).get(metric.name)
            values = values if isinstance(values, list) else [values]
        values = [float(v) for v in values]
    except (OSError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise Missing(f'{path} tells no {metric.name}: {error}') from error
    if not values or not np.isfinite(values).all():
        raise Missing(f'{path} tells no {metric.name}')
    return float(np.mean(values))
