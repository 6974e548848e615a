"""The configs of COCO, AIC, MPII and Human3.6M on a few real files of each set.

Only the paths of the data change, and how much of it there is: labels, batch, steps.
"""

import copy
import functools
import glob
import json
import math
import os
import os.path as osp

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import DATASETS, MODELS
from mmpose.structures import PoseDataSample
from scipy.io import savemat

from ..commands import command
from .test_configs import CONFIGS, ROOT, without_random_weights, without_weights

CRUMBS = osp.abspath(osp.join(ROOT, '..', 'shared', 'data', 'crumbs'))
SETS = ('coco', 'coco_aic', 'mpii_aic', 'h36m')
HERE = [
    path
    for path in CONFIGS
    if path.split(os.sep)[-3] == 'semi_supervised' and path.split(os.sep)[-2] in SETS
]

needs_crumbs = pytest.mark.skipif(
    not osp.isdir(CRUMBS), reason='no crumbs of the data sets in ../shared/data'
)


@functools.lru_cache(maxsize=None)
def parse(path):
    return Config.fromfile(osp.join(ROOT, path))


def load(path):
    """A config of its own for the test, parsed once."""
    if not path.startswith('configs'):
        path = osp.join('configs', 'semi_supervised', path)
    return copy.deepcopy(parse(path))


# ------------------------------------------------------------------ what they say


def test_every_protocol_is_there():
    for method in ('supervised', 'posecons-a', 'posecons-a-jc', 'posedual-a', 'posedual-a-jc'):
        for size in (1, 5, 10, 20):  # Xie21
            config = load(f'coco/{method}_res18_coco-256x192_{size}k.py')
            labels = config.train_dataloader.dataset.labeled.labels
            assert (labels.unit, labels.num) == ('instances', 1000 * size)
    for method in (
        'pseudopose-a',
        'datadistill-a',
        'multipath-single',
        'multipath-dual',
        'multipath-denoised',
    ):
        for size in (1, 5, 10):
            config = load(f'coco/{method}_res18_coco-256x192_{size}k.py')
            assert config.train_dataloader.dataset.labeled.labels.num == 1000 * size
            if 'multipath' in method:
                assert config.train_cfg.max_epochs == 30
    for method in (
        'supervised',
        'posedual-a',
        'posedual-a-jc',
        'denoised-a',
        'denoised-a-jc',
    ):  # Yu24
        for size, num, depth in [
            ('500', 500, 18),
            ('1k', 1000, 18),
            ('2k', 2000, 18),
            ('5k', 5000, 50),
            ('10k', 10000, 50),
        ]:
            config = load(f'coco/{method}_res{depth}_coco-256x192_{size}-images.py')
            dataset = config.train_dataloader.dataset
            assert dataset.labeled.labels == dict(unit='images', num=num, seed=0)
            if method != 'supervised':
                assert dataset.unlabeled.labels == dataset.labeled.labels
            student = config.model.get('students', config.model)
            assert student.backbone.depth == depth


@pytest.mark.parametrize('path', [p for p in HERE if '_all.py' in p and '/coco' in p])
def test_all_of_train2017_is_labelled_for_400_epochs(path):
    config = load(path)
    labeled = config.train_dataloader.dataset.labeled
    first = labeled[0] if isinstance(labeled, list) else labeled
    assert first.get('subset') is None and first.get('labels') is None
    assert config.train_cfg.max_epochs == 400
    assert config.param_scheduler[1].milestones == [300, 350]


@pytest.mark.parametrize('path', HERE)
def test_equal_halves_and_all_metrics(path):
    config = load(path)
    loader, sampler = config.train_dataloader, config.train_dataloader.sampler
    assert sampler.get('num_unlabeled') is None  # half
    assert loader.batch_size == (64 if loader.dataset.get('unlabeled') else 32)
    inner = [entry.metric for entry in config.val_evaluator]
    assert any(metric.type == 'JointPCK' and metric.per_joint for metric in inner)
    expected = {'coco': 'CocoMetric', 'mpii_aic': 'MpiiPCKAccuracy', 'h36m': 'JointPCK'}
    assert inner[0].type == expected[path.split(os.sep)[-2].replace('coco_aic', 'coco')]
    # one codec for targets, decoding and cropping
    crops = [
        t
        for part in (loader.dataset.pipeline, config.val_dataloader.dataset.pipeline)
        for t in part
        if t.type == 'TopdownAffine'
    ]
    assert len(crops) == 2
    for crop in crops:
        assert crop.get('use_udp', False) is ('-udp_' in path)


