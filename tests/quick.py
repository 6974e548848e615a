"""What libraries do at every start of a run and no test is about: left out, tests wait less.

- MMEngine collects garbage whenever a data set is built. That takes as long as there are
  objects, and in a process that has imported everything there are a million.
- It formats the text of a config with yapf, several times a run, half a second each.
"""

import gc

from mmengine.config import config


def quick() -> None:
    """Leave it out in this process: call it when everything is imported."""
    gc.collect()
    gc.freeze()
    config.FormatCode = lambda text, **_: (text, False)
