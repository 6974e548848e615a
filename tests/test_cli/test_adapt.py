"""``mmpose-al adapt``: somebody's own config of MMPose, and docs/own_data.md of it."""

import json
import os
import os.path as osp
import re
import shlex

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpose.registry import MODELS

from tests.commands import command
from tests.launching import MMPOSE_TOOLS, run
from tests.test_docs.commands import marked
from tests.tiny_coco import write_config

PAGE = 'docs/own_data.md'
# What MMPose's inferencer needs in a config.
TESTED = """
data_mode, dataset_type = 'topdown', 'CocoDataset'
visualizer = dict(
    type='PoseLocalVisualizer', name='visualizer', vis_backends=[dict(type='LocalVisBackend')])
test_dataloader = dict(
    batch_size=2, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(dataset, test_mode=True,
                 pipeline=dataset['pipeline'][:3] + [dict(type='PackPoseInputs')]))
test_cfg = dict()
test_evaluator = dict(type='PCKAccuracy', thr=0.5)
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A config with labels, and a folder of other images beside it."""
    monkeypatch.chdir(tmp_path)
    write_config(tmp_path, TESTED)
    os.makedirs('frames')
    for index in range(6):
        pixels = np.random.RandomState(index).randint(0, 255, (60, 50, 3)).astype(np.uint8)
        cv2.imwrite(f'frames/{index}.png', pixels)
    return 'tiny.py'


def network_of(config, folder):
    """A checkpoint of a config's network."""
    path = str(folder / 'one.pth')
    torch.save(dict(state_dict=MODELS.build(Config.fromfile(config).model).state_dict()), path)
    return path


def test_a_config_is_written_with_what_it_assumes(mine, tmp_path, capsys):
    os.makedirs('new')
    command('adapt', mine, '--unlabeled', 'frames', '--out', 'new/dual.py')
    said = capsys.readouterr().out
    assert '8 people with labels' in said and '6 without' in said and 'whole image' in said
    cfg = Config.fromfile('new/dual.py')
    assert cfg.model.type == 'PoseDual' and cfg.train_dataloader.batch_size == 4
    with open(cfg.train_dataloader.dataset.unlabeled.ann_file) as file:
        assert json.load(file)['annotations'][0]['bbox'] == [0, 0, 50, 60]
    with pytest.raises(SystemExit, match='is there already'):
        command('adapt', mine, '--unlabeled', 'frames', '--out', 'new/dual.py')


def test_without_out_the_config_is_printed_alone(mine, capsys):
    command('adapt', mine, '--unlabeled', 'frames', '--method', 'posecons')
    told = capsys.readouterr()
    assert told.out.startswith('"""PoseCons')
    assert Config.fromstring(told.out.replace("'tiny.py'", repr(osp.abspath(mine))), '.py')
    assert 'a batch has your 2' in told.err


def test_rtmpose_becomes_students_that_learn_in_keypoints(mine):
    """As in MMPose's own configs: its head, its codec in the pipeline; two steps."""
    with open(mine, 'a') as file:
        file.write(
            """
codec = dict(type='SimCCLabel', input_size=(96, 128), sigma=(3.5, 4.0), normalize=False)
model['head'] = dict(
    type='RTMCCHead', in_channels=512, out_channels=17, input_size=codec['input_size'],
    in_featuremap_size=(3, 4), simcc_split_ratio=2.0, final_layer_kernel_size=3,
    gau_cfg=dict(hidden_dims=32, s=16, expansion_factor=2, dropout_rate=0., drop_path=0.,
                 act_fn='SiLU', use_rel_bias=False, pos_enc=False),
    loss=dict(type='KLDiscretLoss', use_target_weight=True, beta=10., label_softmax=True),
    decoder=codec)
dataset['pipeline'][3] = dict(type='GenerateTarget', encoder=codec)
"""
        )
    command('adapt', mine, '--unlabeled', 'frames', '--out', 'dual.py')
    assert MODELS.build(Config.fromfile('dual.py').model).lesson_kind == 'keypoints'
    command('train', 'dual.py', '--work-dir', 'run')
    state = torch.load('run/iter_2.pth', map_location='cpu', weights_only=False)['state_dict']
    assert all(state[f'students.{index}.head.cls_x.weight'].isfinite().all() for index in (0, 1))


