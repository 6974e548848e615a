"""``mmpose-al pseudo-labels``: a file, or a line that says why there is none."""

import json

import pytest
from mmengine.config import Config

from mmpose_al.apis import pseudo_labels
from mmpose_al.cli import launch
from tests.commands import command


@pytest.fixture
def labelled(monkeypatch):
    """Makes a model that gives so many of two joints of two persons."""
    calls = []

    def give(number):
        def labels(config, checkpoint, data, threshold, device, smooth):
            calls.append((config.of, checkpoint, data, threshold, device, smooth))
            return dict(
                annotations=[
                    dict(id=i, num_keypoints=number, keypoint_scores=[0.9, 0.1]) for i in (1, 2)
                ]
            )

        monkeypatch.setattr(launch, 'read_config', lambda name: Config(dict(of=name)))
        monkeypatch.setattr(pseudo_labels, 'pseudo_labels', labels)
        return calls

    return give


def test_the_file_is_written_and_summed_up(labelled, tmp_path, capsys):
    calls, out = labelled(1), tmp_path / 'pseudo.json'
    command('pseudo-labels', 'c.py', 'a.pth', '--out', out, '--min-score', 0.25)
    assert capsys.readouterr().out == f'{out}: 2 of 4 joints of 2 persons above 0.25\n'
    assert [each['id'] for each in json.loads(out.read_text())['annotations']] == [1, 2]
    source = 'train_dataloader.dataset.unlabeled'
    assert calls == [('c.py', 'a.pth', source, 0.25, 'cpu', None)]
    command('pseudo-labels', 'c.py', 'a.pth', '--out', out, '--smooth', 3)
    assert calls[1][-1] == 3


def test_a_network_that_is_sure_of_nothing_writes_nothing(labelled, tmp_path):
    labelled(0)
    with pytest.raises(SystemExit, match='error: none of 4 joints is above 0.5'):
        command('pseudo-labels', 'c.py', 'a.pth', '--out', tmp_path / 'pseudo.json')
    assert not (tmp_path / 'pseudo.json').exists()


def test_the_annotation_file_is_not_replaced(labelled, tmp_path, monkeypatch):
    labelled(1)
    truth = tmp_path / 'labels.json'
    truth.write_text('of people')
    source = dict(data_root=str(tmp_path), ann_file='labels.json')
    config = Config(dict(of='c.py', train_dataloader=dict(dataset=dict(unlabeled=[source]))))
    monkeypatch.setattr(launch, 'read_config', lambda name: config)
    with pytest.raises(SystemExit):
        command('pseudo-labels', 'c.py', 'a.pth', '--out', truth)
    assert truth.read_text() == 'of people'
