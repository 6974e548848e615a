"""Registries of what an experiment is made of."""

from mmengine.registry import Registry

QUERY_STRATEGIES = Registry(
    'query strategy', locations=['mmpose_al.active_learning.strategies'], scope='mmpose'
)
ANNOTATORS = Registry(
    'annotator', locations=['mmpose_al.active_learning.annotators'], scope='mmpose'
)
ANNOTATION_FORMATS = Registry(
    'annotation format', locations=['mmpose_al.active_learning.formats'], scope='mmpose'
)
