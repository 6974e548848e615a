"""The configs of a project as text: what depends on what it has."""

import pytest

from mmpose_al.projects.config_text import (
    Facts,
    configs,
    experiment_config,
    first_config,
    next_commands,
    readme,
    spacing_of,
)

LABELED = Facts('m', 'deeplabcut', 4, 104, 200, True, 0, 304, 104, 6, ['labeled-data'], 128)
VIDEOS = Facts('v', 'videos', 2, 0, 50, False, 0, 50, 0, 3, [], 64)
RIG = Facts('r', 'rig', 17, 0, 400, False, 4, 100, 0, 1, [], 128, False, True)


def test_a_batch_holds_no_more_images_without_labels_than_there_are():
    for unlabeled, size in ((200, 32), (16, 32), (5, 10), (1, 2)):
        text = configs(LABELED._replace(unlabeled=unlabeled))['configs/posedual.py']
        assert f'train_dataloader = dict(batch_size={size}, ' in text


def section(text):
    """The ``active_learning`` section of a config's text."""

    class Base:
        root, val_pipeline, train_cfg = '/p/', ['load'], dict(type='Loop')

    names = dict(_base_=Base)
    lines = [line for line in text.splitlines() if not line.startswith('_base_')]
    exec('\n'.join(lines), names)
    return names['active_learning']


def test_what_is_labelled_decides_what_is_there():
    assert set(configs(LABELED)) == {
        f'configs/{name}.py' for name in ('data', 'supervised', 'posedual', 'experiment')
    }
    assert set(configs(VIDEOS)) == {'configs/data.py', 'configs/experiment.py'}
    assert set(configs(LABELED._replace(unlabeled=0))) == {
        'configs/data.py',
        'configs/supervised.py',
    }
    assert first_config(LABELED) == 'configs/supervised.py'
    assert first_config(VIDEOS) == 'configs/experiment.py'


def test_without_validation_nothing_validates():
    names = {}
    text = configs(VIDEOS)['configs/data.py']
    exec(text, names)
    assert names['val_dataloader'] is names['val_evaluator'] is names['val_cfg'] is None
    assert names['test_dataloader']['dataset']['ann_file'] == 'pool.json'  # its pipeline predicts
    assert 'lite0_64x64' in names['_base_'] and 'labels' not in names
    exec(configs(LABELED)['configs/data.py'], names)
    assert names['val_dataloader']['dataset']['ann_file'] == 'val.json'
    assert names['train_dataloader']['dataset']['labeled']['subset'] == 'labeled'


def test_labels_start_an_experiment_where_there_are_any():
    labeled, videos = section(experiment_config(LABELED)), section(experiment_config(VIDEOS))
    assert labeled['initial'] == 'labeled' and videos['initial'] == videos['budget'] == 12
    assert labeled['unit'] == 'images' and labeled['strategy']['min_spacing'] == 6
    assert labeled['annotator']['image_folders'] == ['/p/images/labeled-data']
    rig = section(experiment_config(RIG))
    assert rig['unit'] == 'frames' and rig['strategy']['type'] == 'CoreSetPoses'
    assert rig['budget'] == 5 and rig['initial_strategy']['type'] == 'Diverse'
    assert 'initial_strategy' not in labeled
    assert rig['weights'] == 'confidence2' and 'weights' not in labeled
    assert rig['self_training'] == dict(type='MultiViewBootstrapping', batch_size=32)
    assert 'self_training' not in labeled and 'self_training' not in videos
    alone = section(experiment_config(RIG._replace(cameras_teach=False)))
    assert 'self_training' not in alone and alone['weights'] == 'confidence2'


def test_cameras_of_a_rig_teach_one_another_by_two_commands():
    rig = RIG._replace(labeled=8, labeled_units=2)
    words = [command for _, command in next_commands(rig, 'walk')]
    place = next(i for i, command in enumerate(words) if ' bootstrap ' in command)
    assert words[place - 1].endswith('train walk/configs/supervised.py')
    assert words[place].endswith(
        'bootstrap walk/configs/supervised.py --out walk/bootstrap.json --batch-size 32'
    )
    assert words[place + 1].endswith('train walk/bootstrap.py')
    for other in (LABELED, rig._replace(cameras_teach=False)):
        assert not any(' bootstrap ' in command for _, command in next_commands(other, 'walk'))


@pytest.mark.parametrize(
    'fps, frames, units, expected',
    [(30, 100000, 100, 15), (30, 2400, 120, 6), (None, 2400, 120, 0), (30, 0, 120, 0)],
)
def test_spacing_is_half_a_second_or_what_the_recording_has(fps, frames, units, expected):
    assert spacing_of(fps, frames, units) == expected


def test_commands_are_those_of_configs_that_are_there():
    for facts in (LABELED, VIDEOS, RIG):
        names = set(configs(facts))
        for _, command in next_commands(facts, 'p'):
            if ' train ' in command:
                assert command.split('p/')[-1] in names
    text = readme(LABELED, ['a line'], 'p')
    assert '- a line' in text and 'configs/posedual.py' in text


def test_names_in_the_readme_are_text():
    shown = ['joints: 2, [nose](http://x), <b>`tail`']
    text = readme(LABELED._replace(name='a *mouse*'), shown, 'p')
    assert text.startswith('# a \\*mouse\\*\n')
    assert '- joints: 2, \\[nose\\](http://x), &lt;b&gt;\\`tail\\`\n' in text
