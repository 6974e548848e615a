import json

import pytest

from mmpose_al.visualization.curves import (
    average_students,
    curves_of,
    panel_of,
    plot_curves,
    read_scalars,
)


def write_scalars(work_dir, start, lines):
    folder = work_dir / start / 'vis_data'
    folder.mkdir(parents=True)
    text = '\n'.join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    (folder / 'scalars.json').write_text(text + '\n')


def test_of_a_resumed_run_the_later_value_of_a_step_counts(tmp_path):
    write_scalars(
        tmp_path,
        '20260101_000000',
        [dict(loss=3.0, step=10), dict(loss=2.0, step=20), '{"loss": 1.0, "st'],
    )
    write_scalars(tmp_path, '20260102_000000', [dict(loss=2.5, step=20), dict(loss=1.5, step=30)])
    assert read_scalars(str(tmp_path)) == dict(loss={10: 3.0, 20: 2.5, 30: 1.5})


def test_values_of_another_training_in_the_folder_do_not_count(tmp_path):
    """A run of 600 steps, then a new one that was stopped at 200."""
    first = [dict(loss=1.0, step=step) for step in range(100, 700, 100)] + [dict(a=60.0, step=500)]
    write_scalars(tmp_path, '20260101_000000', first)
    second = [dict(loss=4.0, step=100), dict(loss=3.0, step=200), dict(a=9.0, step=200)]
    write_scalars(tmp_path, '20260102_000000', second)
    assert read_scalars(str(tmp_path)) == dict(loss={100: 4.0, 200: 3.0}, a={200: 9.0})


def test_a_run_without_scalars_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='LocalVisBackend'):
        read_scalars(str(tmp_path))


def test_trainings_below_a_folder_without_scalars_are_named(tmp_path):
    run = tmp_path / 'round_00' / '20260101_000000' / 'vis_data'
    run.mkdir(parents=True)
    (run / 'scalars.json').write_text('{"loss": 1.0, "step": 1}\n')
    with pytest.raises(FileNotFoundError, match='trainings below it, such as .*round_00: name one'):
        read_scalars(str(tmp_path))
    assert read_scalars(str(tmp_path / 'round_00')) == {'loss': {1: 1.0}}


def test_students_are_averaged_over_the_steps_that_all_have():
    averaged = average_students(
        {
            'sup_student0_loss': {10: 1.0, 20: 3.0},
            'sup_student1_loss': {10: 2.0, 20: 5.0, 30: 9.0},
            'loss': {10: 7.0},
        }
    )
    assert averaged == {'sup_loss': {10: 1.5, 20: 4.0}, 'loss': {10: 7.0}}


@pytest.mark.parametrize(
    'name, panel',
    [
        ('loss', 'loss'),
        ('sup_student0_loss_kpt', 'loss'),
        ('response_labeled', 'response'),
        ('coco/AP', 'metric'),
        ('ensemble/coco/AP', 'metric'),
        ('mean/coco/AP', None),
        ('student0/coco/AP', None),
        ('lr', None),
        ('base_lr', None),
        ('time', None),
        ('grad_norm', None),
    ],
)
def test_panel_of(name, panel):
    assert panel_of(name) == panel


def test_the_only_part_of_a_loss_is_not_drawn_twice():
    whole, part = {1: 2.0, 2: 1.0}, {1: 0.5, 2: 0.5}
    one = {'loss': whole, 'loss_kpt': dict(whole), 'lr': part, 'coco/AP': part}
    assert curves_of(one) == [('loss', 'loss', whole), ('metric', 'coco/AP', part)]
    two = {'loss': whole, 'student0_loss_kpt': part, 'loss_other': {1: 1.5, 2: 0.5}}
    assert [name for _, name, _ in curves_of(two)] == ['loss', 'loss_kpt', 'loss_other']


def test_plot_draws_the_panels_that_have_curves(tmp_path):
    write_scalars(tmp_path / 'a', '1', [{'loss': 1.0, 'step': 1}, {'coco/AP': 0.5, 'step': 1}])
    write_scalars(tmp_path / 'b', '1', [{'loss': 2.0, 'step': 1}])
    out = tmp_path / 'pictures' / 'curves.png'
    titles = plot_curves({'A': str(tmp_path / 'a'), 'B': str(tmp_path / 'b')}, str(out))
    assert titles == ['loss', 'metric']
    assert out.read_bytes().startswith(b'\x89PNG')
    assert [path.name for path in out.parent.iterdir()] == ['curves.png']
