"""Importing this module lets MMPose's own ``dist_train.sh`` run without a GPU.

A config names it next to the package, and says that its model needs no device list::

    custom_imports = dict(
        imports=['mmpose_al', 'mmpose_al.engine.gloo_without_gpu'],
        allow_failed_imports=False)
    model_wrapper_cfg = dict(
        type='MMDistributedDataParallel', device_ids=None, broadcast_buffers=False)

The config is read before the Runner is built, so the process group is there when
MMEngine looks for it. The import acts only in a process that torchrun started on a
machine without a GPU; anywhere else it does nothing. ``device_ids=None`` is right on
a GPU as well, where MMEngine has moved model and batch to the device already.

``mmpose-al train`` and ``mmpose-al test`` need neither line.
"""

from .distributed import init_gloo_under_torchrun

init_gloo_under_torchrun()
