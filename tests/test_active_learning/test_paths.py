"""Where everything of an experiment lies."""

import os.path as osp

from mmpose_al.active_learning.paths import Paths, experiment_of_scores


def test_names_are_those_of_experiments_that_exist():
    """They cannot change: folders of earlier versions have them."""
    paths = Paths('w')
    assert (paths.state, paths.config) == ('w/active_learning.json', 'w/experiment_config.py')
    assert paths.labels == 'w/labels.json'
    assert paths.round(3) == 'w/round_03' and paths.round(123) == 'w/round_123'
    assert paths.scores(0) == 'w/round_00/scores.npz'
    assert paths.first_scores() == 'w/round_00/first_scores.npz'
    assert paths.labeled_split(0) == 'w/round_00/labels.json'
    assert paths.taken_split(0) == 'w/round_00/taken.json'
    assert paths.validation_split(0) == 'w/round_00/validation.json'
    assert paths.pseudo(1) == 'w/round_01/pseudo.json'
    assert paths.last_checkpoint(1) == 'w/round_01/last_checkpoint'
    assert paths.query_file(2) == osp.join(paths.query(2), 'query.json')
    assert paths.query(2) == 'w/query/round_02' and paths.answers(2) == 'w/answers/round_02.json'
    assert paths.label_journal(1) == 'w/labelling/round_01.jsonl'
    noted = paths.relative(paths.scores(1))
    assert noted == 'round_01/scores.npz' and Paths('moved').absolute(noted) == 'moved/' + noted


def test_rounds_with_queries_and_answers(tmp_path):
    paths = Paths(str(tmp_path))
    assert paths.query_rounds() == [] and paths.answer_rounds() == []
    for name in ('round_01', 'round_00', 'round_100', '.round_02.7.tmp', 'round_2', 'other'):
        (tmp_path / 'query' / name).mkdir(parents=True)
    assert paths.query_rounds() == [0, 1, 100]
    (tmp_path / 'answers').mkdir()
    for name in ('round_01.json', 'round_00.json.host-1-a-0.tmp', 'round_00.json~', 'round_3.json'):
        (tmp_path / 'answers' / name).write_text('')
    assert paths.answer_rounds() == [1]
    assert paths.label_rounds() == []
    (tmp_path / 'labelling').mkdir()
    for name in ('round_02.jsonl', 'round_02_answers.json', 'round_03.jsonl.tmp'):
        (tmp_path / 'labelling' / name).write_text('')
    assert paths.label_rounds() == [2]


def test_the_experiment_of_a_score_file(tmp_path):
    scores = str(tmp_path / 'round_07' / 'scores.npz')
    assert experiment_of_scores(scores) is None  # no state
    (tmp_path / 'active_learning.json').write_text('{}')
    assert experiment_of_scores(scores) == (str(tmp_path), 7)
    assert experiment_of_scores(str(tmp_path / 'round_07' / 'other.npz')) is None
    assert experiment_of_scores(str(tmp_path / 'scores.npz')) is None


def test_trainings_come_in_the_order_of_their_numbers(tmp_path):
    paths = Paths(str(tmp_path))
    assert paths.trainings() == []
    wanted = [
        paths.training(99),
        paths.training(99, 2),
        paths.training(99, 10),
        paths.training(100),
    ]
    for folder in wanted:
        (tmp_path / osp.relpath(folder, tmp_path)).mkdir()
    (tmp_path / 'round_x').mkdir()
    assert paths.trainings() == wanted
    assert set(wanted) < set(paths.folders())
