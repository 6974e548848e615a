"""Registries of what an experiment is made of."""

from mmengine.registry import Registry

QUERY_STRATEGIES = Registry(
    'query strategy', locations=['mmpose_al.active_learning.strategies'], scope='mmpose'
)
ANNOTATORS = Registry(
    'annotator',
    locations=[
        'mmpose_al.active_learning.annotators.files',
        'mmpose_al.active_learning.annotators.ground_truth',
    ],
    scope='mmpose',
)
ANNOTATION_FORMATS = Registry(
    'annotation format', locations=['mmpose_al.active_learning.formats'], scope='mmpose'
)
SELF_TRAINING = Registry(
    'self-training', locations=['mmpose_al.active_learning.self_training'], scope='mmpose'
)
# What the pass over the pool keeps of each view, under the names of the columns.
STATISTICS = Registry(
    'statistic', locations=['mmpose_al.active_learning.statistics'], scope='mmpose'
)
