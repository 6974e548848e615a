"""Files of a project that follow it until somebody edits them."""

from mmpose_al.projects.made_files import MadeFiles


def test_a_file_that_nobody_edited_follows(tmp_path):
    files = MadeFiles(str(tmp_path), {}, {})
    files.write('a.py', 'one = 1\n')
    again = MadeFiles(str(tmp_path), dict(made=files.made), {})
    again.write('a.py', 'one = 2\n')
    assert (tmp_path / 'a.py').read_text() == 'one = 2\n'
    assert not again.is_edited('a.py')


def test_an_edited_file_stays_and_what_it_lacks_is_said(tmp_path):
    files = MadeFiles(str(tmp_path), {}, {})
    files.write('a.py', 'one = 1\ntwo = 2\n')
    (tmp_path / 'a.py').write_text('one = 5\ntwo = 2\n')
    assert files.is_edited('a.py')
    said = []
    files.write('a.py', 'one = 1\ntwo = 2\n', said.append)
    assert said == []  # it would be what it was made as
    files.write('a.py', 'one = 1\ntwo = 3\n', said.append)
    assert (tmp_path / 'a.py').read_text() == 'one = 5\ntwo = 2\n'
    assert len(said) == 1 and said[0].endswith('Made anew it would have: `one = 1`; `two = 3`')


def test_what_a_killed_command_made_counts_as_edited_by_nobody(tmp_path):
    MadeFiles(str(tmp_path), {}, {}).write('a.py', 'one = 1\n')  # and no project.json
    again = MadeFiles(str(tmp_path), {}, {})
    again.write('a.py', 'one = 2\n')
    assert (tmp_path / 'a.py').read_text() == 'one = 2\n'
    again.settle()
    assert [path.name for path in tmp_path.iterdir()] == ['a.py']
    (tmp_path / 'a.py').write_text('one = 1\n')
    said, lost = [], MadeFiles(str(tmp_path), {}, {})
    lost.write('a.py', 'one = 2\n', said.append)  # whoever made it, it is told
    assert (tmp_path / 'a.py').read_text() == 'one = 1\n' and 'was edited and stays' in said[0]


def test_projects_without_digests_are_told_by_the_text_of_then(tmp_path):
    (tmp_path / 'a.py').write_text('one = 1\n')
    assert not MadeFiles(str(tmp_path), {}, {'a.py': 'one = 1\n'}).is_edited('a.py')
    assert MadeFiles(str(tmp_path), {}, {'a.py': 'one = 0\n'}).is_edited('a.py')
    assert not MadeFiles(str(tmp_path), {}, {}).is_edited('gone.py')


def test_a_replaced_file_stays_as_edited_as_it_was(tmp_path):
    files = MadeFiles(str(tmp_path), {}, {})
    files.write('a.py', '1\n')
    files.replace('a.py', '2\n')
    assert (tmp_path / 'a.py').read_text() == '2\n' and not files.is_edited('a.py')
    (tmp_path / 'a.py').write_text('3\n')
    files.replace('a.py', '4\n')
    assert (tmp_path / 'a.py').read_text() == '4\n' and files.is_edited('a.py')
