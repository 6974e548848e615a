"""Labels that people gave become the project's own, and stay."""

import json
import os
import os.path as osp
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from mmpose_al.active_learning.experiment import Missing
from mmpose_al.active_learning.label_app import Session, plain
from mmpose_al.active_learning.settings import read_settings
from mmpose_al.datasets.format import FormatError
from mmpose_al.fileio import make_folder, read_json, write_checked
from mmpose_al.projects import ProjectError, open_project
from mmpose_al.projects.labels import (
    counted,
    facts_of_project,
    given_labels,
    home,
    labelled_frames,
    take_labels,
    take_left,
    with_labels,
)
from mmpose_al.projects.sources import Options, read_sources
from tests.commands import command
from tests.test_projects.files import ROWS, calibration, deeplabcut, video
from tests.test_projects.test_config_text import RIG
from tests.test_projects.test_writing import built, write


def a_project(folder):
    write(folder / 'p', video(folder / 'v.avi'), names=['a', 'b'], pairs=['none'], input_size=64)
    return folder / 'p'


def label_session(folder, **options):
    """A session of a plain project, in which Anna has begun."""
    project = open_project(str(folder))
    place = plain.home_of(home(str(folder)), project.pool)
    facts = facts_of_project(str(folder), project.content)
    links = [osp.join(project.images, name) for name in facts.links]
    unit = 'frames' if facts.views else 'images'
    query = plain.ask(place, unit, project.images, links, **options)
    made = Session(
        place,
        query=query,
        next_command=f'train {folder}/configs/supervised.py',
        on_handed=lambda: take_labels(str(folder)),
    )
    made.join('Anna', 'tab')
    return made


def label(made, unit, *points):
    """All joints of the first view of a unit, and done."""
    task = next(each for each in made.tasks if each.unit == unit)
    number = task.annotations[0]
    cells = [[number, k, x, y, 2] for k, (x, y) in enumerate(points)]
    revision = made.progress[unit].revision
    made.change(
        'Anna', 'tab', dict(op='set', how='click', cells=cells, unit=unit, revision=revision)
    )
    made.change('Anna', 'tab', dict(op='done', unit=unit, revision=revision + 1))
    return number


def labels_of(folder):
    """Annotation id -> keypoints, of the labelled persons of a project's pool."""
    pool = read_json(str(folder / 'pool.json'))
    return {a['id']: a['keypoints'] for a in pool['annotations'] if a['num_keypoints']}


def test_what_is_handed_over_is_trained_on(tmp_path):
    folder = a_project(tmp_path)
    made = label_session(folder, num=4)
    assert len(made.query.units) == 4 and made.setup()['round'] is None
    first = label(made, made.query.units[0], (10.5, 20.25), (3, 4))
    assert labels_of(folder) == {}
    made.hand_over('Anna', 'tab')
    assert labels_of(folder) == {first: [10.5, 20.25, 2, 3, 4, 2]}
    second = label(made, made.query.units[1], (11, 12), (13, 14))
    made.hand_over('Anna', 'tab')  # the pool has changed since, the query's has not
    assert set(labels_of(folder)) == {first, second}
    cfg, data = built(folder, 'supervised')
    assert data.num_labeled == 2
    np.testing.assert_allclose(data.get_data_info(0)['keypoints'][0, 0], [10.5, 20.25], atol=1e-6)
    assert built(folder, 'posedual')[1].num_unlabeled == 10
    experiment, _ = built(folder, 'experiment')
    assert read_settings(experiment).initial == 'labeled'
    project = open_project(str(folder))
    assert project.config.endswith('supervised.py')
    text = (folder / 'README.md').read_text()
    assert 'configs/supervised.py' in text and ' 2 of them labelled' in text


def test_labels_that_were_taken_back_are_trained_on_no_more(tmp_path):
    folder = a_project(tmp_path)
    made = label_session(folder, num=4)
    first, second = (label(made, unit, (5, 6), (7, 8)) for unit in made.query.units[:2])
    made.hand_over('Anna', 'tab')
    assert set(labels_of(folder)) == {first, second}
    unit = made.query.units[0]
    for op in (
        dict(op='set', how='delete', cells=[[first, k, 0, 0, 0] for k in (0, 1)]),
        dict(op='done', done=True),
    ):
        revision = made.progress[unit].revision
        made.change('Anna', 'tab', dict(op, unit=unit, revision=revision))
    made.hand_over('Anna', 'tab')
    assert set(labels_of(folder)) == {second}
    assert built(folder, 'supervised')[1].num_labeled == 1