def test_images_that_have_labels_are_left_out(mine, capsys):
    for name in os.listdir('data/images'):
        os.symlink(osp.abspath(f'data/images/{name}'), f'frames/labelled_{name}')
    command('adapt', mine, '--unlabeled', 'frames', '--out', 'dual.py')
    told = capsys.readouterr()
    assert '6 without' in told.out and '8 images that your data sets use' in told.err


def test_a_file_of_boxes_names_its_images(mine, capsys):
    image = dict(id=1, file_name='0.png', width=50, height=60)
    box = dict(id=1, image_id=1, category_id=1, bbox=[5, 5, 20, 30], area=600, iscrowd=0)
    content = dict(images=[image], annotations=[box], categories=[dict(id=1, name='person')])
    with open('boxes.json', 'w') as file:
        json.dump(content, file)
    command('adapt', mine, '--unlabeled', 'boxes.json', '--images', 'frames', '--out', 'a.py')
    command('adapt', mine, '--unlabeled', 'frames', '--boxes', 'boxes.json', '--out', 'b.py')
    one, two = (Config.fromfile(n).train_dataloader.dataset.unlabeled for n in ('a.py', 'b.py'))
    assert one == two and one.ann_file == osp.abspath('boxes.json')
    assert 'whole image' not in capsys.readouterr().out
    with pytest.raises(SystemExit, match='no such image'):
        command('adapt', mine, '--unlabeled', 'boxes.json', '--out', 'c.py')


def test_a_file_of_boxes_is_freed_of_what_validates(mine, capsys):
    """Of three images two are of the test set; the file itself stays as it is."""
    names = ['tested_3.png', 'tested_4.png']
    for name in names:
        os.symlink(osp.abspath(f'data/images/{name[-5:]}'), f'frames/{name}')
    content = dict(images=[], annotations=[], categories=[dict(id=1, name='person')])
    for number, name in enumerate(['0.png', *names], 1):
        content['images'].append(dict(id=number, file_name=name, width=50, height=60))
        box = dict(id=number, image_id=number, category_id=1, bbox=[5, 5, 20, 30], area=600)
        content['annotations'].append(dict(box, iscrowd=0))
    with open('boxes.json', 'w') as file:
        json.dump(content, file)
    command('adapt', mine, '--unlabeled', 'boxes.json', '--images', 'frames', '--out', 'a.py')
    told = capsys.readouterr()
    assert '2 images that validation or test use are left out' in told.err
    assert '1 without' in told.out
    ann_file = Config.fromfile('a.py').train_dataloader.dataset.unlabeled.ann_file
    assert ann_file == osp.abspath('a.unlabeled.json')
    assert [image['file_name'] for image in json.load(open(ann_file))['images']] == ['0.png']
    assert json.load(open('boxes.json')) == content


def test_a_detector_finds_the_boxes(mine):
    found = lambda image: np.array([[4, 6, 30, 40, 0.9]])  # noqa: E731
    words = ('--unlabeled', 'frames', '--detector', 'c.py', 'c.pth', '--out', 'dual.py')
    command('adapt', mine, *words, detector=found)
    source = Config.fromfile('dual.py').train_dataloader.dataset.unlabeled
    with open(source.ann_file) as file:
        boxes = [entry['bbox'] for entry in json.load(file)['annotations']]
    assert boxes == [[4, 6, 30, 40]] * 6