# ------------------------------------------------------------------ on real files


class KeepMetrics(Hook):
    def after_val_epoch(self, runner, metrics=None):
        runner.kept_metrics = metrics


@pytest.fixture(scope='module')
def crumbs(tmp_path_factory):
    """Where each annotation file and its images are; some are made of crumbs."""
    made = tmp_path_factory.mktemp('made')
    command(
        'boxes',
        '--from-detections',
        osp.join(CRUMBS, 'coco', 'test_coco_det_AP_H_56.json'),
        '--ann-file',
        osp.join(CRUMBS, 'coco', 'test_coco.json'),
        '--out',
        str(made / 'boxes.json'),
        '--score-thr',
        '0.3',
    )
    # MPII's head boxes: the corners are those of the upper neck and the top of the head
    with open(osp.join(CRUMBS, 'mpii', 'test_mpii.json')) as file:
        joints = np.array([entry['joints'] for entry in json.load(file)])
    savemat(str(made / 'heads.mat'), dict(headboxes_src=joints[:, [8, 9]].transpose(1, 2, 0)))
    # the crumbs of Human3.6M lie in the set's folders, their names do not say so
    for path in glob.glob(osp.join(CRUMBS, 'h36m', '*', '*', '*.jpg')):
        os.symlink(path, str(made / osp.basename(path)))
    return dict(
        person_keypoints=(osp.join(CRUMBS, 'coco', 'test_coco.json'), osp.join(CRUMBS, 'coco')),
        person_boxes=(str(made / 'boxes.json'), osp.join(CRUMBS, 'coco')),
        aic=(osp.join(CRUMBS, 'aic', 'test_aic.json'), osp.join(CRUMBS, 'aic')),
        mpii=(osp.join(CRUMBS, 'mpii', 'test_mpii.json'), osp.join(CRUMBS, 'mpii')),
        h36m=(osp.join(CRUMBS, 'h36m', 'h36m_coco.json'), str(made)),
        heads=str(made / 'heads.mat'),
    )


def use_crumbs(config, crumbs):
    """Replace the data paths of every data set below ``config``; fewer labels."""
    if isinstance(config, (list, tuple)):
        for value in config:
            use_crumbs(value, crumbs)
    elif isinstance(config, dict):
        if 'ann_file' in config:
            name = osp.basename(config['ann_file'])
            kind = [k for k in crumbs if name.startswith(k)][0]
            config['ann_file'], folder = crumbs[kind]
            config['data_prefix'] = dict(img=folder)
            config['data_root'] = ''
            if 'headbox_file' in config:
                config['headbox_file'] = crumbs['heads']
            if config.get('labels'):
                config['labels']['num'] = 2
        for value in config.values():
            use_crumbs(value, crumbs)


def small(config, work_dir):
    """Two steps and an evaluation, in this process."""
    without_weights(config.model)
    config.work_dir = str(work_dir)
    config.experiment_name = osp.basename(work_dir)
    for loader in (config.train_dataloader, config.val_dataloader):
        loader.num_workers, loader.persistent_workers = 0, False
        loader.batch_size = 2
    config.train_cfg = dict(type='IterBasedTrainLoop', max_iters=2, val_interval=2)
    config.param_scheduler = []
    config.test_dataloader = config.test_cfg = config.test_evaluator = None
    config.default_hooks.checkpoint = dict(  # saves nothing
        type='CheckpointHook', by_epoch=False, interval=-1, save_last=False
    )
    return config


