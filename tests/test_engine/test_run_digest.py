"""What a checkpoint notes of the data, and what of a change is refused or said."""

import pytest
from mmengine.dataset import BaseDataset, ConcatDataset, RepeatDataset

from mmpose_al.engine.run_digest import changes, run_digest

NOW = dict(labels='a', unlabeled='b', batch_size=4, processes=1)


class Listed(BaseDataset):
    def __init__(self, infos, **kwargs):
        self.infos = infos
        super().__init__(**kwargs)

    def load_data_list(self):
        return [dict(info) for info in self.infos]


def info(number, folder='here', **more):
    known = dict(bbox=[[0, 0, 5, 5]], keypoints=[[[number, 2.0]]], keypoints_visible=[[1]])
    return dict(known, id=number, img_path=f'{folder}/{number}.png', **more)


def labels(*infos):
    return run_digest(Listed(infos), 4, 1)['labels']


def test_a_digest_follows_the_samples_and_their_labels():
    first = labels(info(1), info(2))
    assert first == labels(info(1), info(2)) and len(first) == 16
    assert first == labels(info(1, 'moved'), info(2, 'moved'))
    moved = dict(info(2), keypoints=[[[2, 2.5]]])
    for other in ((info(1),), (info(2), info(1)), (info(1), info(3)), (info(1), moved)):
        assert labels(*other) != first


def test_data_sets_of_data_sets_are_looked_through():
    one, two = Listed([info(1)]), Listed([info(2)])
    both = run_digest(ConcatDataset([one, two]), 4, 1)
    other = run_digest(ConcatDataset([one, Listed([info(3)])]), 4, 1)
    assert both['labels'] != other['labels'] and both['unlabeled'] is None
    twice = run_digest(RepeatDataset(one, 2), 4, 1)
    assert twice['labels'] != run_digest(RepeatDataset(two, 2), 4, 1)['labels']
    assert run_digest([1, 2], None, 2)['processes'] == 2  # known by its length alone


@pytest.mark.parametrize(
    'before, said',
    [
        (dict(labels='x'), 'labelled samples or their labels changed.*changed=..labels...'),
        (dict(unlabeled=None), 'unlabelled samples changed'),
        (dict(batch_size=8), 'size of a batch .from 8 to 4. changed'),
        (dict(batch_size=2, labels='x'), 'changed=..labels., .batch_size...'),
    ],
)
def test_changes_are_refused_unless_named(before, said):
    before = dict(NOW, **before)
    with pytest.raises(ValueError, match=said):
        changes(before, NOW)
    allowed = ['labels', 'unlabeled', 'batch_size']
    assert changes(before, NOW, allowed) and not changes(NOW, NOW)


def test_other_processes_are_said():
    two = dict(NOW, processes=2)
    (text,) = changes(NOW, two)
    assert '1 process(es) wrote the checkpoint, 2 go on: a step sees 8 images in place of 4' in text
    (text,) = changes(NOW, dict(two, batch_size=2))
    assert text.endswith('a step sees 4 images as before')
