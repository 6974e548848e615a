"""How well the views of a rig agree about a network's predictions, where nobody has 3D truth."""

from typing import Dict, Mapping

import numpy as np

from .statistics import ViewStatistics, triangulate_views

#: Most units that are triangulated for this, evenly spread over the pool.
MOST = 2000


def rig_quality(
    views: ViewStatistics, names: Mapping[int, str], threshold: float = 20.0
) -> Dict[str, float]:
    """Reprojection errors and inliers of robustly triangulated predictions.

    Args:
        views (ViewStatistics): Of the pool.
        names (Mapping): Id -> name of the cameras.
        threshold (float): Largest reprojection error of an inlier, pixels.

    Returns:
        dict: ``rig/reprojection_error``, the median over keypoints of views in pixels;
        ``rig/inliers``, their share within the threshold, and ``rig/triangulated``, that of
        keypoints with a 3D point, in percent; the first two for each camera
        (``.../{name}``). Empty without two calibrated views of a person.
    """
    units = np.unique(views.unit[views.calibrated])
    if len(units) > MOST:
        units = units[np.linspace(0, len(units) - 1, MOST).astype(int)]
    views = views.select(np.isin(views.unit, units))
    groups = triangulate_views(views, threshold)
    several = (groups.rows >= 0).sum(1) >= 2
    if not several.any():
        return {}
    rows, errors, inliers = (a[several] for a in (groups.rows, groups.errors, groups.inliers))
    there = rows >= 0
    found = {'rig/triangulated': 100 * float(groups.ok[several].mean())}
    camera = np.where(there, views.camera_id[rows], -1)
    for number in [None, *sorted(set(camera[there].tolist()))]:
        chosen = there if number is None else camera == number
        end = '' if number is None else f'/{names.get(number, number)}'
        seen = errors[chosen]
        seen = seen[np.isfinite(seen)]
        found[f'rig/reprojection_error{end}'] = float(np.median(seen)) if len(seen) else np.nan
        found[f'rig/inliers{end}'] = 100 * float(inliers[chosen].mean())
    return found