@pytest.mark.parametrize('killed_at', ['pool', 'configs', 'project'])
def test_labels_that_a_kill_left_beside_the_project_are_taken_later(tmp_path, killed_at):
    folder = a_project(tmp_path)
    take_left(str(folder), pytest.fail)  # nothing was labelled
    made = label_session(folder, num=2)
    before = {name: (folder / name).read_bytes() for name in ('pool.json', 'project.json')}
    first = label(made, made.query.units[0], (10.5, 20.25), (3, 4))
    made.hand_over('Anna', 'tab')
    after = (folder / 'project.json').read_text()
    take_left(str(folder), pytest.fail)  # all is there
    if killed_at == 'pool':
        (folder / 'pool.json').write_bytes(before['pool.json'])
    if killed_at in ('pool', 'configs'):
        (folder / 'configs' / 'supervised.py').unlink()
    (folder / 'project.json').write_bytes(before['project.json'])
    said = []
    take_left(str(folder), said.append)
    assert said[0].endswith('takes the labels that were handed over')
    assert labels_of(folder) == {first: [10.5, 20.25, 2, 3, 4, 2]}
    assert (folder / 'configs' / 'supervised.py').is_file()
    assert json.loads((folder / 'project.json').read_text())['facts'] == json.loads(after)['facts']


@pytest.mark.parametrize('name', ['train', 'export', 'recommend'])
def test_commands_take_what_a_kill_left(tmp_path, name, monkeypatch):
    from mmpose_al.cli import launch, recommend, train

    class Seen(Exception):
        pass

    def stop(*_, **__):
        raise Seen

    folder = a_project(tmp_path)
    made = label_session(folder, num=2)
    before = {each: (folder / each).read_bytes() for each in ('pool.json', 'project.json')}
    first = label(made, made.query.units[0], (10.5, 20.25), (3, 4))
    made.hand_over('Anna', 'tab')
    for each, content in before.items():
        (folder / each).write_bytes(content)
    (folder / 'configs' / 'supervised.py').unlink()
    for module, called in ((train, 'load_config'), (launch, 'read_config')):
        monkeypatch.setattr(module, called, stop)
    if name == 'train':
        with pytest.raises(Seen):
            train.run(SimpleNamespace(config=str(folder / 'configs/supervised.py'), resume=None))
    elif name == 'recommend':
        with pytest.raises(Seen):
            recommend.run(SimpleNamespace(project=str(folder)))
    else:
        command('export', folder, '--out', tmp_path / 'out.json')
        written = read_json(str(tmp_path / 'out.json'))['annotations']
        assert [entry['num_keypoints'] for entry in written] == [2]
    assert set(labels_of(folder)) == {first} and (folder / 'configs' / 'supervised.py').is_file()


def test_labels_of_the_sources_may_be_taken_back(tmp_path):
    """They are what people begin from; without one of them nothing is left to train on."""
    folder = a_project(tmp_path)
    made = label_session(folder, num=4)
    first, second = (label(made, unit, (5, 6), (7, 8)) for unit in made.query.units[:2])
    made.hand_over('Anna', 'tab')
    shutil.rmtree(str(folder / 'labels'))  # as if the labels had been in the sources
    made = label_session(folder, names=['*'])
    unit = made.query.annotations[first]['unit']
    for op in (
        dict(op='set', how='delete', cells=[[first, k, 0, 0, 0] for k in (0, 1)]),
        dict(op='done', done=True),
    ):
        revision = made.progress[unit].revision
        made.change('Anna', 'tab', dict(op, unit=unit, revision=revision))
    checked = made.hand_over('Anna', 'tab', dry_run=True)
    assert checked.taken.withdrawn == [first] and not checked.taken.written
    assert made.hand_over('Anna', 'tab').taken.written
    assert set(labels_of(folder)) == {second}
    again = label_session(folder, names=['*'])  # nobody begins from it any more
    assert first not in {a for p in again.progress.values() for a, _ in p.cells}


def test_labels_that_were_not_handed_over_are_shown_again(tmp_path):
    folder = a_project(tmp_path)
    made = label_session(folder, num=2)
    for unit in made.query.units:
        label(made, unit, (5, 6), (7, 8))
    again = label_session(folder)  # everything is done, and nothing was handed over
    assert again.query.id == made.query.id
    with pytest.raises(Missing, match='images with labels that were not handed over: 2'):
        label_session(folder, num=3)
    again.hand_over('Anna', 'tab')
    assert len(labels_of(folder)) == 2
    assert label_session(folder, num=3).query.id != made.query.id


