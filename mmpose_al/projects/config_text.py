"""The configs and the README of a project, as text. Each is a few lines over the package's own."""

from typing import List, NamedTuple, Optional

from ..command_line import command_line, in_markdown
from ..config_files import FOLDER, any_folder

SIZES = (64, 128, 256)
ROUNDS = 5
EXPERIMENT = 'configs/experiment.py'
UNLABELED = 16  # images of a batch
TAUGHT = 32  # images of a batch of labels and pseudo-labels, as many of each as labels before
ANSWERED = 0.1  # of what people answer validates


class Facts(NamedTuple):
    """What the configs of a project depend on.

    Attributes:
        name (str): Of the project.
        kind (str): Of its source.
        joints (int): How many.
        labeled (int): Labelled people in the pool.
        unlabeled (int): People in the pool without labels.
        validates (bool): Whether there is a validation set.
        views (int): Calibrated cameras; 0 without a rig.
        units (int): Images of the pool; of a rig frames.
        labeled_units (int): Those of them with a label.
        spacing (int): Frames between two that are asked for.
        links (list[str]): Names below ``images`` that lead to other folders.
        input_size (int): Side of the network's input.
        answers_validate (bool): Whether a share of what people answer validates.
        cameras_teach (bool): Whether the cameras can teach one another.
    """

    name: str
    kind: str
    joints: int
    labeled: int
    unlabeled: int
    validates: bool
    views: int
    units: int
    labeled_units: int
    spacing: int
    links: List[str]
    input_size: int
    answers_validate: bool = False
    cameras_teach: bool = False

    @property
    def budget(self) -> int:
        """Units that a round asks for; a frame of a rig is several images."""
        return max(1, min(5 if self.views else 20, self.units // 4))


def data_config(facts: Facts) -> str:
    """``configs/data.py``."""
    size = facts.input_size
    labeled = 'pool'
    lines = [
        '"""Where the data of this project are. The other configs inherit from this one."""',
        f"_base_ = 'mmpose_al::_base_/projects/lite0_{size}x{size}.py'",
        f"root = '{FOLDER}'.rpartition('/')[0] + '/'  # of the project",
        "metainfo = dict(from_file=root + 'metainfo.py')",
        'pool = dict(',
        "    type='MultiViewCocoDataset', data_root=root, ann_file='pool.json',",
        "    data_prefix=dict(img='images/'), metainfo=metainfo)",
        f'model = dict(head=dict(out_channels={facts.joints}))',
    ]
    if facts.labeled:
        lines += [
            "labels = dict(unit='instances')  # all people with a label; num=20 takes 20 of them"
        ]
        labeled = "dict(pool, labels=labels, subset='labeled')"
    lines += [
        'train_dataloader = dict(',
        f'    dataset=dict(labeled={labeled}, metainfo=metainfo))',
    ]
    if facts.validates:
        lines += [
            "val_dataloader = dict(dataset=dict(pool, ann_file='val.json'))",
            'test_dataloader = val_dataloader',
        ]
    else:
        lines += [
            '# Nothing is held out for validation; a test is of the labels in the pool.',
            'val_dataloader = val_evaluator = val_cfg = None',
            'test_dataloader = dict(dataset=pool)',
        ]
    return any_folder(_text(lines))


def supervised_config() -> str:
    """``configs/supervised.py``."""
    return _text(
        [
            '"""The labels alone."""',
            "_base_ = './data.py'",
            "work_dir = _base_.root + 'work_dirs/supervised'",
        ]
    )


def posedual_config(facts: Facts) -> str:
    """``configs/posedual.py``. Half of a batch is not labelled, and no image is in it twice."""
    size = 2 * min(UNLABELED, facts.unlabeled)
    return _text(
        [
            '"""The labels, and the images without: two networks teach each other (PoseDual)."""',
            "_base_ = './data.py'",
            "work_dir = _base_.root + 'work_dirs/posedual'",
            "model = dict(_delete_=True, type='PoseDual', backbone=dict(),",
            '             students=_base_.model)',
            'unlabeled = dict(',
            "    _base_.pool, labels=_base_.labels, subset='unlabeled', need_keypoints=False)",
            f'train_dataloader = dict(batch_size={size}, dataset=dict(unlabeled=unlabeled))',
            "custom_hooks = _base_.custom_hooks + [dict(type='CollapseMonitorHook')]",
        ]
    )


def experiment_config(facts: Facts) -> str:
    """``configs/experiment.py``."""
    spacing = f'min_spacing={facts.spacing}'
    kind = 'CoreSetPoses' if facts.views else 'CoreSetFeatures'
    folders = ', '.join(f'_base_.root + {"images/" + name!r}' for name in facts.links)
    start = ["    initial='labeled',  # those of the pool; or a number, which is asked for"]
    if not facts.labeled_units:
        first = f"dict(type='Diverse', {spacing}, min_seconds=0)"
        start = [f'    initial={facts.budget},', f'    initial_strategy={first},']
    return _text(
        [
            '"""Rounds of labels: train, look at the pool, ask people for what is worth most."""',
            "_base_ = './data.py'",
            "work_dir = _base_.root + 'work_dirs/experiment'",
            "runner_type = 'ActiveLearningRunner'",
            'active_learning = dict(',
            f'    unit={"frames" if facts.views else "images"!r},',
            *start,
            f'    budget={facts.budget},',
            f"    strategy=dict(type='{kind}', {spacing}),",
            *(["    weights='confidence2',  # of views in the triangulation"] * bool(facts.views)),
            *(
                [
                    '    # Cameras teach one another: a second training a round (None: without)',
                    f"    self_training=dict(type='MultiViewBootstrapping', batch_size={TAUGHT}),",
                ]
                if facts.cameras_teach
                else []
            ),
            "    annotator=dict(type='FileAnnotator', image_folders=[" + folders + ']),',
            '    pool=dict(pipeline=_base_.val_pipeline),',
            *(
                [f'    validation=dict(share={ANSWERED}),  # of answers; it never trains']
                if facts.answers_validate
                else []
            ),
            f'    limits=dict(rounds={ROUNDS}))',
            'train_cfg = dict(',
            "    _delete_=True, type='ActiveLearningLoop', round_cfg=_base_.train_cfg)",
        ]
    )


def pool_text(kind: str, facts: Facts) -> str:
    """What the pool holds, and how much of it is labelled."""
    what = (
        f'{facts.units} frames of {facts.views} cameras' if facts.views else f'{facts.units} images'
    )
    return f'{kind}: {what} in the pool, {facts.labeled_units} of them labelled'


def readme(facts: Facts, shown: List[str], folder: str) -> str:
    """``README.md``: what is here, and the next commands.

    Args:
        facts (Facts): Of the project.
        shown (list[str]): What it is made of, in lines.
        folder (str): Of the project, for the commands.
    """
    lines = [f'# {in_markdown(facts.name)}', '', *(f'- {in_markdown(line)}' for line in shown), '']
    lines += [
        'Look at `metainfo.py` first: left and right, limbs. Edit it, and what you like in',
        '`configs`. The same `mmpose-al new` again completes the project, and keeps what',
        'you edited.',
        '',
    ]
    return '\n'.join(lines) + '\n' + steps_text(facts, folder)


def steps_text(facts: Facts, folder: str) -> str:
    """The next commands, as the README has them."""
    lines = []
    for what, command in next_commands(facts, folder):
        lines += [f'{what}:', '', f'    {command}', '']
    return '\n'.join(lines)


def next_commands(facts: Facts, folder: str) -> List[tuple]:
    """What to do with a project: (what, command)."""

    def train(name: str) -> str:
        return command_line('train', f'{folder}/configs/{name}.py')

    steps = []
    if facts.labeled:
        steps.append(('Train on the labels', train('supervised')))
        if facts.unlabeled:
            if facts.cameras_teach:
                agree, taught = (command_line(*words) for words in bootstrap_words(folder))
                steps += [
                    (
                        'Make labels of what most cameras agree on (once the training is done)',
                        agree,
                    ),
                    ('Train on them, too: so the cameras teach one another', taught),
                ]
            steps.append(('Train on the images without labels, too', train('posedual')))
    if facts.unlabeled:
        steps.append(('Label images in the browser', command_line('label', folder)))
        steps.append(
            (
                'Ask people for labels, round by round; it stops and says what to do',
                train('experiment'),
            )
        )
    steps.append(
        ('Give the labels to another tool', command_line('export', folder, '--out', 'FILE'))
    )
    return steps


def bootstrap_words(folder: str, batch_size: int = TAUGHT) -> List[tuple]:
    """The two commands by which the cameras of a project teach one another, in words."""
    out = ('--out', f'{folder}/bootstrap.json', '--batch-size', str(batch_size))
    agree = ('bootstrap', f'{folder}/configs/supervised.py', *out)
    return [agree, ('train', f'{folder}/bootstrap.py')]


def _text(lines: List[str]) -> str:
    return '\n'.join(lines) + '\n'


def first_config(facts: Facts) -> str:
    """The config that a project trains first."""
    return 'configs/supervised.py' if facts.labeled else 'configs/experiment.py'


def configs(facts: Facts) -> dict:
    """Name of a file -> its text, of all configs that such a project has."""
    texts = {'configs/data.py': data_config(facts)}
    if facts.labeled:
        texts['configs/supervised.py'] = supervised_config()
        if facts.unlabeled:
            texts['configs/posedual.py'] = posedual_config(facts)
    if facts.unlabeled:
        texts[EXPERIMENT] = experiment_config(facts)
    return texts


def spacing_of(fps: Optional[float], frames: int, units: int) -> int:
    """Frames that lie between two that are asked for, at least.

    Half a second, but no more than leaves a third of the recording's length to choose from.

    Args:
        fps (float, optional): Frames a second; None or 0: unknown, or no video.
        frames (int): Length of all recordings, in frames.
        units (int): How many are asked for in all.
    """
    if not fps:
        return 0
    return int(min(fps / 2, frames / (3 * max(units, 1))))
