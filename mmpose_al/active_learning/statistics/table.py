"""The table that one pass over the pool leaves: one row a view, one column a statistic.

Notation: views N (one person in one image), keypoints K, features F, units (what is
labelled at once: frames of a rig, images or instances).
"""

from typing import Dict, Iterator, Sequence, Tuple, Union

import numpy as np

from ...fileio import read_arrays, write_arrays

VERSION = 3
READABLE = (2, 3)


class MissingStatistic(ValueError, AttributeError):
    """A table has no such column. The message says which it has, and a remedy."""


class ViewStatistics:
    """One row a view (one person in one image), one named column a statistic.

    A column is read as an attribute or an item: ``views.keypoints``,
    ``views['keypoints']``; ``'margin' in views`` tells whether there is one. Tables are
    not changed: :meth:`select`, :meth:`replace` and :meth:`drop` give new ones.

    The columns that every pass makes are described where they are computed, in
    :mod:`mmpose_al.active_learning.statistics`: ``id``, ``image_id``, ``unit``, ``frame_id``,
    ``camera_id``, ``person_id``, ``keypoints``, ``scores``, ``margin``, ``entropy``,
    ``diagonal``, and the cameras ``K``, ``R``, ``t``, ``dist``.

    Args:
        columns (ndarray): Each of shape (N, ...).

    Raises:
        ValueError: Columns of different lengths, or a name that no column can have.
    """

    def __init__(self, /, **columns: np.ndarray):
        arrays = {name: np.asarray(column) for name, column in columns.items()}
        for name, array in arrays.items():
            check_name(name)
            if not array.ndim:
                raise ValueError(f'column {name!r} is a single value; give one for each view')
        if len({len(array) for array in arrays.values()}) > 1:
            lengths = ', '.join(f'{name} {len(array)}' for name, array in arrays.items())
            raise ValueError(f'columns have one row for each view, but their lengths are {lengths}')
        self._columns = arrays

    # ---- reading -------------------------------------------------------------

    def __len__(self) -> int:
        """How many views."""
        return len(next(iter(self._columns.values()), ()))

    def __iter__(self) -> Iterator[str]:
        """The columns' names."""
        return iter(self._columns)

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def __getitem__(self, name: str) -> np.ndarray:
        try:
            return self._columns[name]
        except KeyError:
            raise MissingStatistic(
                f'these scores do not hold the statistic {name!r}; they hold '
                f'{", ".join(self._columns) or "none"}. The pass over the pool computes it '
                'where a strategy of the experiment has it among its needs'
            ) from None

    def __getattr__(self, name: str) -> np.ndarray:
        if name.startswith('_'):  # while a copy is being made there are no columns yet
            raise AttributeError(name)
        return self[name]

    def __repr__(self) -> str:
        columns = ', '.join(f'{name} {array.shape[1:]}' for name, array in self._columns.items())
        return f'{type(self).__name__}({len(self)} views: {columns})'

    @property
    def columns(self) -> Dict[str, np.ndarray]:
        """Names and columns, a dictionary of its own."""
        return dict(self._columns)

    @property
    def calibrated(self) -> np.ndarray:
        """Views with a camera and a frame, bool (N, )."""
        if 'K' not in self or 'frame_id' not in self:
            return np.zeros(len(self), bool)
        return np.isfinite(self.K).all((1, 2)) & (self.frame_id >= 0)

    # ---- other tables --------------------------------------------------------

    def select(self, rows: Union[np.ndarray, Sequence[int], slice]) -> 'ViewStatistics':
        """The views that an index, a mask or a slice chooses, in its order."""
        return ViewStatistics(**{name: column[rows] for name, column in self._columns.items()})

    def replace(self, /, **columns: np.ndarray) -> 'ViewStatistics':
        """The same views with some columns changed or added."""
        return ViewStatistics(**{**self._columns, **columns})

    def drop(self, *names: str) -> 'ViewStatistics':
        """The same views without some columns."""
        return ViewStatistics(**{n: c for n, c in self._columns.items() if n not in names})


RESERVED = {'version', 'file', 'path', *dir(ViewStatistics)}


def check_name(name: str) -> None:
    """Raise a ValueError unless a column can have this name."""
    if not name.isidentifier() or name.startswith('_') or name in RESERVED:
        raise ValueError(
            f'a statistic cannot be called {name!r}: take a name that is a Python identifier, '
            f'begins with a letter and is none of {", ".join(sorted(reserved()))}'
        )


def reserved() -> Tuple[str, ...]:
    """Names that a table keeps for itself."""
    return tuple(name for name in RESERVED if not name.startswith('_'))


def concatenate(tables: Sequence[ViewStatistics]) -> ViewStatistics:
    """The views of several tables, one after another.

    Raises:
        ValueError: There is no table, or they have different columns.
    """
    if not tables:
        raise ValueError('there is no table to put together')
    names = list(tables[0])
    for table in tables[1:]:
        if set(table) != set(names):
            odd = sorted(set(table) ^ set(names))
            raise ValueError(f'tables have the same columns; some lack {", ".join(odd)}')
    return ViewStatistics(
        **{name: np.concatenate([table[name] for table in tables]) for name in names}
    )


def sort_views(views: ViewStatistics) -> ViewStatistics:
    """By annotation id, each once (samplers of several ranks repeat some)."""
    if (np.diff(views.id) > 0).all():  # no second copy of a large table
        return views
    return views.select(np.unique(views.id, return_index=True)[1])


def save_views(views: ViewStatistics, path: str) -> None:
    """Write views for :func:`load_views`."""
    write_arrays(path, version=np.array(VERSION), **views.columns)


def load_views(path: str) -> ViewStatistics:
    """Read what :func:`save_views` wrote, now or when it wrote version 2.

    Raises:
        ValueError: It is no such file.
    """
    try:
        columns = read_arrays(path)
        version = int(columns.pop('version', -1))
        if version not in READABLE:
            raise ValueError(f'version {version}, not {" or ".join(map(str, READABLE))}')
        missing = [name for name in ('id', 'unit') if name not in columns]
        if missing:
            raise ValueError(f'it lacks {", ".join(missing)}')
        if version == 2:
            columns = {n: c for n, c in columns.items() if not _unfilled(n, c)}
        return ViewStatistics(**columns)
    except (OSError, TypeError, ValueError) as error:
        raise ValueError(f'{path} is no score file of mmpose_al: {error}') from error


def _unfilled(name: str, column: np.ndarray) -> bool:
    """Whether version 2, which always had the same columns, did not compute this one."""
    if not len(column):
        return False
    return not column.size or (name == 'disagreement' and bool(np.isnan(column).all()))
