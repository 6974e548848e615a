"""The pass over the pool: batches in, a table out."""

import ast
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData
from mmpose.registry import MODELS
from torch import nn

from mmpose_al.active_learning import scoring
from mmpose_al.active_learning.scoring import (
    check_finite,
    check_model,
    check_untrained,
    column,
    score_batch,
    score_pool,
    scoring_networks,
)
from mmpose_al.active_learning.statistics import Statistic, chosen_statistics
from mmpose_al.active_learning.statistics.base import registered_statistics
from mmpose_al.active_learning.statistics.batch import Networks
from mmpose_al.active_learning.strategies import QueryStrategy
from mmpose_al.confidence import ConfidenceMap
from tests.helpers import PREPROCESSOR, student
from tests.test_active_learning.test_statistics.batches import (
    change,
    deep,
    dual,
    make_batch,
    make_samples,
    plain,
)
from tests.test_active_learning.test_strategies.cases import build
from tests.test_models.test_semi.keypoint_heads import regression, rtmpose


def loader(sizes=(2, 3)):
    """Batches as a data loader gives them, of views 100, 101, ..."""
    generator = np.random.RandomState(0)
    samples, batches = make_samples(sum(sizes)), []
    for size in sizes:
        images = [generator.randint(0, 255, (3, 48, 32), np.uint8) for _ in range(size)]
        inputs = [torch.from_numpy(image) for image in images]
        batches.append(dict(inputs=inputs, data_samples=samples[:size]))
        samples = samples[size:]
    return batches


def model_of(make):
    model = make()
    model.data_preprocessor = MODELS.build(PREPROCESSOR)
    return model


def test_a_pool_is_a_table_of_its_views():
    told = []
    model = model_of(plain).train()
    views = score_pool(model, loader(), 'frames', progress=told.append)
    assert views.id.tolist() == [100, 101, 102, 103, 104] and told == [2, 3]
    assert set(views) == set(chosen_statistics()) - {'disagreement', 'keypoints_3d'}
    assert not model.training
    one = score_pool(model, loader((5,)), 'frames')
    for name in views:
        np.testing.assert_allclose(views[name], one[name], rtol=1e-5, err_msg=name)


def test_a_diverged_network_scores_nothing():
    """Its heatmaps are not finite, so that it cannot ask for labels."""
    for value in (float('nan'), float('inf')):
        model = model_of(plain)
        model.head.final_layer.bias.data[1] = value
        with pytest.raises(
            FloatingPointError, match='network 0 are not finite for 2 of 2 images.*no label'
        ):
            score_pool(model, loader(), 'frames')


def test_outputs_are_finite_one_by_one_not_only_their_sum():
    """Opposite infinities, and numbers whose sum alone is too large for float32."""
    inf = float('inf')
    samples = [SimpleNamespace(metainfo=dict(img_path=f'{i}.png')) for i in range(2)]
    for values, faulty in (([3e38, 3e38], False), ([inf, -inf], True), ([0, inf], True)):
        batch = SimpleNamespace(
            samples=samples, every_output=[torch.zeros(2, 2), torch.tensor([[0.0, 0], values])]
        )
        if not faulty:
            check_finite(batch)
            continue
        with pytest.raises(FloatingPointError, match='network 1 .* 1 of 2 images.*1.png'):
            check_finite(batch)


def test_what_a_model_cannot_give_is_left_out():
    assert 'disagreement' in score_pool(model_of(dual), loader(), 'frames')
    one = model_of(lambda: dual(predict=1))
    assert 'disagreement' not in score_pool(one, loader(), 'frames')
    asked = score_pool(one, loader(), 'frames', ['disagreement'])
    both = score_pool(model_of(dual), loader(), 'frames')
    for name in both:  # all students score then
        np.testing.assert_array_equal(asked[name], both[name])
    assert score_pool(model_of(plain), loader(), 'frames', ('features',)).features.shape == (5, 8)


def test_who_scores():
    model = dual(predict=1)
    assert scoring_networks(model).each == [model.students[1]]
    assert scoring_networks(model, ('cameras', 'features')).each == [model.students[1]]
    assert scoring_networks(model, ('disagreement',)).each == list(model.students)


def test_pools_that_cannot_be_scored():
    model = model_of(plain)
    with pytest.raises(ValueError, match='clips'):
        score_pool(model, loader(), 'clips')
    with pytest.raises(ValueError, match='no view to score'):
        score_pool(model, [], 'frames')
    with pytest.raises(ValueError, match="'sharpness'"):
        score_pool(model, loader(), 'frames', ['sharpness'])
    batches = loader()
    batches[0]['data_samples'] = change(batches[0]['data_samples'], frame_id=None)
    with pytest.raises(ValueError, match='belongs to no frame'):
        score_pool(model, batches, 'frames')


# ---- a column --------------------------------------------------------------------


def made_by(values, **attributes):
    """A statistic that computes these values."""
    return type('Made', (Statistic,), dict(attributes, compute=lambda self, batch: values))()


