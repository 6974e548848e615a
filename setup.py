"""Adds the files that OpenMMLab's MIM looks for; all else is in pyproject.toml.

MIM (``mim train mmpose_al CONFIG``) and MMEngine (``mmpose_al::...`` in a config)
look for configs and tools in ``mmpose_al/.mim``. A wheel gets copies of them; an
editable install (``pip install -e .``) gets links, so that it never goes stale.
"""

import os
import os.path as osp
import shutil

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.develop import develop

ROOT = osp.dirname(osp.abspath(__file__))
MIM_FILES = ('configs', 'demo', 'tools', 'model-index.yml')
MIM_FOLDER = osp.join('mmpose_al', '.mim')


def remove(path):
    if osp.islink(path) or osp.isfile(path):
        os.remove(path)
    elif osp.isdir(path):
        shutil.rmtree(path)


def link_mim_files():
    """Link the files into the source tree, for an editable install."""
    folder = osp.join(ROOT, MIM_FOLDER)
    os.makedirs(folder, exist_ok=True)
    for name in MIM_FILES:
        target = osp.join(folder, name)
        remove(target)
        if osp.exists(osp.join(ROOT, name)):
            os.symlink(osp.join('..', '..', name), target)


def copy_mim_files(build_lib):
    """Copy the files into the tree that a wheel is made of."""
    folder = osp.join(build_lib, MIM_FOLDER)
    remove(folder)
    os.makedirs(folder)
    for name in MIM_FILES:
        source, target = osp.join(ROOT, name), osp.join(folder, name)
        if osp.isdir(source):
            shutil.copytree(source, target, ignore=shutil.ignore_patterns('__pycache__'))
        elif osp.exists(source):
            shutil.copyfile(source, target)


class BuildWithMim(build_py):
    def run(self):
        super().run()
        if getattr(self, 'editable_mode', False):
            link_mim_files()
        else:
            copy_mim_files(self.build_lib)


class DevelopWithMim(develop):
    def run(self):
        super().run()
        link_mim_files()


setup(cmdclass={'build_py': BuildWithMim, 'develop': DevelopWithMim})