def run(path, crumbs, work_dir, **more):
    config = load(path)
    use_crumbs(config.train_dataloader, crumbs)
    use_crumbs(config.val_dataloader, crumbs)
    best = config.default_hooks.checkpoint.save_best
    config = small(config, work_dir)
    config.update(more)
    runner = Runner.from_cfg(config)
    runner.register_hook(KeepMetrics())
    runner.train()
    assert runner.iter == 2
    assert math.isfinite(runner.message_hub.get_scalar('train/loss').current())
    assert best in runner.kept_metrics
    return runner


DUAL = {'', 'mean/', 'ensemble/', 'student0/', 'student1/'}
PCK_PARTS = {'ankle', 'knee', 'hip', 'wrist', 'elbow', 'shoulder'}


def prefixes(metrics, key):
    return {
        name[: -len(key)]
        for name in metrics
        if name.endswith(key) and (name[: -len(key)] == '' or name[: -len(key)].endswith('/'))
    }


@needs_crumbs
@pytest.mark.parametrize(
    'path, labeled, unlabeled',
    [
        ('coco/posedual-a-jc_res18_coco-256x192_1k.py', 2, None),
        ('coco/supervised_res18_coco-256x192_1k.py', 2, 0),
        ('coco/posedual-a-jc_res18_coco-256x192_500-images.py', None, None),
    ],
)
def test_coco(path, labeled, unlabeled, crumbs, tmp_path):
    """Labelled instances; labelled images, whose persons are all labelled."""
    runner = run(path, crumbs, tmp_path / 'run')
    dataset = runner.train_dataloader.dataset
    assert dataset.num_labeled + dataset.num_unlabeled == 12 or unlabeled == 0
    if labeled is not None:
        assert dataset.num_labeled == labeled
    else:
        images = [
            {
                dataset.datasets[i].get_data_info(k)['img_id']
                for k in range(len(dataset.datasets[i]))
            }
            for i in (0, 1)
        ]
        assert len(images[0]) == 2 and not images[0] & images[1]
    metrics = runner.kept_metrics
    dual = 'posedual' in path
    assert prefixes(metrics, 'coco/AP') == (DUAL if dual else {''})
    # Yu24, Table 2: seven joints
    assert {
        name.split('/')[-1] for name in metrics if name.startswith('pck/bbox@0.1/')
    } == PCK_PARTS | {'head'}
    assert prefixes(metrics, 'pck/bbox@0.1') == (DUAL if dual else {''})


@needs_crumbs
def test_coco_additional_with_aic(crumbs, tmp_path):
    """Boxes of a detector, and boxes of another skeleton's annotations."""
    runner = run('coco_aic/posedual-a-jc_res50_coco-aic-256x192_all.py', crumbs, tmp_path / 'run')
    coco, boxes, aic = runner.train_dataloader.dataset.datasets
    assert (len(coco), len(aic)) == (12, 9) and len(boxes) > 20
    # nothing of AI Challenger's keypoints is left
    sample = runner.train_dataloader.dataset[len(coco) + len(boxes)]['data_samples']
    assert sample.gt_instances.keypoints.shape == (1, 17, 2)
    assert float(sample.gt_instance_labels.keypoint_weights.sum()) == 0
    assert sample.is_labeled is False
    assert prefixes(runner.kept_metrics, 'coco/AP') == DUAL


@needs_crumbs
@pytest.mark.parametrize(
    'path, size',
    [
        ('coco_aic/supervised_res50_coco-aic-256x192_all.py', 17),
        ('mpii_aic/supervised_res18_mpii-aic-256x256_all.py', 16),
    ],
)
def test_labels_of_ai_challenger(path, size, crumbs):
    """Its joints stand where the network's are, and weigh nothing elsewhere."""
    config = load(path)
    use_crumbs(config.train_dataloader, crumbs)
    config.train_dataloader.dataset.pipeline = [
        dict(type='LoadImage'),
        dict(type='GetBBoxCenterScale'),
        dict(type='PackPoseInputs'),
    ]
    dataset = DATASETS.build(config.train_dataloader.dataset)
    sample = dataset[dataset.lens[0]]['data_samples']  # the first of AIC
    truth = sample.gt_instances
    # annotation 4: right shoulder 313, 201; right wrist 320, 424; right ankle unknown
    names = dataset.metainfo['keypoint_name2id']
    for name, xy in [('right_shoulder', (313, 201)), ('right_wrist', (320, 424))]:
        assert truth.keypoints[0, names[name]].tolist() == list(xy)
    visible = truth.keypoints_visible[0]
    visible = visible[:, 0] if visible.ndim == 2 else visible
    assert len(visible) == size
    assert visible[names['right_ankle']] == 0
    # 10 labelled joints, among them head top and neck
    assert visible.sum() == (8 if size == 17 else 10)
    if size == 16:
        assert truth.keypoints[0, names['upper_neck']].tolist() == [372, 170]


