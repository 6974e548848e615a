"""What part of a network's mistakes all views of a rig share, before and after bootstrapping.

    python -m benchmarks.shared_errors CONFIG [--rows NAME=CHECKPOINT ...] [--write PAGE]

CONFIG evaluates in frames of a calibrated rig whose 3D joints are known. Of every joint all views
are triangulated alike, none left out. A view's distance to the truth then has two parts: the
distance of what the views say together to the truth, which no other view can correct, and the
distance of the view to what they say together. Rows are added to
``benchmarks/results/shared_errors.json``; one of the same name is replaced.
"""

import argparse
import copy
import os
import os.path as osp
from typing import TYPE_CHECKING, Dict, List

import numpy as np

from benchmarks import ROOT
from mmpose_al.fileio import machine, read_json, write_json

if TYPE_CHECKING:
    from mmpose_al.evaluation.mkpe import Views

RESULT = osp.join(ROOT, 'benchmarks', 'results', 'shared_errors.json')
ALL_VIEWS = 1e9  # pixels: no view is an outlier


def predicted_views(path: str, checkpoint: str, work_dir: str) -> 'Views':
    """What a network says in the validation images of a config."""
    from mmengine.evaluator import BaseMetric
    from mmengine.runner import Runner
    from mmpose.registry import METRICS

    from mmpose_al.cli.launch import read_config
    from mmpose_al.evaluation.mkpe import group_views, view_record

    found: List[Views] = []

    @METRICS.register_module(force=True)
    class KeepViews(BaseMetric):
        def process(self, data_batch, data_samples) -> None:
            self.results.extend(view_record(sample) for sample in data_samples)

        def compute_metrics(self, results: list) -> Dict[str, float]:
            found.append(group_views(results))
            return {}

    config = read_config(path)
    config.work_dir, config.load_from = work_dir, checkpoint
    config.val_evaluator = config.test_evaluator = [dict(type='KeepViews')]
    config.test_dataloader = copy.deepcopy(config.val_dataloader)
    Runner.from_cfg(config).test()
    return found[0]


def parts(views: 'Views') -> Dict[str, float]:
    """Root mean squares, over joints whose place is known and their views.

    Returns:
        dict: ``error`` of a view, ``shared`` by all views and ``own`` (a view to what they say
        together), in pixels; ``MKPE`` of what they say together, in mm; and ``joints``.
    """
    from mmpose_al.evaluation.mkpe import reprojection_residuals, triangulate_views

    known = views.truth[..., 3] > 0
    points = triangulate_views(views, threshold=ALL_VIEWS)[0]
    known &= np.isfinite(points).all(-1)
    own = reprojection_residuals(views, points)
    error = reprojection_residuals(views, views.truth[..., :3])
    millimetres = np.linalg.norm(points - views.truth[..., :3], axis=-1)[known]

    def length(vectors: np.ndarray) -> float:
        return float(np.sqrt(np.nanmean((vectors[known] ** 2).sum(-1))))

    return dict(
        error=length(error),
        shared=length(error - own),
        own=length(own),
        MKPE=float(millimetres.mean()),
        joints=int(known.sum()),
    )


def table(content: dict) -> str:
    """The table of a page, a row a network."""
    from mmpose_al.analysis.active_learning_table import table as markdown

    rows = [
        [name, *(f'{each[key]:.1f}' for key in ('error', 'shared', 'own', 'MKPE'))]
        for name, each in content['rows'].items()
    ]
    head = ['network', 'error of a view, px', 'shared by all views, px', "a view's own, px"]
    machines = sorted({each['machine'] for each in content['rows'].values()})
    return '\n\n'.join([markdown([*head, 'MKPE, mm'], rows), f'{"; ".join(machines)}.'])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config')
    parser.add_argument('--rows', nargs='+', default=[], metavar='NAME=CHECKPOINT')
    parser.add_argument('--work-dir', default='work_dirs/benchmarks/shared_errors')
    parser.add_argument('--write', metavar='PAGE', help='put the table into this page')
    args = parser.parse_args()
    content = read_json(RESULT) if os.path.exists(RESULT) else dict(rows={})
    for row in args.rows:
        name, _, checkpoint = row.partition('=')
        views = predicted_views(args.config, checkpoint, osp.join(ROOT, args.work_dir))
        found: Dict[str, object] = dict(parts(views), config=args.config, machine=machine())
        content['rows'][name] = found
        write_json(RESULT, content)
    print(table(content))
    if args.write:
        from mmpose_al.analysis.results_table import write_table

        write_table(args.write, 'shared_errors', table(content))


if __name__ == '__main__':
    main()
