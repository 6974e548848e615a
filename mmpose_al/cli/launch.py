"""What ``train`` and ``test`` share: MMPose's arguments, the config, the Runner."""

import argparse
import glob
import os
import os.path as osp
from typing import TYPE_CHECKING, Any, Iterator, Mapping, Optional, Tuple

from .errors import CommandError, UsageError
from .options import add_cfg_options, positive

if TYPE_CHECKING:
    from mmengine.config import Config
    from mmengine.runner import Runner

# Keys of configs that are read where they are there, by MMEngine's Runner and by this package.
RUNNER_KEYS = [
    'active_learning',
    'auto_scale_lr',
    'custom_hooks',
    'custom_imports',
    'default_hooks',
    'default_scope',
    'env_cfg',
    'experiment_name',
    'launcher',
    'load_cfg',
    'load_from',
    'log_level',
    'log_processor',
    'model',
    'model_wrapper_cfg',
    'optim_wrapper',
    'param_scheduler',
    'preprocess_cfg',
    'randomness',
    'resume',
    'runner_type',
    'test_cfg',
    'test_dataloader',
    'test_evaluator',
    'train_cfg',
    'train_dataloader',
    'val_cfg',
    'val_dataloader',
    'val_evaluator',
    'visualizer',
    'work_dir',
]
CONFIGS = ('.py', '.yml', '.yaml', '.json')  # that MMEngine reads


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that MMPose's train and test scripts have in common."""
    parser.add_argument(
        '--work-dir',
        help='folder of logs, checkpoints and results; default: the '
        "config's work_dir, else work_dirs/<name of the config>",
    )
    parser.add_argument('--show-dir', help='folder that drawn predictions are written to')
    parser.add_argument('--show', action='store_true', help='show drawn predictions in a window')
    parser.add_argument('--interval', type=positive, default=1, help='draw every n-th sample')
    parser.add_argument('--wait-time', type=float, default=1, help='seconds that a window stays')
    add_cfg_options(parser)
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='what started the processes',
    )
    parser.add_argument(
        '--local_rank',
        '--local-rank',
        type=int,
        default=0,
        help='given by torch.distributed.launch',
    )


def read_config(name: str) -> 'Config':
    """Register all types and read a config, from its path or its name in the package.

    Raises:
        CommandError: There is no such config, it is a folder or no Python; or a training wrote
            it, and it has changed since.
    """
    from mmengine.config import Config

    from .. import register
    from ..config_files import config_path
    from ..fileio import FileError, check_checksum

    inside = glob.glob(osp.join(glob.escape(name), 'configs', '*.py'))
    if osp.isdir(name):
        known = f'; the configs in it are {", ".join(sorted(inside))}' if inside else ''
        raise CommandError(f'{name}: is a folder. Name a config{known}')
    try:
        path = config_path(name)
    except FileNotFoundError as error:
        raise CommandError(str(error)) from None
    if not path.endswith(CONFIGS):
        raise CommandError(f'{path}: is no config, which ends in {" ".join(CONFIGS)}')
    try:
        check_checksum(path)
    except FileError as error:
        raise CommandError(str(error)) from None
    register()
    try:
        return Config.fromfile(path)
    except SyntaxError as error:
        wrong = config_at_fault(path, error)
        raise CommandError(f'{wrong}: {syntax_fault(wrong, error)}') from None


def config_at_fault(path: str, error: SyntaxError) -> str:
    """The config that Python cannot read: this one, or one that it inherits from.

    MMEngine does not name it, but has it at hand where it reads it.
    """
    trace, found = error.__traceback__, path
    while trace is not None:
        scope = trace.tb_frame.f_locals
        if trace.tb_frame.f_globals.get('__name__') == 'mmengine.config.config':
            found = scope.get('filename') or found
        trace = trace.tb_next
    same = osp.realpath(found) == osp.realpath(path)
    return path if same or not osp.isfile(found) else osp.normpath(found)


def syntax_fault(path: str, error: SyntaxError) -> str:
    """What is wrong with a config that Python cannot read."""
    with open(path, 'rb') as file:
        start = file.read(3)
    if start.startswith((b'\xef\xbb\xbf', b'\xff\xfe', b'\xfe\xff')):
        return 'begins with a byte order mark; save it as UTF-8 without one'
    return f'is no Python: line {error.lineno}: {error.msg}'


