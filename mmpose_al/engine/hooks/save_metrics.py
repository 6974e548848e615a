"""Metrics of a test as a file."""

import os.path as osp

import mmengine
from mmengine.hooks import Hook

from ...fileio import write_bytes, write_json

ENDINGS = ('json', 'yaml', 'yml', 'pkl', 'pickle')


class SaveMetricsHook(Hook):
    """Writes the metrics of the test to a file.

    Args:
        out (str): It ends in ``.json`` (numbers that are not finite become ``null``),
            ``.yaml``, ``.yml``, ``.pkl`` or ``.pickle``.

    Raises:
        ValueError: It ends in something else.
    """

    def __init__(self, out):
        self.out, self.ending = out, osp.splitext(out)[1][1:].lower()
        if self.ending not in ENDINGS:
            raise ValueError(f'{out}: let the name end in one of .{", .".join(ENDINGS)}')

    def after_test_epoch(self, runner, metrics=None):
        """See MMEngine's Hook; rank 0 writes."""
        if metrics is None or runner.rank != 0:
            return
        if self.ending == 'json':
            write_json(self.out, metrics)
        else:
            content = mmengine.dump(metrics, file_format=self.ending)
            write_bytes(self.out, content if isinstance(content, bytes) else content.encode())
