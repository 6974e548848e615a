"""Camera pickles are data: nothing in them is run."""

import os
import os.path as osp
import pickle
import time

import numpy as np
import pytest

from mmpose_al.converters.camera_pickle import load_camera_pickle
from mmpose_al.datasets.format import FormatError


class Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
def test_nothing_in_a_pickle_is_run(tmp_path, protocol):
    path, evil = tmp_path / 'cameras.pkl', str(tmp_path / 'evil')
    path.write_bytes(pickle.dumps({'S1': {'R': Evil(evil)}}, protocol))
    with pytest.raises(
        FormatError,
        match=r'cameras.pkl: holds \w+.mkdir, which is '
        'neither',
    ):
        load_camera_pickle(str(path))
    assert not osp.exists(evil)


def test_other_pickles_are_refused(tmp_path):
    path = tmp_path / 'cameras.pkl'
    for value, problem in (
        (eval, 'holds builtins.eval'),
        ([1], 'not a dictionary'),
        (dict(a=1), 'not a dictionary'),
        (np.memmap, 'numpy.*memmap'),
    ):
        path.write_bytes(pickle.dumps(value))
        with pytest.raises(FormatError, match=problem):
            load_camera_pickle(str(path))
    good = {('S1', '54138969'): dict(R=np.eye(3), w=np.int64(5), f=np.float64(2.5), name='c')}
    raw = pickle.dumps(good, 3)
    path.write_bytes(raw[:-20])
    with pytest.raises(FormatError, match='not a readable pickle'):
        load_camera_pickle(str(path))
    old = raw.replace(b'numpy._core.', b'numpy.core.')  # as NumPy 1 writes it
    for content in (old, old.replace(b'numpy.core.', b'numpy._core.')):
        path.write_bytes(content)
        loaded = load_camera_pickle(str(path))['S1', '54138969']
        assert (loaded['R'] == np.eye(3)).all() and loaded['w'] == 5


@pytest.mark.parametrize(
    'value',
    [
        np.arange(6, dtype='>i2').reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.zeros((0, 3)),
        np.array(2.5, np.float32),
        np.array([True, False]),
        np.float64(-2.5),
        np.int64(5),
        np.uint8(200),
        np.bool_(True),
    ],
)
def test_arrays_of_pickles_are_what_was_written(tmp_path, value):
    path = tmp_path / 'cameras.pkl'
    shared = [value]
    path.write_bytes(pickle.dumps({0: dict(a=value, b=(shared, shared))}, 3))
    camera = load_camera_pickle(str(path))[0]
    for loaded in (camera['a'], camera['b'][0][0], camera['b'][1][0]):
        assert type(loaded) is type(value) and loaded.dtype == value.dtype
        assert loaded.shape == value.shape and (loaded == value).all()


def test_pickles_of_python_2(tmp_path):
    dtype = b"cnumpy\ndtype\n(S'f8'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntb"
    number = (
        b'cnumpy.core.multiarray\nscalar\n('
        + dtype
        + (b"S'\\x00\\x00\\x00\\x00\\x00\\x00\\xf0\\xbf'\ntR")
    )  # -1.0
    path = tmp_path / 'cameras.pkl'
    path.write_bytes(b"(dS'a'\n(dS'f'\n" + number + b'ss.')
    assert load_camera_pickle(str(path)) == dict(a=dict(f=-1.0))


def array_pickle(dtype, shape=(1,), raw=b'A' * 8):
    """{0: {'w': array}} of a dtype in pickle's opcodes."""

    def plain(value):
        return pickle.dumps(value, 3)[2:-1]

    return (
        b'\x80\x03}'
        + plain(0)
        + b'}'
        + plain('w')
        + b'cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n'
        + plain((0,))
        + plain(b'b')
        + b'tR('
        + plain(1)
        + plain(shape)
        + dtype
        + b'\x89'
        + plain(raw)
        + b'tbss.'
    )


def test_a_pickle_cannot_deceive_numpy(tmp_path):
    """An object dtype whose flags are cleared made pointers of the file's bytes."""
    path = tmp_path / 'cameras.pkl'
    state = pickle.dumps((3, '|', None, None, None, -1, -1, 0), 3)[2:-1] + b'b'
    objects = b'cnumpy\ndtype\n(X\x02\x00\x00\x00O8\x89\x88tR' + state
    numbers = objects.replace(b'O8', b'f8')
    path.write_bytes(array_pickle(numbers))
    assert load_camera_pickle(str(path))[0]['w'].shape == (1,)
    for content, problem in (
        (array_pickle(objects), "dtype 'O8', not of numbers"),
        (array_pickle(numbers, (2,)), '2 numbers with 8 bytes'),
        (array_pickle(numbers, (-1,)), 'array of shape'),
        (array_pickle(numbers, (2**62, 4)), 'numbers with 8 bytes'),
        (array_pickle(numbers, raw=[object]), 'holds builtins.object'),
        (array_pickle(numbers, raw=[1]), 'something else than numbers'),
        (array_pickle(b'N'), 'something else than numbers'),
        (array_pickle(numbers.replace(b'|', b'O')), 'byte order'),
    ):
        path.write_bytes(content)
        with pytest.raises(FormatError, match='cameras.pkl: .*' + problem):
            load_camera_pickle(str(path))


def doubled(kind, depth):
    """A container of the same container twice, again and again."""
    value = kind([1, 2])
    for _ in range(depth):
        value = kind([value, value])
    return value


@pytest.mark.parametrize(
    'content',
    [
        {'a': {'R': doubled(list, 40)}},
        {'a': {'R': doubled(tuple, 40)}},
        {doubled(tuple, 12): {}, 'a': doubled(list, 30)},
    ],
    ids=['lists', 'tuples', 'both'],
)
def test_the_same_thing_again_and_again_is_refused_at_once(tmp_path, content):
    path, start = tmp_path / 'cameras.pkl', time.process_time()
    with open(str(path), 'wb') as file:
        pickle.dump(content, file)
    assert path.stat().st_size < 1000
    with pytest.raises(FormatError, match='again and again'):
        load_camera_pickle(str(path))
    assert time.process_time() - start < 5


def test_a_key_of_doubled_tuples_is_not_hashed(tmp_path):
    """Written by hand: to make it, Python would hash it."""
    path = tmp_path / 'cameras.pkl'
    twice = pickle.DUP + pickle.TUPLE2
    key = pickle.EMPTY_TUPLE + twice * 50
    path.write_bytes(pickle.PROTO + b'\x02}' + key + b'}s.')
    start = time.process_time()
    with pytest.raises(FormatError, match='again and again'):
        load_camera_pickle(str(path))
    assert time.process_time() - start < 5


def test_what_cameras_hold_is_far_below_the_limit(tmp_path):
    rotation = np.eye(3)
    cameras = {('S1', str(number)): dict(R=rotation, T=[0.0, 1.0, 2.0]) for number in range(200)}
    path = tmp_path / 'cameras.pkl'
    with open(str(path), 'wb') as file:
        pickle.dump(cameras, file)
    read = load_camera_pickle(str(path))
    assert read.keys() == cameras.keys() and (read['S1', '7']['R'] == rotation).all()
