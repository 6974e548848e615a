"""Tests of the package; they import what several of them share from here."""

import os.path as osp

ROOT = osp.dirname(osp.dirname(osp.abspath(__file__)))  # of the repository
