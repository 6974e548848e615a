"""MMPose's own tools on our configs, and on what is extracted from our checkpoints."""

import os
import os.path as osp
import runpy
import sys

import mmpose
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpose.apis import MMPoseInferencer, inference_topdown, init_model
from mmpose.apis.inference import dataset_meta_from_config
from mmpose.registry import MODELS

from tests import ROOT
from tests.commands import command

TOOLS = osp.join(osp.dirname(mmpose.__file__), '.mim', 'tools')
SEMI, WEAK, ACTIVE = (
    f'configs/{family}/synthetic'
    for family in ('semi_supervised', 'weakly_supervised_3d', 'active_learning')
)
SINGLE = f'{SEMI}/supervised_lite0_synthetic-64x64_60-images.py'
# A config of each family, and the one of the network that is extracted from it
FAMILIES = {
    f'{SEMI}/posedual-a_lite0_synthetic-64x64_60-images.py': SINGLE,
    f'{SEMI}/meanteacher-999-a_lite0_synthetic-64x64_60-images.py': SINGLE,
    f'{SEMI}/multiview-a_lite0_synthetic-64x64_4-frames.py': SINGLE,
    f'{ACTIVE}/mvc-posedual_lite0_synthetic-64x64.py': f'{ACTIVE}/mvc_lite0_synthetic-64x64.py',
    f'{WEAK}/ws_lite0_synthetic-64x64.py': f'{WEAK}/2d-only_lite0_synthetic-64x64.py',
}
ALONE = [SINGLE, f'{ACTIVE}/mvc_lite0_synthetic-64x64.py']


def picture():
    random = np.random.RandomState(0)
    return np.kron(random.randint(0, 255, (8, 6, 3)), np.ones((12, 12, 1))).astype(np.uint8)


def saved(path, folder):
    """A checkpoint as a run of a config writes it, of weights that differ everywhere."""
    config = Config.fromfile(osp.join(ROOT, path))
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    for parameter in model.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=parameter[0].numel() ** -0.5)
    meta = dict(dataset_meta=dataset_meta_from_config(config), cfg=config.pretty_text)
    out = str(folder / 'trained.pth')
    torch.save(dict(meta=meta, state_dict=model.state_dict()), out)
    return out


def inferred(config, checkpoint, **kwargs):
    """Keypoints (K, 2) of MMPose's inferencer."""
    inferencer = MMPoseInferencer(
        pose2d=osp.join(ROOT, config), pose2d_weights=checkpoint, device='cpu'
    )
    result = next(inferencer(picture(), show_progress=False, **kwargs))
    (people,) = result['predictions']
    (person,) = people
    return np.array(person['keypoints'])


@pytest.mark.parametrize('config', [*FAMILIES, *ALONE])
def test_mmposes_inferencer_takes_a_config_and_its_checkpoint(config, tmp_path):
    checkpoint = saved(config, tmp_path)
    found = inferred(config, checkpoint, draw_heatmap=True, return_vis=True)
    assert found.shape == (17, 2) and len(np.unique(found, axis=0)) > 5
    model = init_model(osp.join(ROOT, config), checkpoint, device='cpu')
    assert model.dataset_meta['dataset_name'] == 'coco'
    (sample,) = inference_topdown(model, picture())
    assert np.allclose(sample.pred_instances.keypoints[0], found, atol=1e-3)


@pytest.mark.parametrize('config', FAMILIES)
def test_mmposes_inferencer_takes_what_is_extracted(config, tmp_path):
    checkpoint, out = saved(config, tmp_path), str(tmp_path / 'one.pth')
    command('extract', checkpoint, out)
    found = inferred(FAMILIES[config], out)
    model = init_model(osp.join(ROOT, config), checkpoint, device='cpu')
    (sample,) = inference_topdown(model, picture())
    first = sample.get('pred_instances_student0', sample.pred_instances)
    center, scale = sample.input_center, sample.input_scale  # a student's are of the crop
    keypoints = first.keypoints[0]
    if 'pred_instances_student0' in sample and not np.allclose(keypoints, found, atol=1e-3):
        keypoints = keypoints / sample.input_size * scale + center - 0.5 * scale
    assert np.allclose(keypoints, found, atol=1e-3)


def run_tool(monkeypatch, name, *args):
    path = osp.join(TOOLS, *name.split('/'))
    monkeypatch.setattr(sys, 'argv', [path, *args])
    runpy.run_path(path, run_name='__main__')


@pytest.mark.parametrize('config', FAMILIES)
def test_mmpose_counts_flops_and_parameters(config, monkeypatch, capsys):
    run_tool(
        monkeypatch, 'analysis_tools/get_flops.py', osp.join(ROOT, config), '--input-shape', '64'
    )
    said = capsys.readouterr().out
    assert 'Flops: 0' not in said and 'Flops: ' in said and 'Params: ' in said


@pytest.mark.parametrize('mode', ['transformed', 'original'])
@pytest.mark.parametrize(
    'config',
    [
        next(iter(FAMILIES)),
        f'{WEAK}/ws_lite0_synthetic-64x64.py',
        f'{ACTIVE}/mvc-posedual_lite0_synthetic-64x64.py',
    ],
)
def test_mmpose_browses_the_data(config, mode, tiny, tmp_path, monkeypatch):
    dataset = 'train_dataloader.dataset'
    options = [f'{dataset}.{kind}.data_root={tiny}/' for kind in ('labeled', 'unlabeled')]
    if SEMI in config:
        options += [f'{dataset}.{kind}.labels.num=4' for kind in ('labeled', 'unlabeled')]
    else:
        options += [f'{dataset}.allow_overlap=True']
    run_tool(
        monkeypatch,
        'misc/browse_dataset.py',
        osp.join(ROOT, config),
        *('--output-dir', str(tmp_path), '--not-show', '--mode', mode),
        *('--max-item-per-dataset', '2', '--cfg-options', *options),
    )
    assert sum(len(files) for _, _, files in os.walk(str(tmp_path))) == 4
