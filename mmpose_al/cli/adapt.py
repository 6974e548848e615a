"""Make a semi-supervised config of your own config of MMPose.

    mmpose-al adapt CONFIG --unlabeled FOLDER --out mine_dual.py
    mmpose-al adapt CONFIG --unlabeled FOLDER --checkpoint TRAINED.pth --out mine_dual.py

CONFIG trains one top-down network on your labels. The new config is
a few lines that inherit from it: the network becomes the students, and images without
labels join your training set. Without --out it is printed. Model, data and checkpoint are
looked at first, and what does not fit is refused.

--unlabeled is a folder of images, or a COCO file with boxes (--images names the folder of
its images). The box of an image of a folder is the whole image, unless --boxes or
--detector tell. Images that your data sets use are left out.
"""

import argparse
import os
import os.path as osp
import sys
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Sequence, Set, Tuple

from .detection import add_detection, add_detector, add_device, find_boxes
from .errors import UsageError
from .options import OutFile

if TYPE_CHECKING:
    from mmengine.config import Config

    from ..projects.adaptation import Plan

HELP = 'make a semi-supervised config of your own config of MMPose'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from ..projects.adaptation import METHODS

    parser.add_argument('config', help='of one network: a file, mmpose::NAME, mmpose_al::NAME')
    parser.add_argument(
        '--method', choices=sorted(METHODS), default='posedual', help='default %(default)s'
    )
    parser.add_argument(
        '--unlabeled', required=True, metavar='FOLDER|FILE', help='images without labels'
    )
    parser.add_argument(
        '--out', type=OutFile, metavar='FILE', help='config to write; without it, it is printed'
    )
    parser.add_argument(
        '--checkpoint', metavar='FILE', help="of CONFIG's network; the students start from it"
    )
    parser.add_argument('--images', metavar='FOLDER', help="of a COCO file's images")
    boxes = parser.add_mutually_exclusive_group()
    boxes.add_argument('--boxes', metavar='FILE', help="COCO file with boxes of a folder's images")
    add_detector(boxes, "it finds the boxes in a folder's images")
    add_detection(parser)
    add_device(parser)


def run(args: argparse.Namespace, detector: Optional[Callable] = None) -> int:
    """The command. ``detector`` stands in for the mmdet model in tests."""
    from contextlib import redirect_stdout

    from ..fileio import write_text
    from ..projects.adaptation import adapted_config, assumptions

    if args.out and osp.exists(args.out):
        raise FileExistsError(f'{args.out} is there already; remove it, or name another file')
    with redirect_stdout(sys.stderr):  # what libraries print is no part of the config
        cfg, plan, counts = checked(args, detector)
    shown = adapted_config(cfg, plan._replace(base=from_here(plan.base, args.out)), is_metric)
    if args.out:
        write_text(args.out, shown)
    else:
        print(shown, end='')
    told = sys.stdout if args.out else sys.stderr
    print(f'{args.out or "this config"}: {plan.method} over {args.config}', file=told)
    for line in assumptions(cfg, plan, *counts):
        print(f'- {line}', file=told)
    if args.out:
        print(f'Train it as any config of MMPose, or by: mmpose-al train {args.out}')
    return 0


def checked(
    args: argparse.Namespace, detector: Optional[Callable]
) -> Tuple['Config', 'Plan', Tuple[int, int]]:
    """The config, what is made of it, and people with and without labels.

    Raises:
        ValueError: Model, data or checkpoint do not fit; no file of boxes stays then.
    """
    from mmengine.config import Config

    from ..projects.adaptation import METHODS, Plan, adapted_config, check_base

    path, cfg = read_config(args.config)
    check_base(cfg, args.config)
    method = METHODS[args.method]
    model = build_model(cfg, method, args.config)
    checkpoint = args.checkpoint and address(args.checkpoint)
    ann_file, images, whole = boxes_of(args, cfg, detector)
    plan = Plan(path, method, ann_file, images, checkpoint, len(model.must_differ()) > 1, whole)
    try:
        new = Config.fromstring(adapted_config(cfg, plan, is_metric), '.py')
        counts = check_data(new, model)
        check_start(new, model)
    except Exception:
        if whole:
            os.remove(ann_file)
        raise
    return cfg, plan, counts


