"""Checkpoints that are never half, and a resume that takes none that is damaged."""

import os
import os.path as osp
from contextlib import suppress
from pathlib import Path
from typing import Any, List, Optional, Union

from mmengine.dist import broadcast_object_list, get_rank, is_main_process
from mmengine.fileio import LocalBackend, register_backend
from mmengine.hooks import CheckpointHook
from mmengine.logging import print_log
from mmengine.runner import BaseLoop
from mmpose.registry import HOOKS

from ...checkpoint_files import NOTE, newest_whole
from ...fileio import CHECKSUM, remove_leftovers, sync_parents, write_checked, write_text
from ...metric_direction import lower_is_better

BACKEND = 'mmpose_al.checked'


class CheckedBackend(LocalBackend):
    """Local files that appear whole, synced to the disk, with a checksum beside them."""

    def put(self, obj: Union[bytes, memoryview], filepath: Union[str, Path]) -> None:
        """See MMEngine's LocalBackend."""
        write_checked(str(filepath), bytes(obj))

    def remove(self, filepath: Union[str, Path]) -> None:
        """See MMEngine's LocalBackend; the checksum goes first."""
        with suppress(FileNotFoundError):
            os.remove(f'{filepath}{CHECKSUM}')
        super().remove(filepath)


register_backend(BACKEND, CheckedBackend, force=True)


@HOOKS.register_module()
class SafeCheckpointHook(CheckpointHook):
    """MMEngine's ``CheckpointHook``, with files that outlive a kill and a power loss.

    A checkpoint is written under another name, synced to the disk and renamed, and so is
    ``last_checkpoint``. Its SHA-256 lies beside it. It is the same file as MMEngine writes, for
    everyone to read. Outdated ones are removed after the new one is there, not before.

    A run that goes on (``resume`` without a checkpoint's name) takes the latest one of its
    own folder that is whole, and says what it has passed over. See
    :func:`mmpose_al.checkpoint_files.newest_whole`.

    ``save_best`` of a pose metric needs no ``rule``.

    Args:
        *args: Of ``CheckpointHook``.
        **kwargs: Of ``CheckpointHook``. ``backend_args`` other than None write as MMEngine does.

    Raises:
        ValueError: There are checkpoints to go on from, and none of them is whole.
    """

    # MMEngine's are looked for within names, and begin with 'top', a part of joints' names.
    _default_greater_keys: List[str] = []
    _default_less_keys: List[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        given = self.backend_args, self.file_client_args
        if given == (None, None) and '://' not in str(self.out_dir or ''):
            self.backend_args = dict(backend=BACKEND)

    def _init_rule(self, rules: List[Optional[str]], key_indicators: List[str]) -> None:
        """Rules that are not given are those of the metrics' names."""
        given = rules * len(key_indicators) if len(rules) == 1 else rules
        told = {True: 'less', False: 'greater', None: None}
        super()._init_rule(
            [rule or told[lower_is_better(key)] for rule, key in zip(given, key_indicators)],
            key_indicators,
        )

    def before_run(self, runner: Any) -> None:
        """Choose where a run goes on, before MMEngine does."""
        starts = isinstance(runner._train_loop, BaseLoop)  # only a training has built it
        if starts and runner._resume and runner._load_from is None:
            runner._load_from = self._resume_from(runner)

    def _resume_from(self, runner: Any) -> Optional[str]:
        box: List[Any] = [None, None]  # where rank 0 goes on, or why it does not
        if get_rank() == 0:
            home = osp.basename(runner.work_dir.rstrip(osp.sep))
            others = [osp.join(self.out_dir, home)] if self.out_dir else []
            found = newest_whole(runner.work_dir, *others)
            box[0] = found.path
            if found.path is None and found.told:
                box[1] = '; '.join(found.told)
            for text in found.told:
                print_log(f'resume: {text}', 'current', level=30)
        broadcast_object_list(box)
        path, fault = box
        if fault is not None:
            raise ValueError(
                f'{runner.work_dir}: there is no whole checkpoint to go on from: {fault}. Put one '
                f'back, or remove {NOTE} and the damaged files to train from the beginning'
            )
        return path

    def before_train(self, runner: Any) -> None:
        """See MMEngine's CheckpointHook; in a copied folder its own best checkpoint counts."""
        super().before_train(runner)
        if is_main_process() and osp.isdir(self.out_dir):
            remove_leftovers(self.out_dir)
            sync_parents(self.out_dir)  # MMEngine made it
        if getattr(self, 'best_ckpt_path', None):
            self.best_ckpt_path = self._own(self.best_ckpt_path)
        for key, path in getattr(self, 'best_ckpt_path_dict', {}).items():
            self.best_ckpt_path_dict[key] = path and self._own(path)

    def _own(self, path: str) -> str:
        return self.file_backend.join_path(self.out_dir, osp.basename(path))

    def _save_checkpoint_with_step(self, runner: Any, step: int, meta: dict) -> None:
        kept = getattr(self, 'keep_ckpt_ids', ())
        outdated = None
        if 0 < self.max_keep_ckpts == len(kept) and kept[-1] != step:
            outdated = kept.popleft()  # MMEngine would remove it now
        super()._save_checkpoint_with_step(runner, step, meta)
        if not is_main_process():
            return
        write_text(osp.join(runner.work_dir, NOTE), self.last_ckpt)
        if outdated is not None:
            path = self.file_backend.join_path(self.out_dir, self.filename_tmpl.format(outdated))
            if self.file_backend.isfile(path):
                self.file_backend.remove(path)
            elif self.file_backend.isdir(path):  # as DeepSpeed writes them
                self.file_backend.rmtree(path)
