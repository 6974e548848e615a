"""What to train on a project here, why, and what its data lack.

    mmpose-al recommend PROJECT

Method, size of the input, batch, steps and time follow from the labels, the boxes and this
machine, by rules that are stated with each line. A few steps of the project's network are
run to tell the time. Nothing is written.
"""

import argparse
import os
import os.path as osp
import time
from typing import TYPE_CHECKING, List

if TYPE_CHECKING:
    from mmengine.config import Config

    from ..projects.advice import Machine, Pace

HELP = 'what to train on a project here, why, and what its data lack'
IMAGES = 4  # of a measured step


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('project', help='folder that `mmpose-al new` made')


def run(args: argparse.Namespace) -> int:
    from ..command_line import command_line
    from ..datasets import load_multiview
    from ..projects import advice, labels, open_project
    from .launch import read_config

    labels.take_left(args.project)
    project = open_project(args.project)
    val = osp.join(project.folder, 'val.json')
    held = load_multiview(val) if osp.isfile(val) else None
    data = advice.describe_data(load_multiview(project.pool), held)
    cfg = read_config(osp.join(project.folder, 'configs', 'data.py'))
    pace = measure(cfg)
    chosen = advice.recommend(data, this_machine(), pace)
    print(f'{args.project}: {data.labeled} people with labels, {data.unlabeled} without')
    for row in chosen.rows:
        print(f'  {row.what:<7} {row.value}\n          {row.reason}')
    missing = advice.lacks(data)
    print(
        '\nWhat the data lack:' if missing else '\nThe data lack nothing that is looked for here.'
    )
    for line in missing:
        print(f'  - {line}')
    lines = advice.config_lines(chosen, pace.size)
    if lines:
        print(f'\nFor that, {osp.join(args.project, "configs", "data.py")} needs:')
        for line in lines:
            print(f'  {line}')
    print('\nThen:')
    for words in commands(args.project, chosen.method, chosen.batch):
        print(f'  {command_line(*words)}')
    return 0


def commands(project: str, method: str, batch: int) -> List[tuple]:
    """Words of the commands that train a method's networks, with so many labels a batch."""
    from ..projects.config_text import bootstrap_words

    if method != 'bootstrap':
        return [('train', f'{project}/configs/{method}.py')]
    return [('train', f'{project}/configs/supervised.py'), *bootstrap_words(project, 2 * batch)]


def this_machine() -> 'Machine':
    """This one."""
    import torch

    from ..projects.advice import Machine

    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()
    if torch.cuda.is_available():
        gpu = torch.cuda.get_device_properties(0)
        return Machine(cores or 1, gpu.total_memory / 2**30, gpu.name)
    try:
        memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30
    except (AttributeError, ValueError, OSError):  # Windows does not tell
        memory = float('inf')
    return Machine(cores or 1, memory)


def measure(cfg: 'Config') -> 'Pace':
    """Train a project's network on noise for three steps; the fastest counts."""
    import copy

    import torch
    from mmengine.registry import init_default_scope
    from mmpose.registry import MODELS

    from ..models.passes import passes_per_step
    from ..projects.advice import BATCH, Pace

    init_default_scope('mmpose')
    network = copy.deepcopy(cfg['model'])
    network.backbone.pretrained = False  # time does not depend on weights
    dual = MODELS.build(dict(type='PoseDual', backbone=dict(), students=network))
    model = dual.students[0]
    cost = passes_per_step(dual, BATCH, BATCH).forwards / passes_per_step(model, BATCH, 0).forwards
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    model.to(device).train()
    size = int(cfg.codec.input_size[0])
    images = torch.rand(IMAGES, 3, size, size, device=device)
    best = float('inf')
    for _ in range(3):
        start = time.perf_counter()
        model.head(model.extract_feat(images)).square().mean().backward()
        if device == 'cuda':
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - start)
    return Pace(best / IMAGES, size, cost)
