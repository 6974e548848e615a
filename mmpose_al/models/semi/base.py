"""Students, a labelled part and an unlabelled part: what all estimators share.

Flow of a training step: split the batch by ``is_labeled`` -> each student's own loss on
the labelled samples (``sup_``) -> :meth:`SemiPoseEstimator.unsupervised_loss` on the
others (``unsup_``), which a method of a paper defines.
"""

import copy
from typing import Dict, List, Optional, Sequence, Union

import numpy as np
import torch
from mmengine.logging import MessageHub, print_log
from mmengine.model import ModuleList
from mmengine.structures import PixelData
from mmpose.registry import MODELS
from torch import Tensor
from torch.nn import Module

from ...geometry.heatmaps import response
from ..passes import Passes
from ..wrapper import EstimatorOfNetworks, split_labeled
from .joint_ensembles import decode_together, recorded_decoding
from .keypoint_lessons import (
    check_keypoints,
    encoded_labels,
    labels_explained,
    own_loss,
    same_codec,
)
from .networks import (
    check_same_heatmaps,
    heatmap_offset,
    predict_heatmaps,
    record_heatmaps,
    same_parameters,
)

PATIENCE = 20  # batches in a row that may lack unlabelled samples at the start of a run
UNLABELED_LINES = """Say in the config where they are and let every batch have some:
    dataset=dict(type='LabeledUnlabeledDataset', labeled=dict(...), unlabeled=dict(...)),
    sampler=dict(type='LabeledUnlabeledSampler'),
    batch_sampler=dict(type='MixedBatchSampler'),
are the lines of train_dataloader; half of its batch_size is unlabelled then. To learn from
labels alone, train the student's own config (docs/semi_supervised.md)."""


def _shared_preprocessor(students: List[dict], outer):
    """The one data preprocessor, taken out of the students' configs."""
    found = [s.pop('data_preprocessor') for s in students if 'data_preprocessor' in s]
    found = [f for f in [outer] + found if f is not None]
    if not found:
        return None
    for other in found[1:]:
        if other != found[0]:
            raise ValueError(
                'the students see the same normalised images, but their '
                f'data_preprocessor differ: {found[0]} and {other}'
            )
    return found[0]


def augmentation_seeds(data_samples: Sequence) -> np.ndarray:
    """One integer a sample: its ``aug_seed``, else drawn from torch's random state."""
    drawn = torch.randint(2**62, (len(data_samples),), dtype=torch.int64)
    return np.array(
        [s.metainfo.get('aug_seed', int(d)) for s, d in zip(data_samples, drawn)], dtype=np.uint64
    )