def check_not_read(cfg: 'Config', *paths: Optional[str]) -> None:
    """Raise a UsageError where a file to write is one that a config reads.

    Args:
        cfg (Config): Annotation, split and box files of its data sets, and itself.
        paths (str, optional): Files to write.
    """
    read = {osp.realpath(cfg.filename): 'the config'} if cfg.filename else {}
    read.update(
        (osp.realpath(path), f'the {key} of {osp.basename(cfg.filename or "the config")}')
        for key, path in _data_files(cfg.to_dict())
    )
    for path in paths:
        if path is not None and osp.realpath(path) in read:
            raise UsageError(
                f'{path}: is {read[osp.realpath(path)]}, which would be lost; name another file '
                'to write'
            )


def _data_files(part: Any) -> Iterator[Tuple[str, str]]:
    """Key and path of the files of the data sets in a part of a config."""
    if isinstance(part, dict):
        root = str(part.get('data_root') or '')
        for key in ('ann_file', 'bbox_file', 'ids_file'):
            if part.get(key) and isinstance(part[key], str):
                yield key, osp.join(root if key == 'ann_file' else '', part[key])
    for each in part.values() if isinstance(part, dict) else part:
        if isinstance(each, (dict, list, tuple)):
            yield from _data_files(each)


def check_checkpoint(path: str, said: str) -> None:
    """Raise a CommandError where a checkpoint is no file.

    Args:
        path (str): A file, or an address that MMEngine loads (``https://``, ``torchvision://``).
        said (str): How the user gave it, for the error.
    """
    if '://' in path or osp.isfile(path):
        return
    folder = path if osp.isdir(path) else osp.dirname(path)
    beside = glob.glob(osp.join(glob.escape(folder), '*.pth'))
    newest = max(beside, key=osp.getmtime) if beside else None
    what = 'is a folder' if osp.isdir(path) else 'there is no such file'
    raise CommandError(
        f'{said} {path}: {what}'
        + (f'; the newest checkpoint there is {newest}' if newest else '')
        + ('' if newest or not osp.isdir(path) else ' without checkpoints (*.pth)')
    )


def load_config(args: argparse.Namespace) -> 'Config':
    """Read the config and apply the common arguments but ``--cfg-options``.

    The working folder is the command line's, else the config's, else
    ``work_dirs/<name of the config>``.

    Raises:
        CommandError: There is no such config.
    """
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = read_config(args.config)
    cfg.launcher = args.launcher
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    else:
        cfg.work_dir = work_dir_of(cfg, args.config)
    return cfg


def work_dir_of(cfg: 'Config', name: str) -> str:
    """The working folder of a config, by default ``work_dirs/<name of the config>``."""
    stem = osp.splitext(osp.basename(name))[0]
    return cfg.get('work_dir') or osp.join('work_dirs', stem)


def enable_drawing_hook(
    cfg: 'Config', name: str, hook_type: str, args: argparse.Namespace, **options: Any
) -> None:
    """Switch on a drawing hook that the config holds in ``default_hooks``.

    Raises:
        CommandError: The config has no such hook; it says what to write.
    """
    if name not in cfg.get('default_hooks', {}):
        raise CommandError(
            f'{args.config}: drawing needs default_hooks.{name} = '
            f"dict(type='{hook_type}', enable=False) in the config"
        )
    hook = cfg.default_hooks[name]
    hook.update(enable=True, interval=args.interval, **options)
    if args.show:
        hook.wait_time = args.wait_time


def check_options(cfg: 'Config', options: Mapping[str, Any]) -> None:
    """Refuse a ``--cfg-options`` whose first word nobody would read: a slip of the pen.

    Args:
        cfg (Config): What it is merged into.
        options (Mapping): Key with dots -> value.

    Raises:
        UsageError: A word is almost that of a key of configs.
    """
    from difflib import get_close_matches

    known = {*cfg, *RUNNER_KEYS}
    for key in options:
        word = key.split('.')[0]
        near = [] if word in known else get_close_matches(word, sorted(known), 1, 0.8)
        if near:
            raise UsageError(
                f'--cfg-options {key}: the config has no {word!r}, and nothing would read it; did '
                f'you mean {near[0]}?'
            )


def build_runner(cfg: 'Config', args: argparse.Namespace) -> 'Runner':
    """Apply ``--cfg-options``, make the process group and build the Runner.

    ``runner_type`` in the config chooses the Runner; without it, MMEngine's.
    """
    from mmengine.runner import Runner
    from mmpose.registry import RUNNERS

    from ..engine.distributed import prepare_launch

    if args.cfg_options:
        check_options(cfg, args.cfg_options)
        cfg.merge_from_dict(args.cfg_options)
    if 'preprocess_cfg' in cfg:
        cfg.model.setdefault('data_preprocessor', cfg.preprocess_cfg)
    prepare_launch(cfg)
    if 'runner_type' in cfg:
        return RUNNERS.build(cfg)
    return Runner.from_cfg(cfg)
