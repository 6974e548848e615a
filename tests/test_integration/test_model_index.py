"""What MIM and MMEngine are told of was trained, and reached what is written there."""

import glob
import json
import os.path as osp
import statistics

import pytest
import yaml

from tests import ROOT

# Name in the metafile -> in the result files.
METRICS = {
    'PCK@0.1 of box': 'pck/bbox@0.1',
    'MKPE (mm)': 'multiview/MKPE',
    'P-MPJPE (mm)': 'pose3d/P-MPJPE',
    'AP': 'coco/AP',
}
PERCENT = ('AP',)  # of a share
TABLES = ('lspet', 'synthetic', 'active_synthetic', 'active_studio', 'weakly_supervised')


def read_yaml(path):
    with open(osp.join(ROOT, path), encoding='utf-8') as file:
        return yaml.safe_load(file)


def results():
    """Config -> metrics of the seeds of its runs, as the config is."""
    found = {}
    for table in TABLES:
        for path in glob.glob(osp.join(ROOT, 'benchmarks', 'results', table, '*.json')):
            with open(path, encoding='utf-8') as file:
                content = json.load(file)
            changed = content['command'].partition('--cfg-options')[2].split()
            if all(word.split('=')[0].endswith('seed') for word in changed):
                metrics = content.get('metrics') or content['rounds'][-1]['metrics']
                found.setdefault(content['config'], []).append(metrics)
    return found


INDEX = read_yaml('model-index.yml')['Import']


def test_index_names_every_metafile():
    found = glob.glob(osp.join(ROOT, 'configs', '**', 'metafile.yml'), recursive=True)
    assert sorted(INDEX) == sorted(osp.relpath(path, ROOT) for path in found)


@pytest.mark.parametrize('path', INDEX)
def test_models_are_what_the_result_files_say(path):
    content, measured = read_yaml(path), results()
    collections = {collection['Name'] for collection in content['Collections']}
    assert len({model['Name'] for model in content['Models']}) == len(content['Models']) > 5
    for collection in content['Collections']:
        assert osp.exists(osp.join(ROOT, collection['README']))
    for model in content['Models']:
        assert model['In Collection'] in collections
        assert model['Name'] == osp.splitext(osp.basename(model['Config']))[0]
        assert osp.exists(osp.join(ROOT, model['Config']))
        assert 'Weights' not in model  # none are published
        [result] = model['Results']
        for name, value in result['Metrics'].items():
            seeds = [metrics[METRICS[name]] for metrics in measured[model['Config']]]
            assert len(seeds) == 3
            mean = statistics.mean(seeds) * (100 if name in PERCENT else 1)
            assert value == pytest.approx(mean, abs=0.051), f'{model["Name"]}: write {mean:.1f}'
