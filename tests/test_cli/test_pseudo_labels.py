"""``mmpose-al pseudo-labels``: a file, or a line that says why there is none."""

import json

import pytest

from mmpose_al.apis import pseudo_labels
from mmpose_al.cli import launch
from tests.commands import command


@pytest.fixture
def labelled(monkeypatch):
    """Makes a model that gives so many of two joints of two persons."""
    calls = []

    def give(number):
        def labels(config, checkpoint, data, threshold, device, smooth):
            calls.append((config, checkpoint, data, threshold, device, smooth))
            return dict(
                annotations=[
                    dict(id=i, num_keypoints=number, keypoint_scores=[0.9, 0.1]) for i in (1, 2)
                ]
            )

        monkeypatch.setattr(launch, 'read_config', lambda name: f'config of {name}')
        monkeypatch.setattr(pseudo_labels, 'pseudo_labels', labels)
        return calls

    return give


def test_the_file_is_written_and_summed_up(labelled, tmp_path, capsys):
    calls, out = labelled(1), tmp_path / 'pseudo.json'
    command('pseudo-labels', 'c.py', 'a.pth', '--out', out, '--threshold', 0.25)
    assert capsys.readouterr().out == f'{out}: 2 of 4 joints of 2 persons above 0.25\n'
    assert [each['id'] for each in json.loads(out.read_text())['annotations']] == [1, 2]
    source = 'train_dataloader.dataset.unlabeled'
    assert calls == [('config of c.py', 'a.pth', source, 0.25, 'cpu', None)]
    command('pseudo-labels', 'c.py', 'a.pth', '--out', out, '--smooth', 3)
    assert calls[1][-1] == 3


def test_a_network_that_is_sure_of_nothing_writes_nothing(labelled, tmp_path):
    labelled(0)
    with pytest.raises(SystemExit, match='error: none of 4 joints is above 0.5'):
        command('pseudo-labels', 'c.py', 'a.pth', '--out', tmp_path / 'pseudo.json')
    assert not (tmp_path / 'pseudo.json').exists()
