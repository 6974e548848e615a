"""Lightning Pose projects of one view and of several."""

from mmpose_al.projects.sources import Options, read_sources
from tests.test_projects.files import picture, video

HEAD = 'scorer,s,s,s,s\nbodyparts,l_paw,l_paw,r_paw,r_paw\ncoords,x,y,x,y\n'


def project(folder, views=('',)):
    for view in views:
        lines = [f'labeled-data/s1{view}/img{number}.png,{number}.5,2,3,4\n' for number in range(2)]
        (folder / 'labeled-data' / f's1{view}').mkdir(parents=True)
        for number in range(2):
            picture(folder / 'labeled-data' / f's1{view}' / f'img{number}.png')
        (folder / f'CollectedData{view}.csv').write_text(HEAD + ''.join(lines))
    return str(folder)


def test_one_view(tmp_path):
    path = project(tmp_path)
    video(tmp_path / 'videos' / 's1.avi')
    table = read_sources([path], Options(frames=3))
    assert table.kind == 'lightning-pose' and table.joints == ['l_paw', 'r_paw']
    assert table.labeled == 2 and len(table.shots) == 5
    assert table.shots[1].people[0].keypoints.tolist() == [[1.5, 2, 2], [3, 4, 2]]


def test_several_views_are_recordings_of_their_own(tmp_path):
    table = read_sources([project(tmp_path, ('_bot', '_top'))], Options())
    assert [shot.sequence for shot in table.shots] == ['s1_bot'] * 2 + ['s1_top'] * 2
    assert 'CollectedData_bot.csv, CollectedData_top.csv' in table.said[-1]


def test_two_projects_are_one_and_their_recordings_are_not(tmp_path):
    """Both label the same moments of a recording of one name, in other images."""
    table = read_sources([project(tmp_path / 'a'), project(tmp_path / 'b')], Options())
    assert set(table.folders) == {'labeled-data', 'b/labeled-data'}
    assert [shot.sequence for shot in table.shots] == ['s1'] * 2 + ['b_s1'] * 2
    assert any("'s1' is another one" in line for line in table.said)