def test_two_students_take_a_checkpoint_but_its_head(mine, tmp_path):
    path = network_of(mine, tmp_path)
    command('adapt', mine, '--unlabeled', 'frames', '--checkpoint', path, '--out', 'dual.py')
    assert Config.fromfile('dual.py').load_cfg == dict(into='students', leave_out=['head.'])
    words = ('--unlabeled', 'frames', '--checkpoint', path, '--method', 'meanteacher')
    command('adapt', mine, *words, '--out', 'mean.py')
    assert Config.fromfile('mean.py').load_cfg == dict(into='students')


def refused(config, text, match, *words):
    """It says why, and writes nothing."""
    with open(config, 'a') as file:
        file.write(text)
    before = sorted(os.listdir('.'))
    with pytest.raises(SystemExit, match=match):
        command('adapt', config, '--unlabeled', 'frames', '--out', 'dual.py', *words)
    assert sorted(os.listdir('.')) == before


def test_a_network_of_a_whole_image_is_refused(mine):
    text = """
codec = dict(type='AssociativeEmbedding', input_size=(96, 128), heatmap_size=(24, 32))
model = dict(
    type='BottomupPoseEstimator', backbone=model['backbone'],
    head=dict(type='AssociativeEmbeddingHead', in_channels=512, num_keypoints=17,
              keypoint_loss=dict(type='KeypointMSELoss'),
              tag_loss=dict(type='AssociativeEmbeddingLoss'), decoder=codec))
"""
    refused(mine, text, 'PoseDual cannot be made of its model: the network must predict')


def test_a_head_of_other_joints_is_refused(mine):
    refused(mine, "\nmodel['head']['out_channels'] = 4\n", 'predicts 4 joints')


def test_data_that_are_elsewhere_are_told_in_a_line(mine):
    refused(mine, "\ndataset['ann_file'] = 'gone.json'\n", 'gone.json.*where the data are')


def test_a_test_set_that_is_elsewhere_is_passed_over(mine, capsys):
    with open(mine, 'a') as file:
        file.write("\ntest_dataloader['dataset']['ann_file'] = 'gone.json'\n")
    command('adapt', mine, '--unlabeled', 'frames', '--out', 'dual.py')
    assert 'test_dataloader.dataset cannot be read' in capsys.readouterr().err


def test_a_checkpoint_of_another_network_is_refused(mine, tmp_path):
    path = str(tmp_path / 'other.pth')
    torch.save(dict(state_dict=dict(weight=torch.ones(2))), path)
    refused(mine, '', 'other.pth: ', '--checkpoint', path)


def test_a_config_of_the_new_style_is_refused_with_the_way_out(mine):
    with open('lazy.py', 'w') as file:
        file.write('from mmengine.config import read_base\nwith read_base():\n    pass\n')
    refused('lazy.py', '', 'dump')


def test_the_page_from_a_config_to_the_inferencer(mine, tmp_path):
    """The commands of the page, under MMPose's own launcher, then its inferencer."""
    blocks = [entry for entry in marked(PAGE) if osp.basename(__file__) in entry.words]
    os.rename(mine, 'my_supervised_config.py')
    network_of('my_supervised_config.py', tmp_path)
    os.rename('one.pth', 'trained.pth')
    for block in blocks[:-1]:
        for line in block.text.replace('\\\n', ' ').splitlines():
            words = shlex.split(line, comments=True)
            words = [re.sub(r'^MMPOSE/tools', MMPOSE_TOOLS, word) for word in words]
            words = [re.sub('iter_[0-9]+', 'iter_2', word) for word in words]
            if words[0] == 'mmpose-al':
                words[:1] = ['python', '-m', 'mmpose_al']
            run(words, tmp_path)  # processes of their own, as people start them
    names = {}
    exec(blocks[-1].text.replace('new.jpg', 'frames/0.png'), names)
    (people,) = names['result']['predictions']
    assert np.shape(people[0]['keypoints']) == (17, 2)
