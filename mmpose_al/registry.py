"""Makes ``mmpose_al`` a scope that MMEngine knows.

The package's types live in mmpose's registries. Importing this module lets a config of
any project inherit from ours, ``_base_ = ['mmpose_al::_base_/...']``: MMEngine finds
the file, and what it does not find under the scope ``mmpose_al`` it looks for in
mmpose's registries.
"""

import mmpose.registry
from mmengine.config.utils import MODULE2PACKAGE
from mmengine.registry import Registry

SCOPE = 'mmpose_al'
# By its distribution's name MMEngine would look for the package beside the metadata, where an
# editable install has nothing; the name of a module it finds as an import does.
FOUND_BY = 'mmpose_al.registry'
# A registry imports what registers its own types, but not what registers its parent's.
LOCATIONS = [
    'mmpose.codecs',
    'mmpose.datasets',
    'mmpose.engine',
    'mmpose.evaluation',
    'mmpose.models',
    'mmpose.visualization',
    'mmpose_al',
]


def register_scope() -> None:
    """Name the scope to MMEngine; calling it again changes nothing."""
    MODULE2PACKAGE.setdefault(SCOPE, FOUND_BY)
    for registry in list(vars(mmpose.registry).values()):
        if isinstance(registry, Registry) and SCOPE not in registry.children:
            Registry(registry.name, parent=registry, scope=SCOPE, locations=LOCATIONS)


register_scope()
