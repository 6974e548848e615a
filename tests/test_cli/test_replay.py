import json
import os
import os.path as osp

import numpy as np

from mmpose_al.active_learning.statistics import load_views, save_views
from mmpose_al.cli.main import main
from tests.test_active_learning.people import snapshot
from tests.test_active_learning.rig import make_views


def test_replay_of_a_score_file(tmp_path, capsys):
    noise = np.array([1.0, 9.0, 2.0, 30.0])
    views, _ = make_views(4, noise)
    path = str(tmp_path / 'scores.npz')
    save_views(views, path)
    assert main(['replay', path, '--strategy', 'MultiPeakEntropy', '--budget', '3']) == 0
    lines = [x.split() for x in capsys.readouterr().out.splitlines() if x[0] != '#']
    mean = views.entropy.reshape(4, 4).mean(1)
    order = np.argsort(-mean)[:3]
    assert [int(x[1]) for x in lines] == (order * 10).tolist()
    np.testing.assert_allclose([float(x[2]) for x in lines], mean[order], rtol=1e-5)
    assert (
        main(
            [
                'replay',
                path,
                '--strategy',
                'MultiViewConsistency',
                '--budget',
                '2',
                '--options',
                'aggregate=max',
                '--json',
            ]
        )
        == 0
    )
    found = json.loads(capsys.readouterr().out)
    assert found['ids'] == [30, 10]  # the noisiest
    config = tmp_path / 'c.py'
    config.write_text("active_learning = dict(strategy=dict(type='RandomSampling'))\n")
    assert main(['replay', path, '--config', str(config), '--budget', '4']) == 0
    assert 'RandomSampling' in capsys.readouterr().out
    for words, text in (
        (['--strategy', 'Oracle', '--budget', '1'], 'MultiPeakEntropy'),
        (['--strategy', 'RandomSampling'], 'give --budget'),
        (['--budget', '1'], 'give --strategy'),
    ):
        assert main(['replay', path] + words) == 1
        assert text in capsys.readouterr().err
    save_views(views.replace(unit=views.image_id), path)  # single images
    for strategy, status in (('MultiViewConsistency', 1), ('MultiPeakEntropy', 0)):
        assert main(['replay', path, '--strategy', strategy, '--budget', '1']) == status
    assert "unit is 'images'" in capsys.readouterr().err
    assert main(['replay', str(tmp_path), '--strategy', 'RandomSampling']) == 1
    assert 'no experiment' in capsys.readouterr().err


def test_replay_of_an_experiment_selects_as_it_did(tmp_path, capsys):
    """Labelled units, seed, round and budget are those of the experiment."""
    from mmpose_al.active_learning.statistics import sort_views
    from mmpose_al.datasets.format import load_multiview
    from mmpose_al.engine.active_learning import ActiveLearningExperiment
    from mmpose_al.synthetic import write_benchmark
    from tests.test_engine.test_active_learning import config

    root, work = str(tmp_path / 'data'), str(tmp_path / 'work')
    write_benchmark(root, 'tiny', workers=1)
    cfg = config(root, work, strategy=dict(type='RandomSampling'), initial=1)
    os.makedirs(work)
    cfg.dump(osp.join(work, 'experiment_config.py'))
    experiment = ActiveLearningExperiment(cfg)
    data = load_multiview(osp.join(root, 'train.json'))
    images = {i['id']: i for i in data['images']}
    views, _ = make_views(4)
    columns = views.columns
    for row, annotation in enumerate(data['annotations']):
        image = images[annotation['image_id']]
        columns['id'][row], columns['image_id'][row] = annotation['id'], image['id']
        columns['unit'][row] = columns['frame_id'][row] = image['frame_id']
    os.makedirs(osp.join(work, 'round_00'))
    scores = osp.join(work, 'round_00', 'scores.npz')
    save_views(sort_views(type(views)(**columns)), scores)
    state = experiment.state
    state.add_labels(0, [experiment.context.pool.initial(1, 5)[0]], 'somebody')
    state.finish(0, 'annotate', {})
    state.finish(0, 'score', {})
    before = snapshot(work)
    expected = experiment.context.strategy.select(experiment.context.statistics(0), 2)
    for given in (work, scores):
        assert main(['replay', given, '--json']) == 0
        found = json.loads(capsys.readouterr().out)
        assert found['ids'] == expected.ids and found['utilities'] == expected.utilities
    assert main(['replay', work, '--round', '3']) == 1
    assert 'round 3 has no scores' in capsys.readouterr().err
    assert snapshot(work) == before and len(load_views(scores).id) == 16
