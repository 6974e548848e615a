"""How right is what students are taught (Yu24, Sec. 3)?

    python -m benchmarks.pseudo_targets CONFIG CHECKPOINT [--batches 20]

The two networks of CHECKPOINT, a run of ``DenoisedPoseDual``, make pseudo-heatmaps for
images whose labels the run did not have, once for each recipe:

- `easy view`: what the other network sees in the easy view, PoseDual's target;
- `easy view, redrawn`: its maximum as a Gaussian where it is above the threshold;
- `average`, `maximum`: of all views (Eq. 4);
- `..., redrawn`: and its maximum as a Gaussian (Sec. 3.2);
- `..., selected`: and of both networks the surer (Eq. 7); the config's whole recipe.

Against the labels: `taught`, the share of labelled joints that give a loss; `right`, the
share of these whose maximum is within 8 % of the input's longer side (a tenth of the
box); `error`, the mean squared difference to the label's heatmap in parts of that of an
empty heatmap: above 1, background would be nearer to the truth. Writes OUT; with
--write its table also takes the place between `<!-- table: pseudo_targets -->` and
`<!-- end -->` of a page.
"""

import argparse
import os.path as osp
from itertools import islice

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpose.registry import MODELS

from benchmarks import ROOT
from mmpose_al.analysis.results_table import write_table
from mmpose_al.apis import load_weights
from mmpose_al.fileio import write_json
from mmpose_al.geometry.heatmaps import peaks
from mmpose_al.models.semi.base import augmentation_seeds
from mmpose_al.models.semi.pseudo_heatmaps import (
    aggregate,
    threshold_and_refine,
    trusts_itself,
    uncertainty,
)
from mmpose_al.models.views import carry, easy_view

NEAR = 0.08


def recipes(model, made: list) -> dict:
    """Targets of student 0 and which joints they teach, by recipe.

    Args:
        model (DenoisedPoseDual): Threshold, σ, margin.
        made (list): Of each network: heatmaps of all views in the frame of the hard
            one (V, B, J, h, w), and the pixels that the views saw (V, B, 1, h, w).

    Returns:
        dict: Of each recipe heatmaps (B, J, h, w), and bool (B, J).
    """

    def redrawn(heatmaps, seen):
        return threshold_and_refine(heatmaps, model.threshold, True, model.sigma, seen)

    (own, own_seen), (other, seen) = made
    keep = trusts_itself(uncertainty(own, own_seen), uncertainty(other, seen), model.margin)
    everything = torch.ones(other.shape[1:3], dtype=torch.bool)
    found = {'easy view': (other[0], everything), 'easy view, redrawn': redrawn(other[0], seen[0])}
    for name, how in (('average', 'avg'), ('maximum', 'max')):
        together = aggregate(other, seen, how)
        found[name] = together, everything
        found[f'{name}, redrawn'] = target, confident = redrawn(together, seen.amax(0))
        mine = redrawn(aggregate(own, own_seen, how), own_seen.amax(0))
        found[f'{name}, redrawn, selected'] = (
            torch.where(keep[..., None, None], mine[0], target),
            torch.where(keep, mine[1], confident),
        )
    return found


@torch.no_grad()
def measure(model, batches) -> dict:
    """Share taught, share right and error of each recipe; see the head of the file.

    Args:
        model (DenoisedPoseDual): In training mode.
        batches (Iterable): Of a loader for training whose unlabelled images have labels.
    """
    sums: dict = {}
    for batch in batches:
        data = model.data_preprocessor(batch, True)
        free = [
            i for i, sample in enumerate(data['data_samples']) if not sample.metainfo['is_labeled']
        ]
        samples = [data['data_samples'][i] for i in free]
        images, seeds = data['inputs'][free], augmentation_seeds(samples)
        hard = model.hard_view.sample(seeds, (images.shape[-1], images.shape[-2]), images)
        flips = samples[0].metainfo['flip_indices']
        views = model.views(images, hard, seeds)
        made = [model.candidates(network, images, hard, views, flips)[:2] for network in (0, 1)]
        truth = torch.stack([sample.gt_fields.heatmaps for sample in samples])
        truth, mask = carry(truth, easy_view(len(free), images), hard, model.scale_factor, flips)
        known = (
            torch.cat([torch.as_tensor(s.gt_instance_labels.keypoint_weights) for s in samples]) > 0
        )
        place, height = peaks(truth * mask)
        known &= height > 0.5  # in the hard view
        scale = torch.linalg.det(hard.matrix[:, :, :2]).abs().sqrt()
        near = NEAR * max(truth.shape[-2:]) * scale[:, None]
        empty = (truth**2 * mask).mean((-2, -1))
        for name, (target, taught) in recipes(model, made).items():
            taught = taught & known
            found, _ = peaks(target * mask)
            right = ((found - place).norm(dim=-1) <= near) & taught
            error = ((target - truth) ** 2 * mask).mean((-2, -1))
            now = torch.stack(
                [known.sum(), taught.sum(), right.sum(), error[taught].sum(), empty[taught].sum()]
            ).double()
            sums[name] = sums.get(name, 0) + now
    return {
        name: dict(
            taught=(taught / known).item(),
            right=(right / taught).item(),
            error=(error / empty).item(),
        )
        for name, (known, taught, right, error, empty) in sums.items()
    }


def table(report: dict) -> str:
    """Markdown of a result file."""
    lines = ['| target | joints taught | of these right | error |', '| --- | --- | --- | --- |']
    lines += [
        f'| {name} | {row["taught"]:.0%} | {row["right"]:.0%} | {row["error"]:.2f} |'
        for name, row in report['rows'].items()
    ]
    return '\n'.join(
        lines + ['', f'{osp.basename(report["config"])}, {report["batches"]} batches.']
    )


if __name__ == '__main__':
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config')
    parser.add_argument('checkpoint')
    parser.add_argument('--batches', type=int, default=20)
    parser.add_argument(
        '--out', default=osp.join(ROOT, 'benchmarks', 'results', 'pseudo_targets.json')
    )
    parser.add_argument('--write', metavar='PAGE', help='put the table into this page')
    args = parser.parse_args()
    config = Config.fromfile(args.config)
    init_default_scope('mmpose')
    model = MODELS.build(config.model)
    load_weights(model, args.checkpoint)
    loader = Runner.build_dataloader(config.train_dataloader, seed=0)
    values = measure(model, islice(loader, args.batches))
    report = dict(config=osp.relpath(args.config, ROOT), batches=args.batches, rows=values)
    print(table(report))
    write_json(args.out, report)
    if args.write:
        write_table(args.write, 'pseudo_targets', table(report))