@needs_crumbs
def test_mpii_with_aic(crumbs, tmp_path):
    runner = run('mpii_aic/posedual-a-jc_res18_mpii-aic-256x256_all.py', crumbs, tmp_path / 'run')
    dataset = runner.train_dataloader.dataset
    assert (dataset.num_labeled, dataset.num_unlabeled) == (5, 9)
    metrics = runner.kept_metrics
    assert prefixes(metrics, 'PCK') >= DUAL
    assert prefixes(metrics, 'pck/head@0.5') == DUAL
    assert PCK_PARTS | {'head'} <= {
        name.split('/')[-1] for name in metrics if name.startswith('pck/head@0.5/')
    }


@needs_crumbs
def test_h36m_adaptation(crumbs, tmp_path):
    """MPII's joints, tested on those that Human3.6M has too."""
    runner = run('h36m/posedual-a-jc_res18_mpii-h36m-256x256_all.py', crumbs, tmp_path / 'run')
    metrics = runner.kept_metrics
    assert prefixes(metrics, 'pck/bbox@0.05') == DUAL
    assert {
        name.split('/')[-1] for name in metrics if name.startswith('pck/bbox@0.05/')
    } == PCK_PARTS | {'pelvis'}
    truth = runner.val_dataloader.dataset[0]['data_samples'].gt_instances
    # the first annotation, right foot: joint 3 there, joint 0 (right ankle) of MPII
    assert truth.keypoints[0, 0].tolist() == pytest.approx([506.2184, 622.5688])
    assert truth.keypoints[0, 13].tolist() == pytest.approx([454.016, 359.7596])


@needs_crumbs
def test_pretrained_then_fine_tuned(crumbs, tmp_path):
    """PoseDual on MPII and AIC; a student; Human3.6M with 17 joints."""
    model = without_weights(load('mpii_aic/posedual-a-jc_res18_mpii-aic-256x256_all.py').model)
    torch.manual_seed(0)
    trained = MODELS.build(model)
    state = {
        k[len('students.0.') :]: v
        for k, v in trained.state_dict().items()
        if k.startswith('students.0.')
    }  # as extract_student.py does
    torch.save(dict(meta={}, state_dict=state), str(tmp_path / 'student0.pth'))
    path = 'h36m/supervised_res18_h36m-256x256_from-posedual.py'
    assert load(path).load_from.endswith('student0.pth')
    runner = run(
        path,
        crumbs,
        tmp_path / 'run',
        load_from=str(tmp_path / 'student0.pth'),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.0)),
    )
    now = runner.model.state_dict()
    for name, value in state.items():
        if 'final_layer' in name:
            assert len(now[name]) == 17 and len(value) == 16
        elif name.endswith('weight'):
            assert torch.equal(now[name], value), name
    assert 'pck/bbox@0.05' in runner.kept_metrics


@needs_crumbs
@pytest.mark.skipif(
    'MMPOSE_AL_ALL_CONFIGS' not in os.environ,
    reason='eight minutes; MMPOSE_AL_ALL_CONFIGS=1 runs them',
)
@pytest.mark.parametrize('path', HERE)
def test_every_config(path, crumbs, tmp_path):
    """Two steps and an evaluation of each."""
    config, more = load(path), {}
    if config.get('load_from'):  # of networks that have to be trained before
        more['load_from'] = None
    if config.model.get('teacher_checkpoint'):
        teacher = MODELS.build(without_weights(copy.deepcopy(config.model.students)))
        torch.save(dict(meta={}, state_dict=teacher.state_dict()), str(tmp_path / 'teacher.pth'))
        parse(path).model.teacher_checkpoint = str(tmp_path / 'teacher.pth')
    run(path, crumbs, tmp_path / 'run', **more)


