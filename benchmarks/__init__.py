"""What the figures of the documentation are measured with; each is run by ``python -m``."""

import os.path as osp

ROOT = osp.dirname(osp.dirname(osp.abspath(__file__)))  # of the repository
