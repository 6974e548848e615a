from benchmarks.degeneration import study


def test_without_the_25d_constraint_the_poses_collapse():
    """A short run of benchmarks/degeneration.py: the loss falls, the poses are one."""
    free = study('free 3D, normalised', steps=100, num=64, batch=16)
    held = study('2.5D, known rotations', steps=100, num=64, batch=16)
    assert free['loss'][-1] < 0.2 * free['loss'][0]
    assert free['diversity'][-1] < 0.5 * free['diversity'][0]
    assert free['error'][-1] > free['error'][0]
    assert held['diversity'][-1] > 0.7 and held['error'][-1] < held['error'][0]
