"""``KEY=VALUE`` words of a command line."""

import argparse
from typing import Any, Optional, Sequence, Union


class KeyValues(argparse.Action):
    """Words ``KEY=VALUE`` as a dict, read as MMEngine's ``--cfg-options`` are."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Union[str, Sequence[Any], None],
        option_string: Optional[str] = None,
    ) -> None:
        """See argparse; MMEngine is imported only where there are such words."""
        from mmengine.config import DictAction

        DictAction(self.option_strings, self.dest)(parser, namespace, values, option_string)


def add_options(parser: argparse.ArgumentParser, help: str) -> None:
    """Add ``--options KEY=VALUE ...``."""
    parser.add_argument(
        '--options', nargs='+', action=KeyValues, default={}, metavar='KEY=VALUE', help=help
    )
