"""An experiment whose query people answer, for the commands."""

from mmpose_al.active_learning.pool import load_pool
from mmpose_al.active_learning.state import new_state
from tests.test_active_learning.people import ROUND, answer, opened, read, write, write_pool


def asked_experiment(folder):
    """Round 0 is trained and scored; the query of round 1 is out. Gives the true pixels too."""
    path, pixels, views = write_pool(folder / 'data')
    work = str(folder / 'work')
    annotator = opened(work, path)
    annotator.ask(ROUND, [20, 0], [3.0, 1.0], views)
    state = new_state(work, load_pool(path, 'frames'), 'digest', 0)
    state.add_labels(0, [10], 'somebody')
    state.finish(0, 'annotate', dict(labels=1, views=4, joints=20))
    state.finish(0, 'train', dict(metrics={'multiview/MKPE': 31.25}))
    return work, pixels


def exported(work, pixels, folder, ids=(80, 81)):
    data = answer(read(work, 'coco'), 'coco', {i: pixels[i] for i in ids})
    return write(data, folder / 'answers.json', 'coco')
