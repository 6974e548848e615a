"""A recording through the model; what a killed run left goes on to the same bytes."""

import cv2
import numpy as np
import pytest

from mmpose_al.fileio import locked
from mmpose_al.prediction.boxes import WholeImage
from mmpose_al.prediction.estimator import Estimator
from mmpose_al.prediction.inputs import Frame, find_recordings
from mmpose_al.prediction.recording import Job, predict_recording
from tests.test_prediction.models import config, trained, write_images, write_video


@pytest.fixture
def estimator(tmp_path):
    return Estimator(config(), str(trained(tmp_path / 'run') / 'iter_9.pth'))


def job(estimator, folder, said=None, model='m'):
    report = (lambda line: None) if said is None else said.append
    return Job(estimator, 'net', model, WholeImage(), str(folder), 4, report)


def test_each_frame_alone_gives_the_same(tmp_path, estimator):
    folder = write_images(tmp_path / 'mice', 6)
    [recording] = find_recordings([str(folder)])
    found = predict_recording(recording, job(estimator, tmp_path / 'parts'))
    assert [frame.name for frame in found.frames] == [f'{n}.png' for n in range(6)]
    assert found.frame.tolist() == list(range(6)) and found.person.tolist() == [0] * 6
    import cv2

    for row in range(6):
        image = cv2.imread(str(folder / f'{row}.png'))
        boxes = WholeImage()(recording, Frame(row, image))
        keypoints, scores = estimator(estimator.prepare(image, boxes))
        np.testing.assert_allclose(found.keypoints[row], keypoints[0], atol=2e-3)
        np.testing.assert_allclose(found.scores[row], scores[0], atol=2e-5)


class Killed(BaseException):
    pass


def dying(estimator, after):
    """The estimator, killed in the batch after so many."""
    calls = []

    def call(samples):
        calls.append(len(samples))
        if len(calls) > after:
            raise Killed
        return estimator(samples)

    call.prepare, call.skeleton, call.calls = estimator.prepare, estimator.skeleton, calls
    return call


@pytest.mark.parametrize('torn', [b'', b'{"batch": 2, "frames": [{"fra'])
def test_a_killed_run_goes_on_to_the_same_bytes(tmp_path, estimator, torn):
    [video] = find_recordings([str(write_video(tmp_path / 'v.mp4', 18))])
    predict_recording(video, job(estimator, tmp_path / 'whole'))
    with pytest.raises(Killed):
        predict_recording(video, job(dying(estimator, 2), tmp_path / 'parts'))
    part = tmp_path / 'parts' / 'v.jsonl'
    with open(part, 'ab') as file:
        file.write(torn)
    rest = dying(estimator, 99)
    predict_recording(video, job(rest, tmp_path / 'parts'))
    assert rest.calls == [4, 4, 2]  # two batches of five were kept
    assert part.read_bytes() == (tmp_path / 'whole' / 'v.jsonl').read_bytes()
    rest = dying(estimator, 99)
    predict_recording(video, job(rest, tmp_path / 'parts'))
    assert rest.calls == []


def test_another_model_begins_anew(tmp_path, estimator):
    [video] = find_recordings([str(write_video(tmp_path / 'v.mp4', 6))])
    predict_recording(video, job(estimator, tmp_path / 'parts'))
    other, said = dying(estimator, 99), []
    predict_recording(video, job(other, tmp_path / 'parts', said, model='n'))
    assert other.calls == [4, 2] and 'begins anew' in said[0]


def test_another_process_is_not_disturbed(tmp_path, estimator):
    [video] = find_recordings([str(write_video(tmp_path / 'v.mp4', 6))])
    predict_recording(video, job(estimator, tmp_path / 'parts'))
    part = tmp_path / 'parts' / 'v.jsonl'
    before = part.read_bytes()
    with locked(str(part)), pytest.raises(OSError, match='another `mmpose-al predict` is at it'):
        predict_recording(video, job(estimator, tmp_path / 'parts', model='n'))
    assert part.read_bytes() == before


def test_images_that_are_dark_for_want_of_bits_are_told(tmp_path, estimator):
    folder = tmp_path / 'mice'
    folder.mkdir()
    cv2.imwrite(str(folder / '0.png'), np.full((48, 64), 60000, np.uint16))
    cv2.imwrite(str(folder / '1.png'), np.full((48, 64), 4000, np.uint16))
    cv2.imwrite(str(folder / '2.png'), np.full((48, 64), 4000, np.uint16))
    cv2.imwrite(str(folder / '3.png'), np.zeros((48, 64), np.uint8))
    [recording] = find_recordings([str(folder)])
    said = []
    predict_recording(recording, job(estimator, tmp_path / 'parts', said))
    assert '1.png has 16 bits and no pixel above 4000. Images are read with the' in said[-1]
    assert said[-1].endswith('(images like this: 2)')


def test_images_that_cannot_be_read_are_counted(tmp_path, estimator):
    folder = write_images(tmp_path / 'mice', 5)
    (folder / '2.png').write_bytes(b'')
    [recording] = find_recordings([str(folder)])
    said = []
    found = predict_recording(recording, job(estimator, tmp_path / 'parts', said))
    assert found.frame.tolist() == [0, 1, 3, 4] and found.frames[2].size is None
    assert '1 of 5 images cannot be read' in said[-1] and '2.png is empty' in said[-1]
    for number in range(5):
        (folder / f'{number}.png').write_bytes(b'')
    [recording] = find_recordings([str(folder)])
    with pytest.raises(OSError, match='none of the 5 images can be read'):
        predict_recording(recording, job(estimator, tmp_path / 'other'))


def test_a_video_that_ends_early_says_so(tmp_path, estimator):
    [video] = find_recordings([str(write_video(tmp_path / 'v.mp4', 6))])
    said = []
    found = predict_recording(video._replace(count=9), job(estimator, tmp_path / 'p', said))
    assert len(found.frames) == 6 and 'ends after 6 frames' in said[-1]
