"""`mmpose-al confidence` as a user calls it, and what reads its file."""

import json

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpose.registry import MODELS

from mmpose_al.confidence import read_confidence
from tests.commands import command
from tests.helpers import PREPROCESSOR, student
from tests.test_prediction.models import METAINFO, trained, write_images


@pytest.fixture
def work_dir(tmp_path):
    """A network with random weights, and 12 images whose labels are partly what it predicts."""
    folder, images = tmp_path / 'run', write_images(tmp_path / 'images', count=12)
    random, annotations = np.random.RandomState(0), []
    for number in range(12):
        joints = np.concatenate([random.uniform(5, 45, (4, 2)), np.full((4, 1), 2)], 1)
        annotations.append(
            dict(id=number, image_id=number, category_id=1, bbox=[0, 0, 64, 48], area=3072,
                 iscrowd=0, num_keypoints=4, keypoints=joints.flatten().tolist())
        )  # fmt: skip
    content = dict(
        images=[dict(id=i, file_name=f'{i}.png', width=64, height=48) for i in range(12)],
        annotations=annotations,
        categories=[dict(id=1, name='animal')],
    )
    (tmp_path / 'val.json').write_text(json.dumps(content))
    dataset = dict(
        type='CocoDataset', metainfo=METAINFO, ann_file=str(tmp_path / 'val.json'),
        data_prefix=dict(img=f'{images}/'), test_mode=True,
        pipeline=[dict(type='LoadImage'), dict(type='GetBBoxCenterScale'),
                  dict(type='TopdownAffine', input_size=(32, 48)), dict(type='PackPoseInputs')],
    )  # fmt: skip
    loader = dict(batch_size=4, num_workers=0, dataset=dataset,
                  sampler=dict(type='DefaultSampler', shuffle=False))  # fmt: skip
    model = dict(student(4), data_preprocessor=PREPROCESSOR)
    config = Config(
        dict(default_scope='mmpose', model=model, val_dataloader=loader, val_cfg=dict(),
             val_evaluator=dict(type='JointPCK'), work_dir=str(folder / 'test'))
    )  # fmt: skip
    folder.mkdir()
    config.dump(str(folder / 'tiny.py'))
    torch.manual_seed(1)
    network = MODELS.build(config.model)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    torch.save(dict(state_dict=network.state_dict()), str(folder / 'iter_9.pth'))
    return folder


def test_a_map_its_tables_and_a_picture(tmp_path, work_dir, capsys):
    out = tmp_path / 'confidence.json'
    given = (work_dir / 'tiny.py', work_dir / 'iter_9.pth', '--out', out)
    command('confidence', *given, '--thr', '0.3', '--bins', '5')
    shown = capsys.readouterr().out
    content = json.loads(out.read_text())
    assert content['radius'] == dict(thr=0.3, norm='bbox') and content['method'] == 'platt'
    assert sum(content['reliability']['before']['count']) == 48
    assert set(content['joints']) == {'nose', 'left_ear', 'right_ear', 'tail'}
    mapping = read_confidence(str(out))
    assert f'slope {mapping.slope:.3g}, intercept' in shown and '| temperature |' in shown
    assert (tmp_path / 'confidence.png').stat().st_size > 5000
    figures = content['figures']
    assert figures['scores']['right'] == pytest.approx(figures['platt']['right'])
    command('confidence', *given, '--thr', '0.3', '--bins', '5', '--method', 'joints')
    offsets = read_confidence(str(out)).offsets
    assert (
        len(offsets) == 4
        and f', offsets of joints {min(offsets):.3g} to' in capsys.readouterr().out
    )
    out.unlink()
    for radius, right in (('1e-9', 0), ('99', 48)):
        with pytest.raises(SystemExit, match=f'not written: {right} of 48 joints lie within the'):
            command('confidence', *given, '--thr', radius)
    assert not out.exists()
    with pytest.raises(SystemExit, match='2'):
        command('confidence', *given[:3], 'a.txt')
    assert '--out a.txt: let the name end in .json' in capsys.readouterr().err
    with pytest.raises(SystemExit, match='has no test_dataloader.*--data val'):
        command('confidence', *given, '--data', 'test')


def scores_of(out, *words):
    """Scores of joints of all bodies in the COCO file of a prediction."""
    command('predict', *words, *out)
    (path,) = out[-1].glob('*.json')
    people = json.loads(path.read_text())['annotations']
    return np.array([person['keypoint_scores'] for person in people])


def test_predictions_take_it(tmp_path):
    model, images = trained(tmp_path / 'run'), write_images(tmp_path / 'in', count=2)
    path = tmp_path / 'confidence.json'
    path.write_text(
        json.dumps(dict(format='mmpose_al-confidence', version=1, scale='logit', slope=0.5,
                        intercept=1.0))
    )  # fmt: skip
    out = ('--formats', 'coco', '--out', tmp_path / 'out')
    plain = scores_of(out, model, images)
    scores = scores_of(out, model, images, '--confidence', path)  # it begins anew
    assert not np.allclose(scores, plain)
    np.testing.assert_allclose(scores, read_confidence(str(path))(plain), atol=2e-3)
    with pytest.raises(SystemExit, match='0.png'):
        command('predict', model, images, '--out', tmp_path / 'c', '--confidence', images / '0.png')
    with pytest.raises(SystemExit):
        command('predict', '--keypoints', 'k.npz', '--confidence', path, '--out', tmp_path / 'c')
