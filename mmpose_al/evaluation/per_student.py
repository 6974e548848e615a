"""One metric for each network, their mean and the ensemble, in one pass."""

import re
from typing import Dict, Sequence

from mmengine.evaluator import BaseMetric
from mmpose.registry import METRICS

_STUDENT = re.compile(r'pred_instances_(student\d+)$')


@METRICS.register_module()
class PerStudentMetric(BaseMetric):
    """Wraps any MMPose metric for estimators with one or more students.

    For an estimator with students it reports the inner metric under ``student0/``,
    ``student1/``, ..., ``mean/`` (of the students, what Xie21 reports), ``ensemble/``,
    and once more without a prefix: the mean, so that ``save_best='coco/AP'`` means the
    same for every config. For an ordinary estimator it is the inner metric.

    Args:
        metric (dict): Config of the inner metric. Files that it writes under an
            ``outfile_prefix`` are the ensemble's; those of a student add its name, as
            in ``results_student0.keypoints.json``.
    """

    def __init__(self, metric: dict):
        super().__init__()
        self.metric = metric
        self.inner = {'ensemble': METRICS.build(metric)}

    @property
    def dataset_meta(self):
        """Meta information of the data set; the inner metrics get it too."""
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, meta: dict) -> None:
        self._dataset_meta = meta
        for metric in self.inner.values():
            metric.dataset_meta = meta

    def process(self, data_batch, data_samples: Sequence[dict]) -> None:
        """Hand a batch to each inner metric, as if its network stood alone."""
        names = {}
        for key in data_samples[0]:
            match = _STUDENT.match(key)
            if match:
                names[match.group(1)] = key
        for name in names:
            if name not in self.inner:
                self.inner[name] = METRICS.build(_of_student(self.metric, name))
                self.inner[name].dataset_meta = self.dataset_meta
        self.inner['ensemble'].process(data_batch, data_samples)
        for name, key in names.items():
            self.inner[name].process(
                data_batch, [dict(s, pred_instances=s[key]) for s in data_samples]
            )

    def compute_metrics(self, results: list) -> dict:
        """The inner metrics do this."""
        raise NotImplementedError

    def evaluate(self, size: int) -> Dict[str, float]:
        """All values, see the class."""
        values = {name: metric.evaluate(size) for name, metric in self.inner.items()}
        students = [values[name] for name in sorted(values) if name != 'ensemble']
        if not students:
            return values['ensemble']
        mean = {
            key: sum(student[key] for student in students) / len(students) for key in students[0]
        }
        values['mean'] = mean
        report = dict(mean)
        for name in sorted(values):
            report.update({f'{name}/{key}': v for key, v in values[name].items()})
        return report


def _of_student(metric: dict, name: str) -> dict:
    """A metric's config (or of the metric it wraps) with the student's own files."""
    metric = dict(metric)
    if metric.get('outfile_prefix') is not None:
        metric['outfile_prefix'] += f'_{name}'
    if 'metric' in metric:
        metric['metric'] = _of_student(metric['metric'], name)
    return metric
