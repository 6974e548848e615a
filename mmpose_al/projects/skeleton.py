"""Joints of a project: which are left and right of each other, limbs, sigmas; their file.

Pairs are guessed from names. They decide what a mirrored image teaches, so they are shown,
and an option or the metainfo file corrects them.
"""

import re
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ..datasets.format import FormatError
from ..fileio import short

Pair = Tuple[str, str]

#: What a left name has -> what the right one has there. Each pattern is tried at every place.
SIDES: Sequence[Tuple[str, Dict[str, str]]] = (
    (r'left|Left|LEFT', dict(left='right', Left='Right', LEFT='RIGHT')),
    (r'(?<![A-Za-z])[lL](?![A-Za-z])', dict(l='r', L='R')),  # l_ear, ear.L
    (r'(?<=[a-z0-9])L$|^[lL](?=[A-Z])', dict(l='r', L='R')),  # earL, lEar, LEar
    (r'^[lL](?=[a-z])|(?<=[a-z])l$', dict(l='r', L='R')),  # lear, earl
)
#: A name that has a side, for which a mate must be found.
SIDED = re.compile(r'left|right|(?<![a-z])[lr](?![a-z])', re.IGNORECASE)
COCO = 'configs/_base_/datasets/coco.py'  # MMPose's file of its joints
# OKS's spread of a joint as a share of the body's size: COCO's, and a middle one of others.
SIGMAS = dict(
    nose=0.026, eye=0.025, ear=0.035, shoulder=0.079, elbow=0.072, wrist=0.062, hip=0.107,
    knee=0.087, ankle=0.089,
)  # fmt: skip
SIGMA = 0.05
COLORS = dict(left=[0, 255, 0], right=[255, 128, 0], middle=[51, 153, 255])
NONE = 'none'


class Skeleton(NamedTuple):
    """The joints of a project.

    Attributes:
        joints (list[str]): Names, K of them.
        pairs (list): Left and right names.
        links (list): Pairs of names that are drawn as limbs.
        sigmas (list[float]): One a joint, for OKS.
    """

    joints: List[str]
    pairs: List[Pair]
    links: List[Pair]
    sigmas: List[float]

    @property
    def mates(self) -> Dict[str, str]:
        """Name -> the name on the other side."""
        return {**dict(self.pairs), **{right: left for left, right in self.pairs}}

    def describe(self) -> List[str]:
        """Lines that show the joints and their pairs."""
        alone = [name for name in self.joints if name not in self.mates]
        pairs = ', '.join(f'{left} = {right}' for left, right in self.pairs)
        return [
            f'joints: {len(self.joints)}, {", ".join(self.joints)}',
            f'left = right: {pairs or NONE}',
            f'alone in the middle: {", ".join(alone) or NONE}',
        ]


def mate_of(name: str, names: Sequence[str]) -> Optional[str]:
    """The right mate of a left name; None if it is not left, or has none among the names."""
    for pattern, sides in SIDES:
        for found in re.finditer(pattern, name):
            mate = name[: found.start()] + sides[found.group()] + name[found.end() :]
            if mate in names:
                return mate
    return None


def guess_pairs(names: Sequence[str]) -> List[Pair]:
    """Left and right joints, told from their names, in the order of the names."""
    pairs: List[Pair] = []
    for name in names:
        mate = mate_of(name, names)
        taken = {each for pair in pairs for each in pair}
        if mate is not None and mate != name and not {name, mate} & taken:
            pairs.append((name, mate))
    return pairs


def read_pairs(words: Sequence[str], names: Sequence[str]) -> List[Pair]:
    """Pairs of an option: ``left_ear=right_ear ...``, or ``none``.

    Raises:
        FormatError: A word is no pair of two joints, or a joint is in two of them.
    """
    if list(words) == [NONE]:
        return []
    pairs = []
    for word in words:
        left, _, right = word.partition('=')
        if left not in names or right not in names or left == right:
            raise FormatError(
                f'--pairs {word}: is not LEFT=RIGHT of two joints. The joints are '
                f'{", ".join(names)}'
            )
        pairs.append((left, right))
    flat = [name for pair in pairs for name in pair]
    twice = next((name for name in flat if flat.count(name) > 1), None)
    if twice is not None:
        raise FormatError(f'--pairs: {twice} is in two pairs. A joint has one mate')
    return pairs


