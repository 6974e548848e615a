import json

import pytest

from benchmarks.semi_supervised import validations


def test_metrics_of_a_run_that_was_killed(tmp_path):
    """A torn line counts for nothing, and a run without a validation has no result."""
    with pytest.raises(ValueError, match='no validation'):
        validations(str(tmp_path))
    folder = tmp_path / '1' / 'vis_data'
    folder.mkdir(parents=True)
    lines = [dict(loss=1.0, step=5), {'pck/a': 2.0, 'step': 10, 'time': 0.1}]
    text = '\n'.join(map(json.dumps, lines))
    (folder / 'scalars.json').write_text(text[:-9])
    with pytest.raises(ValueError, match='no validation'):
        validations(str(tmp_path))
    (folder / 'scalars.json').write_text(text + '\n{"pck/a": 3.')
    assert validations(str(tmp_path))[-1] == dict(step=10, metrics={'pck/a': 2.0})
