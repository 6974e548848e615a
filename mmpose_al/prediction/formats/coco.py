"""COCO keypoints: a file that a query's answers, a pool or any COCO tool can be made of."""

from typing import List

import numpy as np

from ...fileio import write_json
from ..predictions import CONVENTION, Predictions

ENDING, HELP = '.coco.json', 'COCO keypoints with keypoint_scores beside them'
VISIBLE = 2


def write(path: str, predictions: Predictions) -> None:
    """Write images, and an annotation for each person.

    ``keypoints`` are x, y and 2; ``keypoint_scores`` holds the confidences, and ``score``
    their mean. An image that could not be read is left out.
    """
    write_json(path, content(predictions), indent=None)


def content(predictions: Predictions) -> dict:
    """What the file holds."""
    images = []
    for index, frame in enumerate(predictions.frames):
        if frame.size is None:
            continue
        width, height = frame.size
        image = dict(id=index + 1, file_name=frame.name, width=width, height=height)
        if predictions.is_video:
            image['frame_number'] = frame.number
            time = predictions.time_of(frame.number)
            if time is not None:
                image['time'] = round(time, 6)
        images.append(image)
    info = dict(
        description=f'Keypoints of {predictions.name}, predicted',
        model=predictions.scorer,
        source=predictions.path,
        coordinates=CONVENTION,
        scores='confidence of the model, for heatmaps their maximum',
    )
    skeleton = predictions.skeleton
    category = dict(
        id=1,
        name='person',
        keypoints=skeleton.joints,
        skeleton=[[start + 1, end + 1] for start, end in skeleton.links],
    )
    return dict(
        info=info, images=images, annotations=_annotations(predictions), categories=[category]
    )


def _annotations(predictions: Predictions) -> List[dict]:
    found = []
    for row in range(len(predictions.frame)):
        points, scores = predictions.keypoints[row], predictions.scores[row]
        box = predictions.boxes[row]
        found.append(
            dict(
                id=row + 1,
                image_id=int(predictions.frame[row]) + 1,
                category_id=1,
                person_id=int(predictions.person[row]),
                bbox=box.tolist(),
                bbox_score=float(predictions.box_scores[row]),
                area=round(float(box[2] * box[3]), 3),
                iscrowd=0,
                keypoints=np.c_[points, np.full(len(points), VISIBLE)].ravel().tolist(),
                num_keypoints=len(points),
                keypoint_scores=scores.tolist(),
                score=round(float(scores.mean()), 5),
            )
        )
    return found
