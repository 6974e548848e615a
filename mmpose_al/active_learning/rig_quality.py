"""How well the views of a rig agree about a network's predictions, where nobody has 3D truth."""

from typing import Dict, List, Mapping

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
        (``.../{name}``), calibrations of one name together. Empty without two calibrated
        views of a person.
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
    ids: Dict[str, List[int]] = {}
    for number in sorted(set(views.camera_id[rows[there]].tolist())):
        ids.setdefault(f'/{names.get(number, number)}', []).append(number)
    cameras = {end: there & np.isin(views.camera_id[rows], each) for end, each in ids.items()}
    for end, chosen in {'': there, **cameras}.items():
        seen = errors[chosen]
        seen = seen[np.isfinite(seen)]
        found[f'rig/reprojection_error{end}'] = float(np.median(seen)) if len(seen) else np.nan
        found[f'rig/inliers{end}'] = 100 * float(inliers[chosen].mean())
    return found