def test_a_column_has_the_type_that_was_said():
    batch = make_batch()
    assert column('a', made_by([1, 2, 3]), batch, {}).dtype == np.float32
    assert column('a', made_by([True, False, True], dtype=bool), batch, {}).tolist() == [1, 0, 1]


def test_missing_values_are_filled():
    batch, sizes = make_batch(), dict(K=2)
    pairs = made_by([[1, 2], None, [3, 4]], shape=('K',))
    assert column('a', pairs, batch, sizes)[1].tolist() == pytest.approx([np.nan] * 2, nan_ok=True)
    whole = made_by([5, None, 6], dtype=np.int64, missing=-1)
    assert column('a', whole, batch, sizes).tolist() == [5, -1, 6]
    with pytest.raises(ValueError, match=r"'1.png': a person has no age"):
        column('age', made_by([5, None, 6], missing=None), batch, sizes)


@pytest.mark.parametrize(
    'values, shape',
    [
        (np.zeros(2), ()),
        (np.zeros((3, 1)), ()),
        (np.zeros(3), (1,)),
        (np.zeros((3, 5)), (4,)),
        (np.zeros((3, 5)), ('K',)),
        (np.zeros((3, 5, 6)), ('F', 'F')),
    ],
)
def test_another_shape_is_refused(values, shape):
    with pytest.raises(ValueError, match=r"'own' gave an array of shape \("):
        column('own', made_by(values, shape=shape), make_batch(), dict(K=4))


def test_a_letter_is_one_size_in_all_columns():
    statistics = dict(
        one=made_by(np.zeros((3, 6)), shape=('F',)), two=made_by(np.zeros((3, 6, 4)), shape='FK')
    )
    views = score_batch(make_batch(), statistics)
    assert views.one.shape == (3, 6) and views.two.shape == (3, 6, 4)
    statistics['two'] = made_by(np.zeros((3, 7, 4)), shape='FK')
    with pytest.raises(ValueError, match="'two' gave"):
        score_batch(make_batch(), statistics)


# ---- models that do not suit -----------------------------------------------------


@pytest.mark.parametrize(
    'strategy, make, match',
    [
        ('CommitteeDisagreement', plain, 'CommitteeDisagreement compares the joints.*PoseDual'),
        ('CommitteeDisagreement', deep, 'CommitteeDisagreement compares the joints'),
        ('ViewDisagreement3D', dual, '3D poses of single.*HeatmapHead; train.*Heatmap2p5DHead'),
        (dict(type='CoreSetPoses', root=4), plain, 'beyond the 4'),
    ],
)
def test_a_model_that_does_not_suit_a_strategy(strategy, make, match):
    strategy = build(dict(type=strategy) if isinstance(strategy, str) else strategy)
    with pytest.raises(ValueError, match=match):
        check_model(make(), strategy)


def test_models_that_suit():
    check_model(plain(), build(dict(type='CoreSetFeatures')))
    check_model(dual(predict=1), build(dict(type='CommitteeDisagreement')))
    check_model(deep(), build(dict(type='ViewDisagreement3D')))
    check_model(plain(), build(dict(type='CoreSetPoses', root=3)))
    four = ConfidenceMap('logit', 1.0, 0.0, (0.0,) * 4)
    check_model(plain(), build(dict(type='RandomSampling')), four)
    with pytest.raises(ValueError, match='told for each of 3 joints, but there are 4; make it'):
        check_model(plain(), build(dict(type='RandomSampling')), four._replace(offsets=(0.0,) * 3))


def test_a_network_without_a_codec_and_a_need_that_nothing_meets():
    network = plain()
    network.head = nn.Identity()
    network.head.out_channels = 4
    with pytest.raises(ValueError, match='network 0: the head Identity .* decoder NoneType'):
        check_model(network, build(dict(type='RandomSampling')))

    class Unmet(QueryStrategy):
        needs = ('nothing',)

    with pytest.raises(ValueError, match="'nothing'"):
        check_model(plain(), Unmet())
    assert Networks(plain()).joints == 4


SIMCC = dict(type='PoseDual', students=rtmpose())
OTHER_SIZES = dict(type='PoseDual', students=[student(), student(heatmap_size=(16, 24))])
MIXED = dict(type='PoseDual', students=[student(), rtmpose()])
NO_PEAKS = dict(
    RLE=regression('RLEHead'),
    regression=dict(type='PoseDual', students=regression()),
    sizes=OTHER_SIZES,
    mixed=MIXED,
)


@pytest.mark.parametrize('model', [SIMCC, rtmpose()], ids=['two', 'one'])
@pytest.mark.parametrize('kind', ['BestVsSecondBest', 'MultiPeakEntropy', 'LeastConfidence'])
def test_simcc_has_peaks(kind, model):
    """Measures of the product of its two distributions; see test_geometry/test_simcc.py."""
    strategy, made = build(dict(type=kind)), MODELS.build(model)
    check_model(made, strategy)
    made.data_preprocessor = MODELS.build(PREPROCESSOR)
    views = score_pool(made, loader(), 'frames', strategy.statistics)
    for name in {'margin', 'entropy'} | set(strategy.statistics):
        assert np.isfinite(views[name]).all() and len(set(views[name].tolist())) > 1, name


