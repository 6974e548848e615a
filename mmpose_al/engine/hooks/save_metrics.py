"""Metrics of a test as a file."""

import mmengine
from mmengine.hooks import Hook


class SaveMetricsHook(Hook):
    """Writes the metrics of the test to a file (json, yaml or pkl)."""

    def __init__(self, out):
        self.out = out

    def after_test_epoch(self, runner, metrics=None):
        if metrics is not None and runner.rank == 0:
            mmengine.dump(metrics, self.out)
