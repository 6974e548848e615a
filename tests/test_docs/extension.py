"""A page's example as a user has it: its files in a folder of their own, and a training."""

import os.path as osp
import sys
from contextlib import contextmanager

import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from mmpose_al.config_files import PACKAGE, PREFIX, config_folder
from mmpose_al.synthetic.benchmark import write_benchmark
from tests.test_docs.pages import blocks

# Two steps in a few seconds, all images from the first one on
SHORT = {
    'train_cfg.max_iters': 2,
    'train_cfg.val_interval': 2,
    'train_dataloader.batch_size': 4,
    'train_dataloader.dataset.labeled.labels.num': 8,
    'train_dataloader.dataset.unlabeled.labels.num': 8,
    'default_hooks.logger.interval': 1,
    'model.start': 0,
}


def python_blocks(page):
    """The Python blocks of a page: the file that it adds, and the config."""
    code, config = (block.text for block in blocks(page) if block.language == 'python')
    return code, config


@contextmanager
def written(page, name, folder, registry, kind):
    """The page's files, ``name.py`` and ``name_config.py``, in a folder that Python finds.

    Args:
        page (str): Relative to the repository's root.
        name (str): Of the file.
        folder (Path): Where they are written.
        registry (Registry): What the file registers in; afterwards it is as before.
        kind (str): The type that it registers.

    Yields:
        str: Path of the config.
    """
    code, config = python_blocks(page)
    (folder / f'{name}.py').write_text(code)
    path = folder / f'{name}_config.py'
    if not osp.isdir(osp.join(PACKAGE, '.mim')):  # a checkout that was never installed
        config = config.replace(PREFIX, config_folder() + '/')
    path.write_text(config)
    assert kind not in registry.module_dict, 'the page is about something new'
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        try:
            yield str(path)
        finally:
            sys.modules.pop(name, None)
            registry.module_dict.pop(kind, None)


def train(path, folder):
    """Train two steps of a config on a tiny data set, as MMPose's ``tools/train.py`` does.

    Returns:
        Runner: After training.
    """
    data = str(folder / 'data')
    write_benchmark(data, 'tiny', workers=1, progress=False)
    config = Config.fromfile(path)
    options = dict(SHORT)
    for key in (
        'train_dataloader.dataset.labeled',
        'train_dataloader.dataset.unlabeled',
        'val_dataloader.dataset',
        'test_dataloader.dataset',
    ):
        options[f'{key}.data_root'] = data
    config.merge_from_dict(options)
    config.work_dir = osp.join(str(folder), 'run')
    runner = Runner.from_cfg(config)
    runner.train()
    assert runner.iter == 2
    return runner
