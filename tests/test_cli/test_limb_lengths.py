import json

import pytest

from tests.commands import command


@pytest.fixture
def annotations(tmp_path):
    poses = [[[0, 0, 0, 1], [0, 100, 0, 1], [0, 150, 0, 1]]]
    path = tmp_path / 'a.json'
    path.write_text(
        json.dumps(
            dict(
                images=[],
                annotations=[],
                cameras=[],
                frames=[dict(id=1, sequence='s', index=0)],
                poses_3d=[dict(id=1, frame_id=1, person_id=0, keypoints_3d=pose) for pose in poses],
                categories=[dict(id=1, name='person', keypoints=['a', 'b', 'c'])],
            )
        )
    )
    return path


def test_lengths_are_printed_in_mm_and_normalised(annotations, capsys):
    command('limb-lengths', annotations, '--pair', 0, 1, '--limbs', '1,2', '0,2')
    assert capsys.readouterr().out.splitlines() == [
        '1 poses',
        'mean_lengths in mm: [50.0, 150.0]',
        'normalised:         [0.5, 1.5]',
    ]


def test_wrong_joints_are_told(annotations):
    with pytest.raises(SystemExit, match='a.json: there is no joint 9; its 3 joints are 0 to 2'):
        command('limb-lengths', annotations, '--pair', 0, 9, '--limbs', '1,2')
    with pytest.raises(SystemExit, match='there is no joint -1'):
        command('limb-lengths', annotations, '--pair', 0, 1, '--limbs=-1,2')
    for words in (('--pair', 1, 1, '--limbs', '0,1'), ('--pair', 0, 1, '--limbs', '0,2', '1,1')):
        with pytest.raises(SystemExit, match='a.json: joint 1 twice is no limb'):
            command('limb-lengths', annotations, *words)
    with pytest.raises(SystemExit) as stopped:
        command('limb-lengths', annotations, '--pair', 0, 1, '--limbs', '1-2')
    assert stopped.value.code == 2
