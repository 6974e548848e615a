"""Whether intrinsics can be those of a camera and its images."""

from typing import Optional, Tuple

import numpy as np

# Focal length in longer sides of the image: a field of view of 157 degrees, and of half a
# degree. What is beyond is in another unit: millimetres, 64ths of a pixel, image widths.
FOCAL = (0.1, 100.0)
# Pixels twice as wide as high (interlaced fields), with room to spare.
ASPECT = 2.5
SKEW = 0.2
# Principal point in sides of the image: far outside on one side, or at a corner.
OUTSIDE, CORNER = 0.5, 0.05


def focal_fault(K: np.ndarray, size: Tuple[int, int]) -> Optional[str]:
    """Why focal lengths and skew cannot be in pixels of these images; None if they can.

    Args:
        K (ndarray): Upper triangular, (3, 3).
        size (tuple): (width, height) in pixels.
    """
    fx, fy, skew, side = K[0, 0], K[1, 1], K[0, 1], max(size)
    shape = f'{size[0]:g}x{size[1]:g} images'
    if not (fx > 0 and fy > 0):
        return f'has the focal lengths fx = {fx:g}, fy = {fy:g}, which are not positive'
    if min(fx, fy) < FOCAL[0] * side or max(fx, fy) > FOCAL[1] * side:
        return (
            f'has the focal lengths fx = {fx:g}, fy = {fy:g} for {shape}: '
            f'{fx / side:.2g} and {fy / side:.2g} of the longer side; a lens has '
            f'{FOCAL[0]:g} to {FOCAL[1]:g}'
        )
    if max(fx, fy) > ASPECT * min(fx, fy):
        return f'has pixels that are {max(fx, fy) / min(fx, fy):.2g} times as long as wide'
    if abs(skew) > SKEW * fx:
        return f'has a skew of {skew:g} beside fx = {fx:g}'
    return None


def principal_fault(K: np.ndarray, size: Tuple[int, int]) -> Optional[str]:
    """Why the principal point cannot be that of these images; None if it can.

    It may lie beyond one border, as in a crop, but not farther than half the image, and
    not at a corner, where it lies if K is of images of twice the size, or counts from the
    centre.
    """
    share = np.array([K[0, 2] / size[0], K[1, 2] / size[1]])
    beyond = np.maximum(-share, share - 1)
    if (beyond > OUTSIDE).any() or (beyond > -CORNER).all():
        place = 'at a corner of' if (beyond < CORNER).all() else 'far outside'
        return (
            f'has the principal point ({K[0, 2]:g}, {K[1, 2]:g}), {place} the '
            f'{size[0]:g}x{size[1]:g} images'
        )
    return None
