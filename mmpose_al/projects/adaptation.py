"""A semi-supervised config over a supervised one of MMPose, as text."""

import math
import os.path as osp
from typing import Any, Callable, Dict, Iterable, List, Mapping, NamedTuple, Optional, Tuple

from ..datasets.format import FormatError
from .sources.base import shown_size
from .sources.images import image_names

#: What a method is called in a command -> its estimator. All learn from single images; those
#: that need a trained teacher or a rig have configs of their own.
METHODS = dict(
    posedual='PoseDual',
    posecons='PoseCons',
    meanteacher='MeanTeacherPose',
    denoised='DenoisedPoseDual',
    multipath='MultiPathPose',
)
# They draw each image as often as any other, as that does which takes their place.
SAMPLERS = ('DefaultSampler', 'InfiniteSampler')
HOOKS = ('ExactResumeHook', 'DataCheckHook', 'FiniteHook', 'CollapseMonitorHook')
#: What a training does not take over from the config of another one: where that ran, and that it
#: was resumed.
AFRESH = dict(work_dir=None, resume=False)
# It exchanges the pipeline of the training set, which is no longer the one that loads.
SWITCH = 'PipelineSwitchHook'


class Plan(NamedTuple):
    """What is made of a config.

    Attributes:
        base (str): The config, as ``_base_`` names it.
        method (str): Type of the estimator.
        ann_file (str): Boxes of the images without labels.
        images (str): Folder that its file names start from.
        checkpoint (str, optional): Of the config's network; the students start from it.
        draws_heads (bool): Whether their heads do not, so that the students differ.
        whole (bool): Whether the box of an image without labels is the whole image.
    """

    base: str
    method: str
    ann_file: str
    images: str
    checkpoint: Optional[str] = None
    draws_heads: bool = False
    whole: bool = False


def check_base(cfg: Mapping[str, Any], name: str) -> None:
    """Raise a ValueError where a config has not what a semi-supervised one is made of.

    Args:
        cfg (Mapping): The config, read.
        name (str): What to call it.
    """
    dataset = (cfg.get('train_dataloader') or {}).get('dataset')
    if not cfg.get('model') or not dataset:
        raise ValueError(
            f'{name}: has no {"model" if dataset else "train_dataloader.dataset"}; give the config '
            'of a training'
        )
    if 'students' in cfg['model']:
        raise ValueError(f'{name}: is semi-supervised already; give the config of one network')
    if _type(dataset) == 'LabeledUnlabeledDataset':
        raise ValueError(
            f'{name}: its training set takes images without labels already; give it '
            'unlabeled=dict(...) and write the model as in docs/own_data.md#my-images'
        )
    if 'pipeline' not in dataset:
        raise ValueError(
            f'{name}: train_dataloader.dataset is a {dataset.get("type")} without a pipeline, '
            'which the images without labels would go through. Take the data set inside of it (a '
            'sampler repeats it), or a CombinedDataset with a pipeline'
        )
    batch_size(cfg, name)
    sampler = cfg['train_dataloader'].get('sampler') or {}
    if sampler and _type(sampler) not in SAMPLERS:
        raise ValueError(
            f'{name}: train_dataloader.sampler is a {_type(sampler)}, which composes batches of '
            'several sources, and another one is needed. Write the config as in '
            'docs/own_data.md#my-images, with labeled=[...] for the sources and shares=[...] for '
            'how much each gives to a batch'
        )
    for place in ('model', 'model.head'):
        part = cfg['model'] if place == 'model' else cfg['model'].get('head') or {}
        if (part.get('init_cfg') or {}).get('type') == 'Pretrained':
            raise ValueError(
                f'{name}: {place}.init_cfg starts both students from one checkpoint, so neither '
                'would teach the other. Take it out and give the checkpoint by --checkpoint'
            )


def batch_size(cfg: Mapping[str, Any], name: str = 'the config') -> int:
    """Images of a training batch, all labelled.

    Raises:
        ValueError: The config does not say.
    """
    loader = cfg['train_dataloader']
    size = loader.get('batch_size') or (loader.get('batch_sampler') or {}).get('batch_size')
    if not size:
        raise ValueError(f'{name}: train_dataloader says no batch_size')
    return int(size)