class SemiPoseEstimator(EstimatorOfNetworks):
    """Base of the semi-supervised estimators.

    A method defines :meth:`unsupervised_loss` and :meth:`unsupervised_passes`.

    A sample is unlabelled where its metainfo says ``is_labeled=False``
    (:class:`~mmpose_al.datasets.LabeledUnlabeledDataset` writes it).

    Args:
        students (dict | list[dict]): Configs of MMPose top-down heatmap estimators.
        data_preprocessor (dict, optional): For all students; theirs by default.
        train_cfg (dict, optional): Not used: the students have their own. MMPose's
            ``init_model`` sets it to None.
        test_cfg (dict, optional): ``predict='ensemble'`` (default) decodes the mean
            of the students' heatmaps and also keeps what each student says, as
            ``pred_instances_student{i}``; ``predict=i`` runs student i alone. The other
            options are those of MMPose's estimators.
        init_cfg (dict, optional): MMEngine's.
        backbone (dict, optional): See
            :class:`~mmpose_al.models.wrapper.EstimatorOfNetworks`.
        lesson (str, optional): ``'heatmaps'``: networks teach each other heatmap by heatmap,
            as in the papers; ``'keypoints'``: joint by joint, which any of MMPose's top-down
            networks can (:mod:`~mmpose_al.models.semi.keypoint_lessons`). By default
            heatmaps where all have the same, else keypoints where a method knows them.

    Attributes:
        lessons (Sequence[str]): What ``lesson`` may be for a method.
        lesson_kind (str): What it is.
        num_students (Sequence[int]): How many students a method may have; any number where
            it is empty. One config in ``students`` stands for the smallest.
        start (int, optional): Iteration of the run from which unlabelled images take part;
            None: never.

    Raises:
        ValueError: Another number of students; students that cannot teach each other in
            any of the method's lessons, or with different preprocessors.
    """

    own_options = ('predict',)
    lessons: Sequence[str] = ('heatmaps',)
    num_students: Sequence[int] = ()
    start: Optional[int] = 0
    _compared = False
    _without_unlabeled: Optional[int] = 0

    def __init__(
        self,
        students: Union[dict, Sequence[dict]],
        data_preprocessor=None,
        train_cfg=None,
        test_cfg=None,
        init_cfg=None,
        backbone=None,
        lesson: Optional[str] = None,
    ):
        students = self._student_configs(students)
        super().__init__(
            _shared_preprocessor(students, data_preprocessor), backbone, test_cfg, init_cfg
        )
        self.students = ModuleList([MODELS.build(student) for student in students])
        if lesson not in (None, *self.lessons):
            raise ValueError(
                f'lesson of {type(self).__name__} is one of {tuple(self.lessons)}; got {lesson!r}'
            )
        self._asked_lesson = lesson
        self.lesson_kind = self.common_lesson(self.students)
        which = self.test_cfg.setdefault('predict', self.predictors[0])
        if which not in self.predictors:
            raise ValueError(f"test_cfg['predict'] is one of {self.predictors}; got {which!r}")
        self.refuse_parts()

    def common_lesson(
        self,
        networks: Sequence[Module],
        names: Optional[Sequence[str]] = None,
        learns: Optional[Sequence[bool]] = None,
    ) -> str:
        """In what networks can teach each other: ``'heatmaps'`` or ``'keypoints'``.

        Args:
            networks, names, learns: See
                :func:`~mmpose_al.models.semi.keypoint_lessons.check_keypoints`.

        Raises:
            ValueError: In nothing that the method knows and ``lesson`` allows.
        """
        if self._asked_lesson == 'keypoints':
            check_keypoints(networks, names, learns)
            return 'keypoints'
        try:
            check_same_heatmaps(networks, names)
        except ValueError as heatmaps:
            if self._asked_lesson == 'heatmaps' or 'keypoints' not in self.lessons:
                raise
            try:
                check_keypoints(networks, names, learns)
            except ValueError as keypoints:
                raise ValueError(f'{heatmaps}. Nor in keypoints: {keypoints}') from None
            print_log(f'{type(self).__name__}: lessons are keypoints, for {heatmaps}', 'current')
            return 'keypoints'
        return 'heatmaps'

    def loading_advice(self) -> str:
        """See :class:`~mmpose_al.models.loading.WholeCheckpoints`."""
        return (
            'take the config that the checkpoint was trained with. A single network is tested '
            'with its own config; students start from one by '
            "load_cfg = dict(into='students') and CheckWeightsHook"
        )

    def beginners(self) -> List[str]:
        """Names of the networks that a single one may start (``load_cfg.into``)."""
        return [f'students.{index}' for index in range(len(self.students))]

    @property
    def predictors(self) -> list:
        """What ``test_cfg['predict']`` may be, the default first."""
        return ['ensemble', *range(len(self.students))]

    @classmethod
    def _student_configs(cls, students: Union[dict, Sequence[dict]]) -> List[dict]:
        """Copies of the configs; a single one stands for as many as there must be."""
        if isinstance(students, dict):
            students = [students] * min(cls.num_students, default=1)
        if cls.num_students and len(students) not in cls.num_students:
            numbers = ' or '.join(map(str, cls.num_students))
            raise ValueError(
                f'the number of students of {cls.__name__} is {numbers}; got {len(students)}'
            )
        return [copy.deepcopy(student) for student in students]

    @property
    def scale_factor(self):
        """Input pixels per heatmap pixel in x and y, from the students' codec."""
        return self.students[0].head.decoder.scale_factor

    @property
    def heatmap_offset(self) -> float:
        """See :func:`~mmpose_al.models.semi.networks.heatmap_offset`."""
        return heatmap_offset(self.students[0])

    @property
    def predicting(self) -> list:
        """The networks that predict together, as ``test_cfg['predict']`` says."""
        which = self.test_cfg['predict']
        return list(self.students) if which == 'ensemble' else [self.students[which]]

    def _key(self, part: str, student: int, name: str) -> str:
        middle = f'student{student}_' if len(self.students) > 1 else ''
        return f'{part}_{middle}{name}'

    def heatmaps(self, inputs: Tensor) -> Tensor:
        """Mean heatmaps of the networks that :attr:`predicting` names.

        One network whose lessons are keypoints gives what its head does.

        Raises:
            ValueError: Several networks whose lessons are keypoints.
        """
        if self.lesson_kind == 'keypoints':
            if len(self.predicting) > 1:
                raise ValueError(
                    f'{type(self).__name__}: the students have no maps in common; ask one of '
                    'them, test_cfg=dict(predict=0)'
                )
            network = self.predicting[0]
            return network.head.forward(network.extract_feat(inputs))
        each = [predict_heatmaps(network, inputs) for network in self.predicting]
        return torch.stack(each).mean(0)

    def loss(self, inputs: Tensor, data_samples: Sequence) -> Dict[str, Tensor]:
        """Losses of a mixed batch.

        Args:
            inputs (Tensor): Normalised images, (B, C, H, W).
            data_samples (list[PoseDataSample]): Their samples.

        Returns:
            dict: ``sup_*`` and ``unsup_*`` losses and the mean responses
            ``response_labeled``, ``response_easy``, ``response_hard``.
        """
        labeled, unlabeled = split_labeled(data_samples)
        self._check_differ()
        self._watch_unlabeled(len(unlabeled))
        losses = {}
        if labeled:
            losses.update(self.supervised_loss(inputs[labeled], [data_samples[i] for i in labeled]))
        if unlabeled:
            losses.update(
                self.unsupervised_loss(inputs[unlabeled], [data_samples[i] for i in unlabeled])
            )
        return losses

    def must_differ(self) -> Dict[str, Module]:
        """Networks that learn nothing from one another while they are equal, by name."""
        return {f'student {index}': student for index, student in enumerate(self.students)}

    def _check_differ(self) -> None:
        """Raise a ValueError in the first step if networks that must differ are equal."""
        if not self.training or self._compared:
            return
        self._compared = True
        named = list(self.must_differ().items())
        for index, (name, network) in enumerate(named):
            for other_name, other in named[index + 1 :]:
                if same_parameters(network, other):
                    raise ValueError(
                        f'{type(self).__name__}: {name} and {other_name} have the same weights '
                        'and would stay the same, so neither teaches the other anything. Let '
                        'them start apart: from different checkpoints (an init_cfg for each), '
                        "or with a checkpoint for the backbones alone (the backbone's init_cfg, or "
                        "load_cfg = dict(into='students', leave_out=['head.'])), "
                        'so that the heads are drawn. One network alone is PoseCons'
                    )

    @property
    def started(self) -> bool:
        """Whether unlabelled images take part in this iteration."""
        if not self.start:
            return self.start is not None
        return MessageHub.get_current_instance().get_info('iter', 0) >= self.start

    def _watch_unlabeled(self, number: int) -> None:
        """Raise a ValueError where no batch so far had an unlabelled sample.

        Steps are counted from :attr:`start` on, the first ``PATIENCE`` of a process.
        """
        if not self.training or self._without_unlabeled is None:
            return
        if number:
            self._without_unlabeled = None
        elif self.started:
            self._without_unlabeled += 1
            if self._without_unlabeled >= PATIENCE:
                raise ValueError(
                    f'{type(self).__name__}: none of the first {PATIENCE} batches has an '
                    f'unlabelled sample, so it would learn from labels alone. {UNLABELED_LINES}'
                )

    def supervised_loss(self, inputs: Tensor, data_samples: Sequence) -> Dict[str, Tensor]:
        """Each student's own losses on labelled samples, and their response."""
        if self.lesson_kind == 'keypoints':
            return self._supervised_by_keypoints(inputs, data_samples)
        losses, responses = {}, []
        for index, student in enumerate(self.students):
            with record_heatmaps(student.head) as heatmaps, labels_explained(student, data_samples):
                for name, value in student.loss(inputs, data_samples).items():
                    losses[self._key('sup', index, name)] = value
            responses.append(response(heatmaps[-1]))
        losses['response_labeled'] = torch.stack(responses).mean()
        return losses

    def _supervised_by_keypoints(self, inputs: Tensor, data_samples: Sequence) -> Dict[str, Tensor]:
        """As :meth:`supervised_loss`, for students of any output.

        The pipeline encodes for one codec; students of several encode for themselves.
        """
        losses, responses = {}, []
        codecs = [student.head.decoder for student in self.students]
        alike = all(same_codec(codecs[0], codec) for codec in codecs[1:])
        for index, student in enumerate(self.students):
            samples = data_samples if alike else encoded_labels(student, inputs, data_samples)
            with labels_explained(student, samples):
                own, confidence = own_loss(student, inputs, samples)
            losses.update({self._key('sup', index, name): value for name, value in own.items()})
            responses.append(confidence.mean())
        losses['response_labeled'] = torch.stack(responses).mean()
        return losses

    def unsupervised_loss(self, inputs: Tensor, data_samples: Sequence) -> Dict[str, Tensor]:
        """Losses on unlabelled samples; what a method adds."""
        raise NotImplementedError

    def unsupervised_passes(self) -> Passes:
        """Of one unlabelled image in :meth:`unsupervised_loss`; what a method says."""
        raise NotImplementedError(f'{type(self).__name__} does not say its passes')

    def passes_per_step(self, labeled: int, unlabeled: int) -> Passes:
        """What a training step costs, from the iteration on at which all images take part.

        Args:
            labeled (int): Labelled images of a batch.
            unlabeled (int): Unlabelled images of a batch.
        """
        one = self.unsupervised_passes()
        return Passes(
            unlabeled * one.without_gradient,
            labeled * len(self.students) + unlabeled * one.with_gradient,
        )

    def predict(self, inputs: Tensor, data_samples: Sequence) -> list:
        """Predictions as MMPose data samples.

        ``pred_instances`` holds what ``test_cfg['predict']`` asks for. Each student's
        own flip test and decoding settings hold, unless ``test_cfg`` has others.
        """
        if len(self.predicting) == 1:
            with self.asked(self.predicting[0]) as network:
                return network.predict(inputs, data_samples)
        if self.lesson_kind == 'keypoints':
            return self._predict_joints_together(inputs, data_samples)
        sum_of_heatmaps = 0
        for index, student in enumerate(self.students):
            with self.asked(student):
                _, fields = self._ask(index, inputs, data_samples, output_heatmaps=True)
            sum_of_heatmaps = sum_of_heatmaps + torch.stack([f.heatmaps for f in fields])
        first = self.students[0]
        mean = sum_of_heatmaps / len(self.students)
        fields = None
        with self.asked(first):
            if first.test_cfg.get('output_heatmaps', False):
                fields = [PixelData(heatmaps=heatmaps) for heatmaps in mean]
        return first.add_pred_to_datasample(first.head.decode(mean), fields, data_samples)

    def _predict_joints_together(self, inputs: Tensor, data_samples: Sequence) -> list:
        """As :meth:`predict`, for students of any output.

        Students of one codec: what they decode (SimCC's distributions, heatmaps,
        coordinates) is averaged. Others: their joints are, weighted by their confidence.
        """
        decoded = []
        for index, student in enumerate(self.students):
            with self.asked(student), recorded_decoding(student.head) as outputs:
                instances = self._ask(index, inputs, data_samples, output_heatmaps=False)
            decoded.append((outputs[-1], instances))
        first = self.students[0]
        instances = decode_together(self.students, decoded)
        with self.asked(first):
            return first.add_pred_to_datasample(instances, None, data_samples)

    def _ask(self, index: int, inputs: Tensor, data_samples: Sequence, output_heatmaps: bool):
        """What a student's head predicts, in pixels of the input; the samples keep it, too."""
        student = self.students[index]
        feats = student.extract_feat(inputs)
        if student.test_cfg.get('flip_test', False):
            feats = [feats, student.extract_feat(inputs.flip(-1))]
        options = dict(student.test_cfg, output_heatmaps=output_heatmaps)
        found = student.head.predict(feats, data_samples, options)
        # MMPose moves what it gets into the image, in place.
        instances = copy.deepcopy(found[0] if output_heatmaps else found)
        student.add_pred_to_datasample(instances, None, data_samples)
        for sample in data_samples:
            sample.set_field(sample.pred_instances, f'pred_instances_student{index}')
        return found