@pytest.mark.parametrize('model', NO_PEAKS.values(), ids=NO_PEAKS)
@pytest.mark.parametrize('kind', ['BestVsSecondBest', 'MultiPeakEntropy', 'LeastConfidence'])
def test_what_reads_peaks_refuses_networks_without_common_ones(kind, model):
    """Before any training."""
    match = f'{kind} reads the peaks of heatmaps or of SimCC, but .* choose another strategy'
    with pytest.raises(ValueError, match=match):
        check_model(MODELS.build(model), build(dict(type=kind)))


@pytest.mark.parametrize('model', [SIMCC, *NO_PEAKS.values()], ids=['SimCC', *NO_PEAKS])
def test_a_pool_is_scored_by_networks_of_any_output(model):
    """What they have no peaks for is left out; of two networks the joints disagree."""
    made = MODELS.build(model)
    made.data_preprocessor = MODELS.build(PREPROCESSOR)
    check_model(made, build(dict(type='RandomSampling')))
    views = score_pool(made, loader(), 'frames', ('features',))
    absent = {'keypoints_3d', 'highest_probability'}
    absent |= set() if model is SIMCC else {'margin', 'entropy'}
    two = model['type'] == 'PoseDual'
    absent |= set() if two else {'disagreement'}
    assert absent.isdisjoint(views)
    assert views.keypoints.shape == (5, 4, 2) and np.isfinite(views.keypoints).all()
    assert views.scores.shape == (5, 4) and views.features.shape == (5, 8)
    if two:
        assert (views.disagreement > 0).all()
        check_model(made, build(dict(type='CommitteeDisagreement')))


def test_a_regression_network_that_diverged_scores_nothing():
    model = MODELS.build(regression())
    model.data_preprocessor = MODELS.build(PREPROCESSOR)
    model.head.fc.bias.data[1] = float('nan')
    with pytest.raises(FloatingPointError, match='outputs of network 0 are not finite for 2 of 2'):
        score_pool(model, loader(), 'frames')


@pytest.mark.parametrize('model', [SIMCC, MIXED], ids=['SimCC', 'mixed'])
def test_keypoints_of_a_pass_are_those_of_a_test(model):
    made = MODELS.build(model)
    made.data_preprocessor = MODELS.build(PREPROCESSOR)
    (batch,) = loader((3,))
    views = score_pool(made, [batch], 'frames')
    with torch.no_grad():
        for sample in batch['data_samples']:
            sample.gt_instances = InstanceData(bboxes=np.zeros((1, 4)), bbox_scores=np.ones(1))
        inputs = made.data_preprocessor(dict(batch), False)['inputs']
        predicted = made.predict(inputs, batch['data_samples'])
    for row, sample in enumerate(predicted):
        found = sample.pred_instances
        np.testing.assert_allclose(views.keypoints[row], found.keypoints[0], rtol=1e-5)
        np.testing.assert_allclose(views.scores[row], found.keypoint_scores[0], rtol=1e-5)


def test_the_pass_names_no_statistic():
    """One that is added is one new file, whatever it is."""
    with open(scoring.__file__) as file:
        nodes = list(ast.walk(ast.parse(file.read())))
    words = {node.value for node in nodes if isinstance(node, ast.Constant)}
    words |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    assert not words & set(registered_statistics())


def test_before_any_training_only_what_needs_none():
    model = model_of(plain)
    views = score_pool(model, loader(), 'frames', ('appearance',), trained=False)
    expected = {'id', 'image_id', 'unit', 'frame_id', 'camera_id', 'person_id', 'diagonal'}
    assert set(views) == expected | {'K', 'R', 't', 'dist', 'appearance'}
    assert views.id.tolist() == [100, 101, 102, 103, 104] and views.appearance.shape == (5, 320)


def test_the_look_of_a_view_is_that_of_the_network_before_training():
    """Whatever the model has learnt since, and in evaluation mode."""
    start = plain(channels=6).train()
    models = [model_of(plain), model_of(plain)]
    models[1].backbone.layers[0].weight.data.neg_()
    tables = [score_pool(m, loader(), 'frames', ('appearance',), start=start) for m in models]
    assert not start.training and tables[0].appearance.shape == (5, 6)
    assert (tables[0].appearance == tables[1].appearance).all()
    assert (tables[0].keypoints != tables[1].keypoints).any()


@pytest.mark.parametrize(
    'config, read',
    [
        (dict(type='CoreSetPoses'), 'cameras'),
        (dict(type='CoreSetFeatures'), 'features'),
        (dict(type='ViewDisagreement3D'), 'keypoints_3d, frames'),
        (dict(type='MultiPeakEntropy'), 'entropy'),
    ],
)
def test_strategies_that_need_a_trained_network(config, read):
    with pytest.raises(ValueError, match=rf'{config["type"]} reads .* \({read}\).*Diverse, First'):
        check_untrained(build(config))


def test_strategies_that_need_none():
    for kind in ('Diverse', 'FirstFrames', 'RandomSampling'):
        check_untrained(build(dict(type=kind)))
