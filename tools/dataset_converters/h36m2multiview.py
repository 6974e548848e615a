#!/usr/bin/env python3
"""``mmpose-al convert h36m`` from a clone."""

import os.path as osp
import sys

sys.path.insert(0, osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__)))))

from mmpose_al.cli.main import run_tool

if __name__ == '__main__':
    sys.exit(run_tool(__file__, 'convert h36m'))
