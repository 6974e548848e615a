"""``mmpose-al replay``: the picks of a strategy, from what is saved."""

import json
import os.path as osp

import numpy as np
import pytest

from mmpose_al.active_learning.state import load_state
from mmpose_al.active_learning.statistics import save_views
from mmpose_al.cli.main import main
from tests.test_active_learning.experiments import revealed
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


@pytest.mark.filterwarnings('ignore:MultiViewConsistency was asked')
def test_an_experiment_is_replayed_as_it_chose(tmp_path, capsys):
    """Labelled units, seed, round, budget, recordings and times are those of the runner."""
    begun = revealed(
        tmp_path,
        strategy=dict(type='MultiViewConsistency', min_spacing=6, max_per_sequence=4),
        initial=2,
        budget=2,
    )
    rounds = load_state(begun.work).rounds
    before = snapshot(begun.work)
    for number in (0, 1):
        scores = osp.join(begun.work, f'round_0{number}', 'scores.npz')
        for words in ([begun.work, '--round', str(number)], [scores]):
            assert main(['replay', *words, '--json']) == 0
            found = json.loads(capsys.readouterr().out)
            chosen = rounds[number]['stages']['select']
            assert (found['ids'], found['utilities']) == (chosen['ids'], chosen['utilities'])
            assert found['round'] == number and found['ids']
    assert main(['replay', begun.work, '--round', '0']) == 0
    first = rounds[0]['stages']['select']
    line = f'1 {first["ids"][0]} {first["utilities"][0]:.8g} {first["utilities"][0] ** 0.5:.4g} px'
    assert line in capsys.readouterr().out.splitlines()  # and in pixels
    assert main(['replay', begun.work, '--json']) == 0  # the latest
    assert json.loads(capsys.readouterr().out)['round'] == 2
    # without the times of the pool other frames would come out
    found = {}
    for spacing in ('0', '6'):
        words = ['--round', '0', '--budget', '5', '--options', f'min_spacing={spacing}', '--json']
        assert main(['replay', begun.work, '--strategy', 'MultiViewConsistency', *words]) == 0
        found[spacing] = json.loads(capsys.readouterr().out)['ids']
    assert found['0'] != found['6']
    assert main(['replay', begun.work, '--round', '3']) == 1
    assert 'round 3 has no scores; there are [0, 1, 2]' in capsys.readouterr().err
    assert snapshot(begun.work) == before
