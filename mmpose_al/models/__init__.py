from . import backbones, losses, semi, views  # noqa: F401
