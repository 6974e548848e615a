"""What is labelled at once, in which order."""

import numpy as np

from mmpose_al.active_learning.label_app.tasks import joint_order, tasks_of
from mmpose_al.active_learning.query import Query


def query_of(entries, units):
    """A query with these persons: (id, unit, image, person, camera)."""
    images = {image: camera for _, _, image, _, camera in entries}
    return Query(
        dict(
            id='0' * 12,
            round=0,
            category=dict(keypoints=['a', 'b', 'c']),
            units=[dict(id=unit) for unit in units],
            images=[dict(id=i, camera_id=c) for i, c in images.items()],
            annotations=[
                dict(id=n, unit=u, image_id=i, person_id=p, prediction=None, why=None)
                for n, u, i, p, _ in entries
            ],
        ),
        '',
    )


def test_a_person_is_seen_by_its_views_in_the_order_of_cameras():
    query = query_of(
        [(1, 7, 11, 0, 2), (2, 7, 12, 0, 1), (3, 5, 13, 0, 1), (4, 7, 11, 1, 2)], [7, 5]
    )
    tasks = tasks_of(query)
    assert [task.unit for task in tasks] == [7, 5]
    assert [person.annotations for person in tasks[0].persons] == [[2, 1], [4]]
    assert tasks[0].annotations == [2, 1, 4] and tasks[1].annotations == [3]


def test_persons_that_one_image_has_twice_are_taken_for_themselves():
    query = query_of([(1, 7, 11, 0, None), (2, 7, 11, 0, None), (3, 7, 12, 0, None)], [7])
    assert [person.annotations for person in tasks_of(query)[0].persons] == [[1], [2], [3]]


def test_the_worst_joints_come_first():
    def entry(scores, errors):
        why = None if errors is None else dict(joint_errors=errors)
        prediction = np.c_[np.ones((3, 2)), scores].tolist()
        return dict(prediction=prediction, why=why)

    plain = dict(prediction=None, why=None)
    assert joint_order([plain, plain], 3) == [0, 1, 2]
    # means of the errors: 2, 6, 5
    assert joint_order([entry([1, 1, 1], [4, 2, 5]), entry([1, 1, 1], [0, 10, 5])], 3) == [1, 2, 0]
    # without cameras the least sure first; means 0.4, 0.5, 0.2
    views = [entry([0.1, 0.5, 0.2], None), entry([0.7, 0.5, 0.2], None), plain]
    assert joint_order(views, 3) == [2, 0, 1]
    # the same error: the least sure first
    assert joint_order([entry([0.9, 0.1, 0.5], [3, 3, 3])], 3) == [1, 2, 0]
