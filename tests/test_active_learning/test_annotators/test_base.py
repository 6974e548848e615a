"""What an annotator of one's own need not write."""

import pytest

from mmpose_al.active_learning.annotators import Annotator, AnswersPending


def test_what_has_a_default():
    annotator = Annotator()
    annotator.ask(0, [1], [0.5])  # who knows all labels need not be asked
    assert annotator.cost() is None  # labels are counted in the file
    with annotator.locked():
        pass
    for call in (lambda: annotator.open('folder', None), lambda: annotator.answers(0)):
        with pytest.raises(NotImplementedError):
            call()
    assert str(AnswersPending('label it')) == 'label it'