def adapted_config(
    cfg: Mapping[str, Any], plan: Plan, is_metric: Callable[[str], bool] = bool
) -> str:
    """The config as text: a few lines over the one that it inherits from.

    Args:
        cfg (Mapping): The config that it inherits from, read.
        plan (Plan): The rest.
        is_metric (callable): Whether a type is of one metric, which is then asked about each
            student too. Evaluators stay as they are.
    """
    lines = [
        f'"""{plan.method} over {osp.basename(plan.base)}: labels, and images without."""',
        f'_base_ = {plan.base!r}',
        f'custom_imports = dict(imports={_imports(cfg)!r}, allow_failed_imports=False)',
        f'model = dict(_delete_=True, type={plan.method!r}, backbone=dict(),',
        '             students=_base_.model)',
        'labeled = _base_.train_dataloader.dataset',
        'unlabeled = dict(',
        "    type='MultiViewCocoDataset',",
        f'    ann_file={plan.ann_file!r},',
        f'    data_prefix=dict(img={plan.images.rstrip("/") + "/"!r}),',
        f'    metainfo={_metainfo(cfg)},',
        '    need_keypoints=False,',
        '    pipeline=labeled.pipeline)',
        *_loader(cfg),
        *_hooks(cfg),
        *_constructor(cfg),
        *[f'{key} = {value}' for key, value in AFRESH.items() if cfg.get(key)],
    ]
    for key in ('val_evaluator', 'test_evaluator'):
        lines += _evaluator(key, cfg.get(key), is_metric)
    checkpoint = plan.checkpoint or cfg.get('load_from')
    if checkpoint:
        left_out = ", leave_out=['head.']" if plan.draws_heads else ''
        lines += [f'load_from = {checkpoint!r}', f"load_cfg = dict(into='students'{left_out})"]
    return '\n'.join(lines) + '\n'


def assumptions(cfg: Mapping[str, Any], plan: Plan, labeled: int, unlabeled: int) -> List[str]:
    """What a person should know about the config, in lines.

    Args:
        cfg (Mapping): The config that it inherits from, read.
        plan (Plan): The rest.
        labeled (int): People with labels.
        unlabeled (int): People without.
    """
    size = batch_size(cfg)
    lines = [
        f'{labeled} people with labels, from your training set; {unlabeled} without, from '
        f'{plan.images}',
        f'a batch has your {size} labelled images and as many without labels',
        'images without labels go through the pipeline of your training set',
    ]
    if plan.whole:
        lines.append(
            'their box is the whole image. Where yours are around a body, both are not seen at one '
            'scale: give --boxes or --detector'
        )
    train = cfg.get('train_cfg') or {}
    if train.get('max_epochs'):
        steps, before = math.ceil(unlabeled / size), math.ceil(labeled / size)
        lines.append(
            f'an epoch is one pass over the images without labels: about {steps} steps, where '
            f'yours had {before}; max_epochs stays {train["max_epochs"]}'
        )
    elif train.get('max_iters'):
        lines.append(f'max_iters stays {train["max_iters"]} steps')
    if plan.checkpoint or cfg.get('load_from'):
        what = 'all of' if not plan.draws_heads else 'all but the heads of'
        lines.append(f'the students start from {what} {plan.checkpoint or cfg["load_from"]}')
        if plan.draws_heads:
            lines.append('the heads are drawn at random, else the students would be equal')
    else:
        lines.append('no --checkpoint: the students start as your config starts its network')
    if (cfg.get('auto_scale_lr') or {}).get('enable'):
        lines.append('auto_scale_lr counts the images without labels too, and doubles the rate')
    if any(_type(hook) == SWITCH for hook in cfg.get('custom_hooks') or []):
        lines.append(f'{SWITCH} is left out: all of the training uses the first pipeline')
    return lines


def whole_images(folder: str, known: Iterable[str] = ()) -> Tuple[Dict[str, Any], int]:
    """A COCO file of a folder's images in which a box is the whole image.

    Args:
        folder (str): With the folders in it.
        known (Iterable[str]): Real paths of images that are left out: those with labels.

    Returns:
        tuple: The content, and how many images are left out.

    Raises:
        FormatError: No image is left.
    """
    names, known = image_names(folder), set(known)
    left = [name for name in names if osp.realpath(osp.join(folder, name)) not in known]
    if not left:
        raise FormatError(
            f'{folder}: holds {len(names)} images, '
            + ('all of them in your data sets' if names else 'none with an ending that is known')
            + '. Name a folder of images without labels'
        )
    images, annotations = [], []
    for number, name in enumerate(left, 1):
        width, height = shown_size(osp.join(folder, name))
        images.append(dict(id=number, file_name=name, width=width, height=height))
        annotations.append(
            dict(
                id=number,
                image_id=number,
                category_id=1,
                bbox=[0, 0, width, height],
                area=width * height,
                iscrowd=0,
            )
        )
    categories = [dict(id=1, name='person')]
    content = dict(images=images, annotations=annotations, categories=categories)
    return content, len(names) - len(left)


