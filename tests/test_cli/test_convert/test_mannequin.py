"""``mmpose-al convert mannequin``."""

from mmpose_al.datasets.format import load_multiview
from tests.commands import command
from tests.test_converters.files import mannequin_files


def test_videos_and_predictions_become_a_file(tmp_path):
    folders, _, _ = mannequin_files(tmp_path)
    out = str(tmp_path / 'out.json')
    words = [folders[0], '--predictions', folders[1], '--images', tmp_path, '--out', out]
    command('convert mannequin', *words, '--size', 640, 360, '--missing-images', 'keep')
    assert len(load_multiview(out)['annotations']) == 16