def test_the_same_new_again_keeps_them_and_what_was_edited(tmp_path, capsys):
    folder = a_project(tmp_path)
    data = folder / 'configs' / 'data.py'
    data.write_text(data.read_text() + '# mine\n')
    made = label_session(folder, num=2)
    label(made, made.query.units[1], (5, 6), (7, 8))
    made.hand_over('Anna', 'tab')
    assert 'data.py: was edited' in capsys.readouterr().out
    before = labels_of(folder)
    assert data.read_text().endswith('# mine\n') and (folder / 'configs/supervised.py').exists()
    facts, _ = write(folder, tmp_path / 'v.avi', names=['a', 'b'], pairs=['none'], input_size=64)
    assert labels_of(folder) == before and (facts.labeled, facts.unlabeled) == (1, 11)
    # another pool: the labels stay with their images, and what is new is asked for
    facts, _ = write(
        folder, tmp_path / 'v.avi', video(tmp_path / 'w.avi', 3), names=['a', 'b'],
        pairs=['none'], input_size=64,
    )  # fmt: skip
    assert sorted(labels_of(folder).values()) == sorted(before.values())
    again = label_session(folder)
    assert again.folder.endswith('2') and len(again.query.units) == 14
    label(again, again.query.units[0], (1, 2), (3, 4))
    again.hand_over('Anna', 'tab')
    assert len(labels_of(folder)) == 2 and len(given_labels(str(folder), 'ab')) == 2


def test_labels_follow_the_names_of_joints(tmp_path):
    folder = a_project(tmp_path)
    made = label_session(folder, num=1)
    label(made, made.query.units[0], (5, 6), (7, 8))
    made.hand_over('Anna', 'tab')
    source = tmp_path / 'v.avi'
    write(folder, source, names=['b', 'new', 'a'], pairs=['none'], input_size=64)
    assert list(labels_of(folder).values()) == [[7, 8, 2, 0, 0, 0, 5, 6, 2]]
    cfg, data = built(folder, 'supervised')  # metainfo and configs follow
    assert cfg.model.head.out_channels == 3
    names = [data.metainfo['keypoint_id2name'][k] for k in range(3)]
    assert names == ['b', 'new', 'a']
    again = label_session(folder)
    assert again.query.joints == ['b', 'new', 'a']  # all are asked for
    with pytest.raises(ProjectError, match="people labelled the joint 'b'.*keep their names"):
        write(folder, source, names=['a', 'c'], pairs=['none'], input_size=64)
    (folder / 'metainfo.py').write_text((folder / 'metainfo.py').read_text() + '# mine')
    with pytest.raises(FormatError, match='metainfo.py: its joints are .* or remove it'):
        write(folder, source, names=['a', 'b'], pairs=['none'], input_size=64)
    for text, problem in (('a = (\n', 'line 1: '), ('a = b', "name 'b' is not defined")):
        (folder / 'metainfo.py').write_text(text)
        with pytest.raises(FormatError, match=f'metainfo.py: cannot be read: {problem}'):
            write(folder, source, names=['a', 'b'], pairs=['none'], input_size=64)


def test_labels_stay_whatever_is_named_next(tmp_path):
    folder = a_project(tmp_path)
    more = dict(names=['a', 'b'], pairs=['none'], input_size=64)
    made = label_session(folder, num=5)
    for unit in made.query.units:
        label(made, unit, (5, 6), (7, 8))
    made.hand_over('Anna', 'tab')
    before = read_json(str(folder / 'pool.json'))
    with pytest.raises(FormatError, match='would not be in it any more: 5, such as v/000000.jpg'):
        write(folder, video(tmp_path / 'w.avi', 3), **more)
    assert read_json(str(folder / 'pool.json')) == before
    # other frames of the video: those with labels are taken, too
    keep = labelled_frames(str(folder))
    assert keep == {'v': [0, 3, 6, 8, 11]}
    facts, _ = write(folder, tmp_path / 'v.avi', options=Options(frames=2, keep=keep), **more)
    assert (facts.labeled, facts.units) == (5, 6) and len(labels_of(folder)) == 5


def test_what_the_sources_label_now_counts_before_labels_given_here(tmp_path):
    source = deeplabcut(tmp_path / 'source', with_video=True)
    folder = tmp_path / 'p'
    write(folder, source, validation=0.0)
    made = label_session(folder, names=['videos/walk/000001.jpg'])
    label(made, made.query.units[0], (5, 6), (7, 8), (9, 9))
    made.hand_over('Anna', 'tab')
    deeplabcut(tmp_path / 'source', {**ROWS, 'img001.png': ROWS['img003.png']})
    keep = labelled_frames(str(folder))
    facts, said = write(folder, source, options=Options(keep=keep), validation=0.0)
    assert facts.labeled == 3 and 'images labelled here and now in the sources too: 1' in str(said)
    deeplabcut(tmp_path / 'source', {'img001.png': ROWS['img003.png']})
    facts, said = write(folder, source, options=Options(keep=keep), validation=0.0)
    assert 'labelled images of before that are in the sources no more: 2' in str(said)