def without_images(
    content: Dict[str, Any], folder: str, known: Iterable[str]
) -> Tuple[Dict[str, Any], int]:
    """A COCO file without those images that are known.

    Args:
        content (dict): Of the file.
        folder (str): That its file names start from.
        known (Iterable[str]): Real paths.

    Returns:
        tuple: The content, and how many images are left out.
    """
    known = set(known)
    out = {
        image['id']
        for image in content['images']
        if osp.realpath(osp.join(folder, image['file_name'])) in known
    }
    images = [image for image in content['images'] if image['id'] not in out]
    annotations = [a for a in content.get('annotations', ()) if a['image_id'] not in out]
    return dict(content, images=images, annotations=annotations), len(out)


def _type(part: Mapping[str, Any]) -> str:
    """Name of a type, without its scope."""
    kind = part.get('type')
    return kind.rpartition('.')[2] if isinstance(kind, str) else getattr(kind, '__name__', '')


def _imports(cfg: Mapping[str, Any]) -> List[str]:
    found = (cfg.get('custom_imports') or {}).get('imports') or []
    names = [found] if isinstance(found, str) else list(found)
    return names + [name for name in ['mmpose_al'] if name not in names]


def _metainfo(cfg: Mapping[str, Any]) -> str:
    """The joints of the training set, which those without labels must have too."""
    dataset = cfg['train_dataloader']['dataset']
    if dataset.get('metainfo'):
        return 'labeled.metainfo'
    from mmpose.registry import DATASETS

    kind = DATASETS.get(dataset['type']) if isinstance(dataset['type'], str) else dataset['type']
    metainfo = dict(getattr(kind, 'METAINFO', None) or {})
    if set(metainfo) != {'from_file'}:
        raise ValueError(
            f'train_dataloader.dataset: {_type(dataset)} does not say in which file its joints '
            "are. Give it metainfo=dict(from_file='...')"
        )
    return f'dict(from_file={metainfo["from_file"]!r})'


def _loader(cfg: Mapping[str, Any]) -> List[str]:
    """Sources and batches. A part that the config has is replaced as a whole."""
    loader = cfg['train_dataloader']

    def part(key: str, text: str) -> str:
        return f'{key}=dict({"_delete_=True, " if loader.get(key) else ""}{text}'

    return [
        'train_dataloader = dict(',
        f'    batch_size={2 * batch_size(cfg)},  # half of them labelled',
        '    ' + part('dataset', "type='LabeledUnlabeledDataset',"),
        '        labeled=labeled, unlabeled=unlabeled, pipeline=[]),',
        '    ' + part('sampler', "type='LabeledUnlabeledSampler'),"),
        '    ' + part('batch_sampler', "type='MixedBatchSampler'))"),
    ]


def _hooks(cfg: Mapping[str, Any]) -> List[str]:
    theirs = cfg.get('custom_hooks') or []
    names = {_type(hook) for hook in theirs}
    new = [f'    dict(type={name!r}),' for name in HOOKS if name not in names]
    start = 'custom_hooks = ['
    if SWITCH in names:
        start = (
            'custom_hooks = [\n    hook for hook in _base_.custom_hooks\n'
            f'    if not str(hook.type).endswith({SWITCH!r})] + ['
        )
    elif theirs:
        start = 'custom_hooks = _base_.custom_hooks + ['
    return [
        start,
        *new[:-1],
        new[-1].rstrip(',') + ']' if new else ']',
        "default_hooks = dict(weights=dict(type='CheckWeightsHook'))",
    ]


def _constructor(cfg: Mapping[str, Any]) -> List[str]:
    """Each student has the learning rates that the config gives the layers of its network."""
    kind: Any = (cfg.get('optim_wrapper') or {}).get('constructor')
    if not kind or _type(dict(type=kind)) == 'DefaultOptimWrapperConstructor':
        return []
    own = kind if isinstance(kind, str) else f'{kind.__module__}.{kind.__name__}'
    return [
        "optim_wrapper = dict(constructor='NetworksOptimWrapperConstructor',",
        f'                     paramwise_cfg=dict(constructor={own!r}))',
    ]


def _evaluator(key: str, metric: Any, is_metric: Callable[[str], bool]) -> List[str]:
    """Each student beside the mean, where the evaluator is a metric or a list of them."""
    if isinstance(metric, Mapping) and is_metric(_type(metric)):
        text = f'dict(\n    _delete_=True, type={"PerStudentMetric"!r}, metric=_base_.{key})'
        return [] if _type(metric) == 'PerStudentMetric' else [f'{key} = {text}']
    if isinstance(metric, (list, tuple)) and metric and all(is_metric(_type(m)) for m in metric):
        inner = f"dict(type='PerStudentMetric', metric=metric) for metric in _base_.{key}"
        return [f'{key} = [\n    {inner}]']
    return []
