"""timm's networks as backbones: maps of the told strides, weights of a file, checkpointing."""

import pytest
import torch
from mmpose.registry import MODELS

from mmpose_al.models.backbones.timm_backbone import checkpointed
from tests.helpers import images, samples, student
from tests.test_models.test_semi.estimators import build

timm = pytest.importorskip('timm')
VIT = dict(name='vit_tiny_patch16_224', img_size=(64, 48), depth=2)


def backbone(**kwargs):
    torch.manual_seed(0)
    return MODELS.build(dict(type='TimmBackbone', **kwargs))


@pytest.mark.parametrize(
    'kwargs, shapes',
    [
        (dict(name='resnet18'), [(512, 2, 2)]),
        (dict(name='resnet18', out_indices=(1, 3)), [(64, 16, 12), (256, 4, 3)]),
        (VIT, [(192, 4, 3)]),
        (dict(name='vit_small_patch16_dinov3', depth=1), [(384, 4, 3)]),  # with register tokens
        (  # whose maps timm gives with the channels last
            dict(name='swin_tiny_patch4_window7_224', img_size=(64, 64), out_indices=(0,)),
            [(96, 16, 16)],
        ),
    ],
)
def test_maps_have_the_told_channels_and_strides(kwargs, shapes):
    if 'dinov3' in kwargs['name'] and kwargs['name'] not in timm.list_models():
        pytest.skip('this timm has no DINOv3')
    network = backbone(**kwargs).eval()
    maps = network(torch.zeros(2, 3, *kwargs.get('img_size', (64, 48))))
    assert [tuple(each.shape) for each in maps] == [(2, *shape) for shape in shapes]
    assert network.channels == [shape[0] for shape in shapes]
    assert [64 / stride for stride in network.strides] == [shape[1] for shape in shapes]


def test_a_map_is_the_tokens_in_their_places():
    network = backbone(**VIT).eval()
    image = torch.randn(1, 3, 64, 48)
    inner = network.network.model
    tokens = inner.blocks(inner.norm_pre(inner._pos_embed(inner.patch_embed(image))))
    (found,) = network(image)
    for row, column in ((0, 0), (1, 2), (3, 1)):
        expected = tokens[0, 1 + 3 * row + column]  # behind the class token
        torch.testing.assert_close(found[0, :, row, column], expected)


def test_weights_of_a_file_are_in_and_survive_initialisation(tmp_path):
    torch.manual_seed(1)
    whole = timm.create_model('resnet18', num_classes=1000)
    path = str(tmp_path / 'w.pth')
    torch.save(whole.state_dict(), path)
    network = backbone(name='resnet18', weights=path)
    network.init_weights()
    for name, value in network.network.state_dict().items():
        assert torch.equal(value, whole.state_dict()[name])


def test_a_file_that_lacks_weights_is_refused(tmp_path):
    """timm would leave them random and say nothing."""
    smaller, path = timm.create_model('resnet18').state_dict(), str(tmp_path / 'w.pth')
    torch.save(smaller, path)
    with pytest.raises(ValueError, match=r'w.pth: has no weights for .* \(first: layer1.2.conv1'):
        backbone(name='resnet34', weights=path)
    torch.save(dict(other=torch.ones(1)), path)
    with pytest.raises(ValueError, match='for 60 of the 60 parameters of resnet18'):
        backbone(name='resnet18', weights=path)
    (tmp_path / 'w.pth').write_text('junk')
    with pytest.raises(ValueError, match='w.pth: is no file of weights of resnet18: '):
        backbone(name='resnet18', weights=path)
    with pytest.raises(FileNotFoundError, match='none.pth: there is no such file of weights'):
        backbone(name='resnet18', weights=str(tmp_path / 'none.pth'))


@pytest.mark.parametrize('depth', [2, 12])
def test_a_vit_takes_all_of_its_file(tmp_path, depth):
    """Other sizes of images, fewer blocks and the classifier are no lack."""
    whole = timm.create_model('vit_tiny_patch16_224')
    path = str(tmp_path / 'w.pth')
    torch.save(whole.state_dict(), path)
    network = backbone(weights=path, **dict(VIT, depth=depth)).network
    for name, value in whole.blocks[:depth].state_dict().items():
        assert torch.equal(network.model.blocks.state_dict()[name], value)


def test_weights_that_cannot_be_downloaded(monkeypatch):
    create = timm.create_model

    def offline(name, **kwargs):
        if kwargs.get('pretrained'):
            raise OSError('no network')
        return create(name, **kwargs)

    monkeypatch.setattr(timm, 'create_model', offline)
    with pytest.raises(ValueError, match=r'download the weights of resnet18 \(no network\).*FILE'):
        backbone(name='resnet18', pretrained=True)


def test_maps_and_sizes_that_cannot_be():
    for wrong in (4, (), None):
        with pytest.raises(ValueError, match='out_indices lists the maps of resnet18'):
            backbone(name='resnet18', out_indices=wrong)
    with pytest.raises(ValueError, match=r'out_indices=\(7,\): resnet18 has 5 maps .* 0 to 4'):
        backbone(name='resnet18', out_indices=(7,))
    with pytest.raises(ValueError, match=r'img_size=\(100, 96\).*take \(112, 96\) or \(96, 96\)'):
        backbone(**dict(VIT, img_size=(100, 96)))
    with pytest.raises(ValueError, match=r'images are 48x64.*img_size=\(48, 64\)'):
        backbone(**VIT)(torch.zeros(1, 3, 48, 64))


@pytest.mark.parametrize('kwargs', [VIT, dict(name='resnet18')])
def test_checkpointing_changes_no_gradient_and_every_weight_is_used(kwargs):
    image, gradients = torch.randn(4, 3, 64, 48), []
    for with_cp in (False, True):
        network = backbone(with_cp=with_cp, **kwargs)
        network(image)[0].square().sum().backward()
        gradients.append([p.grad for p in network.parameters()])
    assert len(gradients[0]) > 20
    for plain, again in zip(*gradients):
        assert plain is not None
        torch.testing.assert_close(plain, again)


def test_posedual_learns_with_it():
    config = dict(student(), backbone=dict(type='TimmBackbone', with_cp=True, **VIT))
    config['head'] = dict(
        config['head'],
        in_channels=192,
        deconv_out_channels=(8, 8),
        deconv_kernel_sizes=(4, 4),
        decoder=dict(config['head']['decoder'], input_size=(48, 64), heatmap_size=(12, 16)),
    )
    model = build('PoseDual', config)
    size = dict(input_size=(48, 64))
    data = samples([True, True, False, False], heatmap_size=(12, 16), **size)
    losses = model.loss(images(4, **size), data)
    sum(value for name, value in losses.items() if 'loss' in name).backward()
    for one in model.students:
        assert all(p.grad is not None and p.grad.isfinite().all() for p in one.parameters())


def test_what_timm_lacks_is_said(monkeypatch):
    with pytest.raises(ValueError, match="no network 'resnet_18'; did you mean 'resnet18"):
        backbone(name='resnet_18')
    with pytest.raises(ValueError, match='no network 3'):
        backbone(name=3)
    with pytest.raises(ValueError, match='with_cp=True: plain has no gradient checkpointing'):
        checkpointed(torch.nn.Identity(), 'plain')

    def older(name, **kwargs):
        raise RuntimeError('features_only not implemented for Vision Transformer models.')

    monkeypatch.setattr(timm, 'create_model', older)
    with pytest.raises(ValueError, match='1.0.3 and later do of ViTs'):
        backbone(**VIT)