def read_config(name: str) -> Tuple[str, 'Config']:
    """Where a config is, as ``_base_`` takes it from any folder, and what it holds.

    Raises:
        ValueError: It is in the style of MMEngine that lines of text cannot inherit from.
    """
    from mmengine.config import Config
    from mmengine.registry import init_default_scope

    from .. import register
    from ..config_files import PREFIX, config_path
    from .launch import read_config as read_file

    register()

    if '::' in name and not name.startswith(PREFIX):
        path, cfg = name, Config.fromstring(f'_base_ = {name!r}\n', '.py')
    else:
        file = config_path(name)
        path = name if name.startswith(PREFIX) else osp.abspath(file)
        with open(file, encoding='utf-8') as source:
            if 'read_base()' in source.read():
                raise ValueError(
                    f'{name}: is in the style of `with read_base()`, over which no `_base_` goes. '
                    "Write it out once: Config.fromfile(FILE).dump('plain.py')"
                )
        cfg = read_file(name)
    init_default_scope(cfg.get('default_scope') or 'mmpose')
    return path, cfg


def from_here(path: str, out: Optional[str]) -> str:
    """A config's place as the one that is written at ``out`` names it."""
    if '::' in path:
        return path
    folder = osp.dirname(osp.abspath(out)) if out else os.getcwd()
    return osp.relpath(path, folder).replace(os.sep, '/')


def address(checkpoint: str) -> str:
    """A checkpoint's absolute path; web addresses stay.

    Raises:
        FileNotFoundError: There is no such file.
    """
    if '://' in checkpoint:
        return checkpoint
    if not osp.isfile(checkpoint):
        raise FileNotFoundError(f'--checkpoint {checkpoint}: no such file')
    return osp.abspath(checkpoint)


def is_metric(kind: str) -> bool:
    """Whether a type is a metric, not an evaluator of several."""
    from mmpose.registry import METRICS

    return METRICS.get(kind) is not None


def build_model(cfg: 'Config', method: str, name: str) -> Any:
    """The estimator over a config's network; it says itself what it cannot learn from.

    Raises:
        ValueError: The network cannot be a student.
    """
    import copy

    from mmpose.registry import MODELS

    students = copy.deepcopy(cfg['model'])
    try:
        return MODELS.build(dict(type=method, backbone=dict(), students=students))
    except ValueError as error:
        raise ValueError(f'{name}: {method} cannot be made of its model: {error}') from None


def boxes_of(
    args: argparse.Namespace, cfg: 'Config', detector: Optional[Callable]
) -> Tuple[str, str, bool]:
    """Annotation file and folder of the images without labels; whether a box is the whole image."""
    given = osp.abspath(args.unlabeled)
    if osp.isfile(given):
        if args.boxes or args.detector:
            raise UsageError('--boxes and --detector are for a folder; FILE has boxes itself')
        images = osp.abspath(args.images or osp.dirname(given))
        return free_boxes(args, cfg, given, images), images, False
    if not osp.isdir(given):
        raise FileNotFoundError(f'--unlabeled {args.unlabeled}: no such folder or file')
    if args.images:
        raise UsageError('--images is for a COCO file; --unlabeled names a folder')
    if args.boxes:
        return free_boxes(args, cfg, osp.abspath(args.boxes), given), given, False
    stem = osp.splitext(args.out)[0] if args.out else osp.basename(given)
    out = osp.abspath(f'{stem}.unlabeled.json')
    write_boxes(args, given, out, images_in_use(cfg), detector)
    return out, given, not args.detector


