"""2D training samples from a multi-view or plain COCO file."""

import os.path as osp
from collections import defaultdict
from copy import deepcopy
from typing import Any, List, Optional, Sequence, Tuple, Union

import numpy as np
from mmengine.logging import MessageHub, print_log
from mmpose.datasets.datasets.base import BaseCocoStyleDataset
from mmpose.registry import DATASETS

from ..fileio import is_number
from .boxes import suspect_boxes
from .checks import check_joint_names
from .choice import chosen_images
from .format import (
    NO_BOX,
    OUTSIDE,
    FormatError,
    camera_name,
    check_multiview,
    load_multiview,
    parse,
    read,
)
from .image_paths import backslash_note, image_path
from .images import DeclaredImage, ImageFileCheck, check_image_file, check_loading, check_option
from .splits import check_split_source, chosen_labels, load_split, split_instances
from .transforms.keypoint_mapping import parse_metainfo
from .transforms.label_weights import WEIGHTED, weigh_labels

__all__ = ['VIEW_KEYS', 'FormatError', 'MultiViewCocoDataset', 'check_multiview', 'load_multiview']

VIEW_KEYS = ('frame_id', 'camera_id', 'person_id', 'camera', 'pose_3d', 'action')


@DATASETS.register_module()
class MultiViewCocoDataset(BaseCocoStyleDataset):
    """Top-down 2D samples from a multi-view file or a plain COCO file.

    One sample is one person in one image, as in mmpose's ``CocoDataset``, and
    it can be evaluated by ``CocoMetric``. Where the file knows them, a
    ``data_info`` also has (``VIEW_KEYS``)

    - ``frame_id``, ``camera_id``, ``person_id`` (int);
    - ``camera`` (dict): ``name`` and, as float64 arrays, ``K`` (3, 3), ``dist`` (D,),
      ``R`` (3, 3) and ``t`` (3,) of the image as it is stored;
    - ``pose_3d`` (K, 4): x, y, z in world millimetres and 1 where known, else 0;
    - ``action`` (str): of the frame.

    In training an annotation's ``keypoint_weights`` reach the loss, see
    :class:`~mmpose_al.datasets.transforms.LabelWeights`.

    No transform changes these. They are also in the metainfo of the samples that this
    data set packs itself; a pipeline of a data set around it packs them where
    ``PackPoseInputs`` has them in ``meta_keys``.

    Args:
        cameras (Sequence[str | int], optional): Names or ids of cameras; only their
            images are kept. None: all images, also those without a camera. A split is
            still that of the whole file, so with ``cameras`` take splits of
            ``frames``.
        subjects (Sequence[str], optional): Only frames of these subjects are kept, such
            as ``['S1']``. None: all.
        poses_3d (bool): Whether samples carry their frame's 3D pose. False hides it:
            training without 3D labels.
        ids_file (str, optional): Split file of
            ``mmpose-al split``. Like ``bbox_file`` it
            is not joined with ``data_root``.
        labels (dict, optional): Instead of a file: ``dict(unit='instances' |
            'images' | 'frames', num=N, mode='random' | 'first', seed=0)``
            chooses the same ids as the tool; without ``num`` all that have a label.
        subset (str, optional): ``'labeled'``: the instances that the split
            names, ``'unlabeled'``: every other valid one, None: all.
        on_bad (str): ``'raise'``: a bad annotation (wrong number of joints, a
            number that is not finite, zero-area box, keypoint outside the
            image, ...) is a :class:`FormatError`. ``'skip'``: it is left out,
            counted and logged; a keypoint outside the image only becomes
            unlabelled (v = 0). Broken ids and references always raise.
        check_split (bool): Whether the split must belong to exactly this
            annotation file (SHA-256).
        exif (str): ``'check'``: an image whose EXIF orientation keeps its size is refused,
            because nobody knows whether its annotations are of the image as it is shown
            or as it is stored. ``'shown'``: they are, in the whole file, of the images as
            they are shown. See :mod:`mmpose_al.datasets.images`.
        check_images (bool | str): As of
            :class:`~mmpose_al.datasets.LabeledUnlabeledDataset`, which checks the images
            of its sources itself.
        box_from_keypoints (bool): Whether a labelled person without a box gets that of
            its labelled joints. False: it is no sample, and counted and logged.
        need_keypoints (bool): Whether instances without a labelled keypoint
            are left out, as mmpose does. False keeps every person with a box,
            for images that nobody has annotated.
        check_names (bool): Whether the joints that the file names must be those of the
            metainfo. Spelling does not count, nor do a few other names (a warning).
        **kwargs: As :class:`mmpose.datasets.BaseCocoStyleDataset`.

    Raises:
        FormatError: The annotation or split file breaks its format.
        ValueError: Bad arguments, or no valid instance is left.
    """

    METAINFO: dict = dict(from_file='configs/_base_/datasets/coco.py')

    def __init__(
        self,
        *args,
        cameras: Optional[Sequence[Union[str, int]]] = None,
        subjects: Optional[Sequence[str]] = None,
        poses_3d: bool = True,
        ids_file: Optional[str] = None,
        labels: Optional[dict] = None,
        subset: Optional[str] = None,
        on_bad: str = 'raise',
        check_split: bool = True,
        need_keypoints: bool = True,
        exif: str = 'check',
        check_images: Union[bool, str] = False,
        box_from_keypoints: bool = False,
        check_names: bool = True,
        **kwargs,
    ) -> None:
        name = type(self).__name__
        check_choice(name, subset, ids_file, labels, cameras, subjects)
        if on_bad not in ('raise', 'skip'):
            raise ValueError(f'{name}: on_bad is {on_bad!r}; it must be "raise" or "skip"')
        if exif not in ('check', 'shown'):
            raise ValueError(f'{name}: exif is {exif!r}; it must be "check" or "shown"')
        check_option(check_images, name)
        self.cameras, self.subjects, self.poses_3d = cameras, subjects, poses_3d
        self._camera_of, self._action_of = {}, {}
        self._pose_index, self._poses = {}, np.zeros((0, 0, 4))
        self.has_weights = False  # whether some labels count less than others
        self.ids_file = ids_file
        self.labels = labels
        self.subset = subset
        self.on_bad = on_bad
        self.check_split = check_split
        self.need_keypoints = need_keypoints
        self.exif = exif
        self._file_is_complete = True  # as far as an evaluator that reads it needs it
        self.box_from_keypoints = box_from_keypoints
        self.loads_elsewhere = False  # a data set around this one checks what it loads
        self.check_names = check_names
        super().__init__(*args, **kwargs)
        if self.test_mode and not self._file_is_complete:
            # Else CocoMetric reads the file itself, not the samples.
            hub = MessageHub.get_current_instance()
            hub.runtime_info.pop(f'{self._metainfo["dataset_name"]}_ann_file', None)
        check_loading(self.pipeline.transforms)
        weigh_labels(self.pipeline.transforms)
        if check_images:
            self.pipeline.transforms.insert(0, ImageFileCheck(check_images == 'decode'))
        if self.data_mode != 'topdown' and subset is not None:
            raise ValueError(
                f'{name}: subset={subset!r} chooses instances and needs data_mode="topdown"'
            )

    @classmethod
    def _load_metainfo(cls, metainfo: Optional[dict] = None) -> dict:
        """See MMPose's; refuses joints that cannot be mirrored."""
        given = deepcopy(cls.METAINFO if metainfo is None else metainfo)
        return parse_metainfo(given, cls.__name__) if given else given

    def get_data_info(self, idx: int) -> dict:
        """One sample's data_info with camera, 3D pose and action of its frame."""
        info = super().get_data_info(idx)
        if info.get('camera_id') in self._camera_of:
            info['camera'] = deepcopy(self._camera_of[info['camera_id']])
        if self._action_of.get(info.get('frame_id')) is not None:
            info['action'] = self._action_of[info['frame_id']]
        pose = self._pose_index.get((info.get('frame_id'), info.get('person_id')))
        if pose is not None:
            info['pose_3d'] = self._poses[pose].copy()
        return info

    def prepare_data(self, idx: int) -> Any:
        """One sample through the pipeline; ``VIEW_KEYS`` become metainfo."""
        info = self.get_data_info(idx)
        view = {key: info[key] for key in VIEW_KEYS if key in info}
        info['dataset'] = self  # for transforms that mix images, as in mmpose
        size = info.get('image_size') or info.get('img_shape', ())[::-1]  # of bbox_file
        if size:
            info['declared_image'] = DeclaredImage(tuple(size[:2]), self.ann_file, self.exif)
        try:
            data = self.pipeline(info)
        except FileNotFoundError as error:
            note = backslash_note(info.get('img_path') or '')
            if not note:
                raise
            raise FileNotFoundError(f'{error}{note}') from error
        if isinstance(data, dict) and 'img' not in data and 'inputs' not in data:
            self._check_unloaded(data)
        if isinstance(data, dict) and 'data_samples' in data:
            data['data_samples'].set_metainfo(view)
        return data

    def _check_unloaded(self, data: dict) -> None:
        """Check by its header an image that somebody else will load unchecked."""
        declared, path = data.get('declared_image'), data.get('img_path')
        if declared is not None and not self.loads_elsewhere and osp.isfile(path):
            check_image_file(path, declared)

    def load_data_list(self) -> List[dict]:
        data_list = super().load_data_list()
        if not data_list:
            what = f' in subset "{self.subset}"' if self.subset else ''
            raise ValueError(
                f'{self.bbox_file or self.ann_file}: no valid instance{what}. An '
                'instance needs a box with an area, iscrowd 0 and '
                + ('a labelled keypoint (v > 0)' if self.need_keypoints else 'nothing else')
                + '; check the file'
                + (f' and the split {self.ids_file}' if self.ids_file else '')
            )
        return data_list

    def _load_annotations(self) -> Tuple[List[dict], List[dict]]:
        raw = read(self.ann_file)
        num_joints = self._metainfo['num_keypoints']
        content = parse(raw, self.ann_file)
        data = check_multiview(
            content, self.ann_file, num_joints, self.on_bad, self.box_from_keypoints
        )
        self._metainfo['CLASSES'] = data['categories']
        # The evaluator reads UTF-8 without a mark.
        is_plain = raw.lstrip()[:1] == b'{' and b'\0' not in raw[:4]
        self._file_is_complete = is_plain and self._evaluator_reads(content)
        self._report(data)
        self._keep_views(data)
        image_list = []
        for image in chosen_images(data, self.cameras, self.subjects, self.ann_file):
            if image['id'] % self.sample_interval == 0:
                image = dict(
                    image,
                    img_id=image['id'],
                    img_path=image_path(self.data_prefix['img'] or '', image['file_name']),
                )
                image_list.append(image)
        by_image = defaultdict(list)
        for annotation in data['annotations']:
            by_image[annotation['image_id']].append(annotation)
        chosen = self._chosen(data, raw)
        instance_list = []
        for image in image_list:
            for annotation in by_image[image['id']]:
                if chosen is not None and annotation['id'] not in chosen:
                    continue
                info = self.parse_data_info(dict(raw_ann_info=annotation, raw_img_info=image))
                if info:
                    instance_list.append(info)
        return instance_list, image_list

    def parse_data_info(self, raw_data_info: dict) -> Optional[dict]:
        """One annotation as a data_info; None if it has no box."""
        annotation = raw_data_info['raw_ann_info']
        image = raw_data_info['raw_img_info']
        if annotation.get('bbox') is None:
            return None
        if not annotation.get('keypoints'):
            if self.need_keypoints:
                return None
            annotation = dict(annotation, keypoints=[0] * (3 * self._metainfo['num_keypoints']))

        x, y, w, h = annotation['bbox']
        right, bottom = image['width'] - 1, image['height'] - 1
        x1, x2 = (min(max(v, 0), right) for v in (x, x + w))
        y1, y2 = (min(max(v, 0), bottom) for v in (y, y + h))
        keypoints = np.array(annotation['keypoints'], dtype=np.float32).reshape(1, -1, 3)
        area = annotation.get('area')
        if area is None or area <= 0:
            area = max((x2 - x1) * (y2 - y1) * 0.53, 1.0)
        if annotation.get('area') != area or annotation.get('iscrowd') is None:
            # The evaluator reads them there.
            annotation = dict(annotation, area=float(area), iscrowd=annotation.get('iscrowd') or 0)
        info = dict(
            img_id=annotation['image_id'],
            img_path=image['img_path'],
            image_size=(int(image['width']), int(image['height'])),
            bbox=np.array([[x1, y1, x2, y2]], dtype=np.float32),
            bbox_score=np.ones(1, dtype=np.float32),
            num_keypoints=int(np.count_nonzero(keypoints[0, :, 2] > 0)),
            keypoints=keypoints[..., :2],
            keypoints_visible=np.minimum(1, keypoints[..., 2]),
            area=np.array(area, dtype=np.float32),
            iscrowd=annotation['iscrowd'],
            segmentation=annotation.get('segmentation'),
            id=annotation['id'],
            category_id=np.array(annotation['category_id']),
            # No copy: serialising (or get_data_info) makes one.
            raw_ann_info=annotation,
        )
        if 'crowdIndex' in image:
            info['crowd_index'] = image['crowdIndex']
        weights = annotation.get('keypoint_weights')
        if weights is not None and not self.test_mode and self.data_mode == 'topdown':
            visible = info['keypoints_visible']
            info['keypoints_visible'] = np.stack([visible, np.float32(weights)[None]], -1)
            info[WEIGHTED] = self.has_weights = True
        for key in ('frame_id', 'camera_id'):
            if image.get(key) is not None:
                info[key] = image[key]
        if annotation.get('person_id') is not None or 'frame_id' in info:
            info['person_id'] = annotation.get('person_id') or 0
        return info

    def _keep_views(self, data: dict) -> None:
        """Remember cameras, actions and 3D poses once, not once a sample."""
        self._camera_of = {
            camera['id']: dict(
                {key: camera[key] for key in ('K', 'dist', 'R', 't')}, name=camera_name(camera)
            )
            for camera in data['cameras']
        }
        self._action_of = {frame['id']: frame.get('action') for frame in data['frames']}
        if not self.poses_3d:
            return
        self._pose_index = {
            (pose['frame_id'], pose.get('person_id') or 0): i
            for i, pose in enumerate(data['poses_3d'])
        }
        if data['poses_3d']:
            self._poses = np.stack([pose['keypoints_3d'] for pose in data['poses_3d']])

    def _get_topdown_data_infos(self, instance_list: List[dict]) -> List[dict]:
        if self.need_keypoints:
            return super()._get_topdown_data_infos(instance_list)
        return [
            info for info in instance_list if not info['iscrowd'] and _box_area(info['bbox'][0]) > 0
        ]

    def _get_bottomup_data_infos(
        self, instance_list: List[dict], image_list: List[dict]
    ) -> List[dict]:
        """One data_info an image; what all its persons share is not a list."""
        image_of = {image['img_id']: image for image in image_list}
        infos = super()._get_bottomup_data_infos(instance_list, image_list)
        for info in infos:
            image = image_of[info['img_id']]
            info.pop('person_id', None)
            info['image_size'] = (int(image['width']), int(image['height']))
            info.update({k: image[k] for k in ('frame_id', 'camera_id') if k in info})
        return infos

    def _chosen(self, data: dict, raw: bytes) -> Optional[set]:
        """Annotation ids of the subset; None for all of them."""
        if self.subset is None:
            return None
        if self.labels is not None:
            split = dict(
                unit=self.labels['unit'],
                labeled=chosen_labels(data, path=self.ann_file, **self.labels),
            )
        else:
            split = load_split(self.ids_file)
            if self.check_split:
                check_split_source(split, self.ids_file, self.ann_file, raw)
        labeled = split_instances(split, data, self.ids_file, self.ann_file)
        if self.subset == 'labeled':
            return labeled
        return {annotation['id'] for annotation in data['annotations']} - labeled

    def _evaluator_reads(self, content: dict) -> bool:
        """Whether MMPose's evaluator finds in the file all that it needs."""
        length = 3 * self._metainfo['num_keypoints']
        return all(
            is_number(annotation.get('area'))
            and annotation['area'] > 0
            and annotation.get('iscrowd') is not None
            and annotation.get('num_keypoints') is not None
            and annotation.get('bbox') is not None
            and isinstance(annotation.get('keypoints'), list)
            and len(annotation['keypoints']) == length
            for annotation in content['annotations']
        )

    def _report(self, data: dict) -> None:
        self._report_boxes(data)
        for kind, ids in data['skipped'].items():
            verb = 'marked unlabelled in' if kind == OUTSIDE else 'skipped:'
            why = (
                'write bbox, or set box_from_keypoints=True' if kind == NO_BOX else 'on_bad="skip"'
            )
            print_log(
                f'{self.ann_file}: {kind}: {verb} {len(ids)} annotation(s) '
                f'({why}), first ids {ids[:5]}',
                'current',
                level=30,
            )
        used = {annotation.get('category_id') for annotation in data['annotations']}
        for category in data['categories'] if self.check_names else []:
            if category.get('id') not in used:
                continue
            where = f'{self.ann_file}: category {category.get("name")!r}'
            said = check_joint_names(category.get('keypoints') or (), self._metainfo, where)
            if said:
                print_log(said, 'current', level=30)

    def _report_boxes(self, data: dict) -> None:
        """Warn of boxes that pass the border, as x1 y1 x2 y2 do."""
        found = suspect_boxes(data)
        if found.passing or found.corners:
            print_log(
                f'{self.ann_file}: {found.passing} of {found.total} boxes pass the right or lower '
                f'border of their image and are clipped; {found.corners} reach or pass it and '
                'would hold their joints if read as [x1, y1, x2, y2]; first annotation id '
                f'{found.first}. A bbox is [x, y, width, height]: check that these are',
                'current',
                level=30,
            )


def _box_area(xyxy) -> float:
    return max(xyxy[2] - xyxy[0], 0) * max(xyxy[3] - xyxy[1], 0)


def check_choice(name, subset, ids_file, labels, cameras, subjects) -> None:
    """Raise ValueError unless arguments of :class:`MultiViewCocoDataset` choose samples.

    Args:
        name (str): Of the data set's class, for the message.
        subset, ids_file, labels, cameras, subjects: Its arguments.
    """
    if subset not in ('labeled', 'unlabeled', None):
        raise ValueError(f'{name}: subset is {subset!r}; it must be "labeled", "unlabeled" or None')
    given = (ids_file is not None) + (labels is not None)
    if given != int(subset is not None):
        raise ValueError(
            f'{name}: subset and one of ids_file and labels go '
            f'together; got subset={subset!r}, '
            f'ids_file={ids_file!r}, labels={labels!r}'
        )
    if isinstance(cameras, (str, int)):
        raise ValueError(
            f'{name}: cameras is {cameras!r}; it must be a list of '
            f'names or ids, such as [{cameras!r}]'
        )
    if isinstance(subjects, str):
        raise ValueError(
            f'{name}: subjects is {subjects!r}; it must be a list of names, such as [{subjects!r}]'
        )