def test_a_rig_keeps_the_frames_that_one_view_has_labels_of(tmp_path):
    for name in 'ab':
        video(tmp_path / 'walk' / f'{name}.avi')
    calibration(tmp_path / 'walk' / 'calib.toml', 'ab')
    options = Options(unit='m', step=1, keep={'walk/b': [7]})._replace(step=None, frames=2)
    table = read_sources([str(tmp_path / 'walk')], options)
    assert {shot.file_name for shot in table.shots} >= {'walk/a/000007.jpg', 'walk/b/000007.jpg'}


def test_labels_that_wait_keep_their_place_when_the_pool_changes(tmp_path):
    folder = a_project(tmp_path)
    made = label_session(folder, num=2)
    label(made, made.query.units[0], (5, 6), (7, 8))
    more = dict(names=['a', 'b'], pairs=['none'], input_size=64)
    write(folder, tmp_path / 'v.avi', video(tmp_path / 'w.avi', 3), **more)
    again = label_session(folder)
    assert again.query.id == made.query.id
    again.hand_over('Anna', 'tab')
    assert len(labels_of(folder)) == 1 and label_session(folder).folder.endswith('2')


def test_a_rig_is_labelled_by_frames(tmp_path):
    for name in 'ab':
        video(tmp_path / 'walk' / f'{name}.avi')
    calibration(tmp_path / 'walk' / 'calib.toml', 'ab')
    write(tmp_path / 'p', tmp_path / 'walk', options=Options(unit='m', frames=4))
    made = label_session(tmp_path / 'p', num=3)
    assert made.query.content['unit'] == 'frames' and len(made.query.annotations) == 6
    label(made, made.query.units[0], (5, 6), (7, 8))
    made.hand_over('Anna', 'tab')
    facts = facts_of_project(str(tmp_path / 'p'), open_project(str(tmp_path / 'p')).content)
    assert (facts.labeled, facts.labeled_units) == (1, 1)


def test_an_experiment_that_has_begun_keeps_its_pool(tmp_path):
    folder = a_project(tmp_path)
    make_folder(str(folder / 'work_dirs' / 'experiment'))
    (folder / 'work_dirs' / 'experiment' / 'active_learning.json').write_text('{}')
    with pytest.raises(ProjectError, match='is bound to its pool. Label what it asks for'):
        take_labels(str(folder))


def test_a_project_of_an_earlier_version_is_completed_first(tmp_path):
    folder = a_project(tmp_path)
    content = read_json(str(folder / 'project.json'))
    del content['facts']
    (folder / 'project.json').write_text(json.dumps(content))
    with pytest.raises(ProjectError, match='Complete the project with the same'):
        take_labels(str(folder))


def test_labels_go_to_the_person_of_the_image(tmp_path):
    def file(ids):
        return dict(
            categories=[dict(keypoints=['a'])],
            images=[dict(id=i, file_name=f'{n}.png', frame_id=n) for n, i in enumerate(ids)],
            annotations=[
                dict(id=10 * i, image_id=i, person_id=p, keypoints=[0, 0, 0], num_keypoints=0)
                for i in ids
                for p in (0, 1)
            ],
        )

    given = file([5, 6])
    given['annotations'][3].update(keypoints=[7, 8, 1], num_keypoints=1)
    for number in ('2', '10'):  # the 10th is the later one
        os.makedirs(str(tmp_path / 'labels' / number))
        with open(str(tmp_path / 'labels' / number / 'labels.json'), 'w') as file_:
            json.dump(given, file_)
        given['annotations'][3].update(keypoints=[9, 9, 2])
    found = with_labels(str(tmp_path), file([8, 3, 4]))['annotations']
    assert [entry['keypoints'] for entry in found] == [[0, 0, 0]] * 3 + [[9, 9, 2]] + [
        [0, 0, 0]
    ] * 2
    assert found[3]['num_keypoints'] == 1
    facts = counted(RIG, dict(file([8, 3, 4]), annotations=found))
    assert (facts.labeled, facts.unlabeled, facts.labeled_units) == (1, 5, 1)


def test_labels_whose_bytes_have_changed_do_not_become_the_projects(tmp_path):
    folder = tmp_path / 'labels' / '1'
    folder.mkdir(parents=True)
    path = str(folder / 'labels.json')
    image = dict(id=1, file_name='a.png')
    entry = dict(id=2, image_id=1, person_id=0, num_keypoints=1, keypoints=[1.0, 2.0, 2])
    joints = [dict(keypoints=['a'])]
    content = json.dumps(dict(categories=joints, images=[image], annotations=[entry])).encode()
    write_checked(path, content)
    assert given_labels(str(tmp_path), 'a') == {('a.png', 0): [1.0, 2.0, 2]}
    with open(path, 'wb') as file:
        file.write(content.replace(b'2.0', b'3.0'))
    with pytest.raises(ProjectError, match='labels.json: its bytes are not .*hand the labels over'):
        given_labels(str(tmp_path), 'a')
