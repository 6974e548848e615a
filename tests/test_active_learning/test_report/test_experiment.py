"""Which runs are one curve, and what full supervision reached."""

from types import SimpleNamespace

import pytest

from mmpose_al.active_learning.experiment import Experiment, Metric, Missing
from mmpose_al.active_learning.report.experiment import (
    ReportedExperiment,
    full_supervision,
    group_name,
)


@pytest.mark.parametrize(
    'folder, name',
    [
        ('/a/mvc_seed0', 'mvc'),
        ('/a/mvc-s12', 'mvc'),
        ('/a/mvc/seed_3', 'mvc'),
        ('/a/mvc', 'mvc'),
        ('/a/small.seed7/', 'small'),
        ('/a/mvc_res50', 'mvc_res50'),
        ('/a/mvc_res18_seed0', 'mvc_res18'),
        ('/a/mvc_res50/s2', 'mvc_res50'),
        ('/a/panoptic-views8', 'panoptic-views8'),
        ('/a/mpe-posedual', 'mpe-posedual'),
    ],
)
def test_names_without_the_seed(folder, name):
    assert group_name(folder) == name


def test_full_supervision(tmp_path):
    metric = Metric('coco/AP', False, '')
    path = tmp_path / 'full.json'
    path.write_text('{"coco/AP": 0.75}')
    assert full_supervision(str(path), metric) == 0.75
    for text in ('{"coco/AR": 1}', '[]', '{', '{"coco/AP": []}', '{"coco/AP": "x"}'):
        path.write_text(text)
        with pytest.raises(Missing, match='full.json'):
            full_supervision(str(path), metric)
    log = tmp_path / 'run' / '1' / 'vis_data' / 'scalars.json'
    log.parent.mkdir(parents=True)
    log.write_text('{"coco/AP": 0.1, "step": 1}\n{"coco/AP": 0.6, "step": 2}\n')
    assert full_supervision(str(tmp_path / 'run'), metric) == 0.6


class _Found(ReportedExperiment):
    """An experiment of which only the place of the pool is known."""

    def __init__(self, pool_file, folders=()):
        self.given = {'active_learning.annotator.image_folders': folders}
        self.state = SimpleNamespace(content=dict(pool=dict(file=pool_file)))

    def setting(self, key, default=None):
        return self.given.get(key, default)


def test_images_outside_their_folder_are_shown_to_nobody(tmp_path, monkeypatch):
    (tmp_path / 'data' / 'images').mkdir(parents=True)
    (tmp_path / 'here').mkdir()
    for name in ('data/images/a.png', 'secret.png'):
        (tmp_path / name).write_text('x')
    monkeypatch.chdir(tmp_path / 'here')
    pool = str(tmp_path / 'data' / 'pool.json')
    assert _Found(pool).image_file('a.png') == str(tmp_path / 'data' / 'images' / 'a.png')
    assert _Found(pool).image_file('none.png') is None
    for name in (str(tmp_path / 'secret.png'), '../secret.png'):
        with pytest.raises(Missing, match='secret.png.* outside the image folder'):
            _Found(pool).image_file(name)
        assert _Found(pool, [str(tmp_path)]).image_file(name)


def test_entries_of_the_pool_and_scored_rounds_are_looked_up_once(monkeypatch):
    """For hundreds of pictures."""
    looked = []
    monkeypatch.setattr(Experiment, 'scored', lambda self: looked.append(self) or [3])
    images, annotations = [dict(id=5), dict(id=2)], [dict(id=7, image_id=2)]
    experiment = ReportedExperiment.__new__(ReportedExperiment)
    experiment._scored = None
    experiment._pool = SimpleNamespace(data=dict(images=images, annotations=annotations))
    assert experiment.scored() == [3] and experiment.scored() == [3] and len(looked) == 1
    assert experiment.images == {5: images[0], 2: images[1]}
    assert experiment.annotations == {7: annotations[0]}
    assert experiment.images is experiment.images
