from . import backbones, heads, losses, passes, pose3d, semi, views
