"""Registry of what a project can be made of."""

from mmengine.registry import Registry

PROJECT_SOURCES = Registry(
    'project source', locations=['mmpose_al.projects.sources'], scope='mmpose'
)
