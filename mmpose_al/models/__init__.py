from . import backbones, heads, losses, pose3d, semi, views
