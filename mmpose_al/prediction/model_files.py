"""The config and the weights that a word of a command line stands for."""

import glob
import os.path as osp
from typing import NamedTuple, Optional

from ..checkpoint_files import noted
from ..config_files import config_path
from ..fileio import FileError, digest, sha256
from ..projects import is_project, open_project
from ..projects.project import config_beside, latest_of_rounds, newest

WEIGHTS = ('.pth', '.pt')


class ModelFiles(NamedTuple):
    """Paths of a config and of weights."""

    config: str
    checkpoint: str

    @property
    def scorer(self) -> str:
        """A name of the model in files."""
        names = (osp.splitext(osp.basename(path))[0] for path in self)
        return '-'.join(names).replace(',', '_')

    def identity(self, network: Optional[str] = None, confidence: Optional[str] = None) -> str:
        """A digest of what decides the predictions: weights, config, choice of a network, and
        the file that makes confidence of scores."""
        parts = [sha256(self.checkpoint), sha256(self.config), network]
        return digest(parts if confidence is None else [*parts, sha256(confidence)])


def find_model(model: str, checkpoint: Optional[str] = None) -> ModelFiles:
    """The config and the checkpoint of a model.

    Args:
        model (str): A project, the work directory of a training or of an experiment (its
            newest round), a checkpoint that lies in one, or a config (its path, or its name in
            the package).
        checkpoint (str, optional): Weights; a config needs them, the others may have them.

    Raises:
        FileError: There is no such thing, or nothing trained in it.
    """
    if is_project(model):
        project = open_project(model)
        chosen = checkpoint or project.checkpoint
        if chosen is None:
            raise FileError(
                f'{model}: nothing is trained yet. Train it: mmpose-al train {project.config}'
            )
        return ModelFiles(project.config, _there(chosen))
    if osp.isdir(model):
        chosen = checkpoint or _newest_in(model) or latest_of_rounds(model)
        if chosen is None:
            raise FileError(
                f'{model}: is neither a project nor the work directory of a training: it holds '
                'no checkpoint (*.pth). Name the one of a training.'
            )
        beside = osp.join(model, osp.basename(chosen)) if checkpoint else chosen
        return ModelFiles(_config_of(beside, model), _there(chosen))
    if model.lower().endswith(WEIGHTS):
        if checkpoint is not None:
            raise FileError(f'{model}: is a checkpoint, and so is {checkpoint}. Name the config.')
        return ModelFiles(_config_of(model, model), _there(model))
    try:
        config = config_path(model)
    except FileNotFoundError as error:
        raise FileError(str(error)) from None
    if checkpoint is None:
        raise FileError(f'{model}: is a config. Name its weights too: --checkpoint FILE.')
    return ModelFiles(config, _there(checkpoint))


def _there(path: str) -> str:
    if not osp.isfile(path):
        raise FileError(f'{path}: no such checkpoint. Check the name.')
    return path


def _newest_in(folder: str) -> Optional[str]:
    """The best checkpoint of a training that kept one, else that it notes, else the newest."""
    best = newest(glob.glob(osp.join(glob.escape(folder), 'best_*.pth')))
    return best or noted(folder) or newest(glob.glob(osp.join(glob.escape(folder), '*.pth')))


def _config_of(checkpoint: str, shown: str) -> str:
    """The config that a training wrote beside its checkpoint."""
    config = config_beside(checkpoint)
    if config is None:
        raise FileError(
            f'{shown}: no config (*.py) lies beside the checkpoint. Name the config, and the '
            'weights by --checkpoint.'
        )
    return config