def free_boxes(args: argparse.Namespace, cfg: 'Config', path: str, folder: str) -> str:
    """A file of boxes, or a copy without the images that validation and test use."""
    from ..datasets.format import FormatError
    from ..fileio import read_json, write_json
    from ..projects.adaptation import without_images

    known = images_in_use(cfg, ('val_dataloader', 'test_dataloader'))
    try:
        content, left_out = without_images(read_json(path), folder, known)
    except (LookupError, TypeError, AttributeError):
        return path  # no COCO file, which its data set says with its entry
    if not left_out:
        return path
    if not content['images']:
        raise FormatError(f'{path}: validation and test use all of its {left_out} images')
    out = f'{osp.splitext(osp.abspath(args.out))[0] if args.out else osp.splitext(path)[0]}'
    out += '.unlabeled.json'
    write_json(out, content, indent=None)
    text = f'{left_out} images that validation or test use are left out: {out}'
    print(text, file=sys.stderr)
    return out


def write_boxes(
    args: argparse.Namespace, folder: str, out: str, known: Set[str], detector: Optional[Callable]
) -> None:
    """Write boxes of a folder's images: the whole images, or what a detector finds."""
    from ..fileio import write_json
    from ..projects.adaptation import whole_images

    content, left_out = whole_images(folder, known)
    if left_out:
        print(f'{left_out} images that your data sets use are left out', file=sys.stderr)
    if args.detector:
        sizes = {each['file_name']: (each['width'], each['height']) for each in content['images']}
        find_boxes(args, folder, sizes, out, detector)
    else:
        write_json(out, content, indent=None)


LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def images_in_use(cfg: 'Config', loaders: Sequence[str] = LOADERS) -> Set[str]:
    """Real paths of the images of a config's data sets: training, validation, test."""
    from ..datasets.checks import leaves

    found: Set[str] = set()
    seen: List[Dict[str, Any]] = []
    for key in loaders:
        dataset = (cfg.get(key) or {}).get('dataset')
        if not dataset or dataset in seen:
            continue
        seen.append(dataset)
        try:
            built = build_dataset(dataset, key)
        except FileNotFoundError as error:
            if key == 'train_dataloader':
                raise
            print(f'{error}. Its images are not looked for', file=sys.stderr)
            continue
        for leaf in leaves([built]):
            for index in range(len(leaf)):
                path = leaf.get_data_info(index).get('img_path')
                if path:
                    found.add(osp.realpath(path))
    return found


def build_dataset(cfg: Dict[str, Any], key: str) -> Any:
    """A data set of a config.

    Raises:
        FileNotFoundError: A file of it is not there, which MMPose's data sets assert; or a
            library that its transforms need.
    """
    from mmpose.registry import DATASETS

    try:
        return DATASETS.build(cfg)
    except (AssertionError, FileNotFoundError, ImportError, RuntimeError) as error:
        raise FileNotFoundError(
            f'{key}.dataset cannot be read ({error}). Run this where the data are, in the '
            'folder and with the environment of your trainings'
        ) from None


def check_data(cfg: 'Config', model: Any) -> Tuple[int, int]:
    """Build the training set; people with and without labels.

    Raises:
        ValueError: Joints, head and files do not fit, or an image has and lacks labels.
    """
    from ..engine.hooks.data_check import check_head

    dataset = build_dataset(cfg.train_dataloader.dataset, 'train_dataloader')
    check_head(model, dataset)
    path = dataset.datasets[dataset.num_labeled_sources].get_data_info(0)['img_path']
    if not osp.isfile(path):
        raise FileNotFoundError(f'{path}: no such image; --images names the folder of the images')
    return dataset.num_labeled, dataset.num_unlabeled


def check_start(cfg: 'Config', model: Any) -> None:
    """Raise a ValueError where the students cannot start from the checkpoint.

    A checkpoint with a web address is looked at when the training starts.
    """
    from ..apis.checkpoints import load_safely
    from ..engine.weights import read_load_settings, start_from
    from ..models.loading import state_of

    path = cfg.get('load_from')
    if not path or '://' in path:
        return
    state = state_of(load_safely(path))
    try:
        start_from(model, state, read_load_settings(cfg))
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from None
