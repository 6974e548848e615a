"""Groups of views: what estimators that compare the views of a person ask of a batch."""

from typing import Sequence


def check_groups(samples: Sequence, num_views: int) -> None:
    """Raise unless samples are whole groups of views of one person at one moment.

    Args:
        samples (Sequence): Unlabelled samples, the views of a group one after another.
        num_views (int): Views of a group.

    Raises:
        ValueError: They are not; it says what composes such batches.
    """
    remedy = (
        f'let a LabeledGroupSampler(num_views={num_views}) compose the batch, and put '
        "'frame_id', 'person_id' into PackPoseInputs' meta_keys"
    )
    if len(samples) % num_views:
        raise ValueError(
            f'{len(samples)} unlabelled samples are no groups of {num_views} views; {remedy}'
        )
    for start in range(0, len(samples), num_views):
        group = samples[start : start + num_views]
        keys = {(s.metainfo.get('frame_id'), s.metainfo.get('person_id')) for s in group}
        if len(keys) > 1 or None in next(iter(keys)):
            raise ValueError(
                f'views {[s.metainfo.get("img_path") for s in group]} of one group belong to '
                f'(frame, person) {sorted(map(str, keys))}; {remedy}'
            )