def make_skeleton(
    joints: Sequence[str],
    links: Sequence[Pair] = (),
    pairs: Optional[Sequence[Pair]] = None,
    words: Optional[Sequence[str]] = None,
) -> Skeleton:
    """The skeleton of a project.

    Args:
        joints (Sequence[str]): Their names.
        links (Sequence): Limbs that the source knows.
        pairs (Sequence, optional): Pairs that the source knows; None: guessed.
        words (Sequence[str], optional): Of the option, which comes first.

    Raises:
        FormatError: A joint has a side, but no mate; or there are several joints and no
            pair. Mirrored images would teach a wrong side.
    """
    joints = list(joints)
    if words is not None:
        chosen = read_pairs(words, joints)
    else:
        chosen = [p for p in pairs or [] if set(p) <= set(joints)] or guess_pairs(joints)
        _check_found(joints, chosen)
    known = [link for link in links if set(link) <= set(joints) and link[0] != link[1]]
    return Skeleton(joints, list(chosen), known, [sigma_of(name) for name in joints])


def _check_found(joints: Sequence[str], pairs: Sequence[Pair]) -> None:
    paired = {name for pair in pairs for name in pair}
    lonely = [name for name in joints if SIDED.search(name) and name not in paired]
    remedy = (
        'Images are mirrored in training, so say which joints are left and right of each '
        f'other: --pairs LEFT=RIGHT ..., or --pairs {NONE} where none are'
    )
    if lonely:
        raise FormatError(f'{lonely[0]} has no mate among {short(list(joints), 200)}. {remedy}')
    if not pairs and len(joints) > 1:
        raise FormatError(f'no left and right joint among {short(list(joints), 200)}. {remedy}')


def sigma_of(name: str) -> float:
    """Spread of a joint for OKS: that of COCO's joint of this name, or a middle one."""
    words = re.split(r'[^a-z]+', re.sub(r'left|right', ' ', name.lower()))
    return next((SIGMAS[word] for word in words if word in SIGMAS), SIGMA)


def skeleton_of_metainfo(meta: dict) -> Skeleton:
    """From parsed metainfo of MMPose (``parse_pose_metainfo``)."""
    names = [meta['keypoint_id2name'][i] for i in range(meta['num_keypoints'])]
    flips = list(meta['flip_indices'])
    pairs = [(names[i], names[j]) for i, j in enumerate(flips) if i < j]
    links = [(names[a], names[b]) for a, b in meta['skeleton_links']]
    return Skeleton(names, pairs, links, [round(float(s), 6) for s in meta['sigmas']])


def coco_skeleton() -> Skeleton:
    """COCO's 17 joints of a person, as MMPose has them."""
    from mmpose.datasets.datasets.utils import parse_pose_metainfo

    return skeleton_of_metainfo(parse_pose_metainfo(dict(from_file=COCO)))


# ---- its file ----------------------------------------------------------------------


def metainfo_text(skeleton: Skeleton, name: str) -> str:
    """The metainfo file: Python, in MMPose's form, made to be edited."""
    return '\n'.join(_lines(skeleton, name)) + '\n'


def _lines(skeleton: Skeleton, name: str) -> Iterator[str]:
    yield '"""The joints of this project, in MMPose\'s form. Edit what is not right.'
    yield ''
    yield "`swap` names the joint on the other side, '' for one in the middle. `skeleton_info`"
    yield "is what is drawn; `sigmas` are spreads for OKS, as a share of the body's size."
    yield '"""'
    yield 'dataset_info = dict('
    yield f'    dataset_name={name!r},'
    yield '    paper_info=dict(),'
    yield '    keypoint_info={'
    mates, lefts = skeleton.mates, {left for left, _ in skeleton.pairs}
    for index, joint in enumerate(skeleton.joints):
        side = 'middle' if joint not in mates else 'left' if joint in lefts else 'right'
        swap = mates.get(joint, '')
        yield (
            f'        {index}: dict(name={joint!r}, id={index}, color={COLORS[side]}, '
            f"type='upper', swap={swap!r}),"
        )
    yield '    },'
    yield '    skeleton_info={'
    for index, link in enumerate(skeleton.links):
        yield f'        {index}: dict(link={tuple(link)!r}, id={index}, color={COLORS["middle"]}),'
    yield '    },'
    yield f'    joint_weights={[1.0] * len(skeleton.joints)},'
    yield f'    sigmas={skeleton.sigmas},'
    yield ')'