# ------------------------------------------------------------------ networks


def batch(num_joints, levels=1, size=(96, 128)):
    """A labelled and an unlabelled sample, at half the size of the configs."""
    random = np.random.RandomState(0)
    samples = []
    for labeled in (True, False):
        sample = PoseDataSample(
            metainfo=dict(
                img_shape=size[::-1],
                input_size=size,
                flip_indices=list(range(num_joints)),
                is_labeled=labeled,
                aug_seed=5,
            )
        )
        sample.gt_fields = PixelData()
        maps = random.rand(levels * num_joints, size[1] // 4, size[0] // 4)
        sample.gt_fields.set_data(dict(heatmaps=torch.from_numpy(maps).float()))
        sample.gt_instance_labels = InstanceData(keypoint_weights=torch.ones(1, num_joints))
        samples.append(sample)
    return torch.randn(2, 3, *size[::-1]), samples


@pytest.mark.parametrize(
    'networks',
    [
        'res50',
        'res101',
        'res152',
        'hrnet-w32',
        'hrnet-w48',
        'res18-hrnet-w48',
        'hrnet-w48-dark',
        'hrnet-w48-udp',
    ],
)
def test_a_loss_step_of_each_network(networks):
    torch.manual_seed(0)
    config = load(f'coco/posedual-a-jc_{networks}_coco-256x192_10k.py')
    with without_random_weights():
        model = MODELS.build(without_weights(config.model))
    model.students.apply(finite_weights)
    one_step(model.train(), *batch(17))


def test_a_loss_step_and_a_prediction_of_multi_stage_networks(crumbs_or_none):
    """Targets for each unit; the last unit teaches and predicts."""
    config = load('coco/posedual-a-jc_mspn50_coco-256x192_10k.py')
    assert config.train_dataloader.dataset.pipeline[-2].multilevel
    with without_random_weights():
        model = MODELS.build(without_weights(config.model))
    model.students.apply(finite_weights)
    if crumbs_or_none is None:
        pytest.skip('no crumbs of the data sets in ../shared/data')
    use_crumbs(config.train_dataloader, crumbs_or_none)
    use_crumbs(config.val_dataloader, crumbs_or_none)
    dataset = DATASETS.build(config.train_dataloader.dataset)
    items = [dataset[0], dataset[dataset.num_labeled]]
    data = model.data_preprocessor(
        dict(
            inputs=[item['inputs'] for item in items],
            data_samples=[item['data_samples'] for item in items],
        ),
        training=True,
    )
    one_step(model.train(), data['inputs'], data['data_samples'])
    item = DATASETS.build(config.val_dataloader.dataset)[0]
    with torch.no_grad():
        found = model.eval().test_step(
            dict(inputs=[item['inputs']], data_samples=[item['data_samples']])
        )
    assert found[0].pred_instances.keypoints.shape == (1, 17, 2)
    assert found[0].pred_instances_student1.keypoints.shape == (1, 17, 2)


@pytest.fixture
def crumbs_or_none(request):
    return request.getfixturevalue('crumbs') if osp.isdir(CRUMBS) else None


def finite_weights(module):
    """Small numbers wherever memory was left as it was."""
    for name, parameter in module.named_parameters(recurse=False):
        if parameter.ndim > 1:
            parameter.data.normal_(0, (2 / parameter[0].numel()) ** 0.5)
        elif name == 'bias':
            parameter.data.zero_()


def one_step(model, images, samples):
    losses = model(images, samples, mode='loss')
    total, _ = model.parse_losses(losses)
    total.backward()
    assert math.isfinite(total.item())
    assert {name for name in losses if 'unsup' in name} == {
        'unsup_student0_loss_kpt',
        'unsup_student1_loss_kpt',
    }
    for student in model.students:
        gradient = next(student.head.parameters()).grad
        assert gradient is not None and gradient.abs().sum() > 0
        assert next(student.backbone.parameters()).grad is not None
