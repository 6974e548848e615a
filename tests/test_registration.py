"""What is registered when, and in which processes the import is light."""

import json
import os
import os.path as osp
import subprocess
import sys

import pytest

from mmpose_al import registration
from tests import ROOT

HEAVY = ('numpy', 'torch', 'mmengine', 'mmpose')
REGISTERED = """
import json, mmengine.registry, mmpose.registry
from mmpose_al.active_learning import registry
from mmengine.registry import Registry
found = {}
for module in (mmengine.registry, mmpose.registry, registry):
    for name, value in vars(module).items():
        if isinstance(value, Registry):
            found[f'{module.__name__}.{name}'] = sorted(value.module_dict)
print(json.dumps(found))
"""
AS_COMMAND = "import sys; sys.argv = ['/usr/bin/mmpose-al', 'train']\n"


def python(code):
    """Last line that a process of its own prints, as JSON."""
    done = subprocess.run(
        [sys.executable, '-c', code],
        env=dict(os.environ, PYTHONPATH=ROOT, OMP_NUM_THREADS='1'),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def fresh(monkeypatch):
    """As before anything was imported."""
    monkeypatch.delitem(sys.modules, 'multiprocessing.spawn', raising=False)


@pytest.fixture(scope='module')
def registered():
    """Registry -> names after a plain ``import mmpose_al``."""
    return python('import mmpose_al\n' + REGISTERED)


def test_a_plain_import_registers_every_kind(registered):
    for registry, name in {
        'MODELS': 'PoseDual',
        'DATASETS': 'LabeledUnlabeledDataset',
        'TRANSFORMS': 'PoseRandAugment',
        'METRICS': 'MKPE',
        'HOOKS': 'ExactResumeHook',
        'LOOPS': 'ActiveLearningLoop',
    }.items():
        assert name in registered[f'mmpose.registry.{registry}'], registry
    assert 'MultiPeakEntropy' in registered['mmpose_al.active_learning.registry.QUERY_STRATEGIES']
    assert 'FileAnnotator' in registered['mmpose_al.active_learning.registry.ANNOTATORS']


def test_the_command_line_imports_light_and_registers_the_same(registered):
    code = f'{AS_COMMAND}import json, mmpose_al\n'
    code += f'print(json.dumps([name for name in {HEAVY} if name in sys.modules]))'
    assert python(code) == []
    assert python(f'{AS_COMMAND}import mmpose_al; mmpose_al.register()\n' + REGISTERED) == (
        registered
    )


def test_train_registers_the_same_before_it_reads_the_config(registered, tmp_path):
    """Whatever ``custom_imports`` of the config says, or does not say."""
    config = tmp_path / 'c.py'
    config.write_text('custom_imports = dict(imports=["probe"], allow_failed_imports=False)\n')
    (tmp_path / 'probe.py').write_text(REGISTERED + 'raise SystemExit(0)\n')
    code = (
        f'import sys; sys.argv = ["/usr/bin/mmpose-al", "train", {str(config)!r}]\n'
        f'sys.path.insert(0, {str(tmp_path)!r})\n'
        'from mmpose_al.cli.main import main\nmain()'
    )
    assert python(code) == registered


def test_configs_are_complete_under_mmengine_after_a_light_import(registered, tmp_path):
    config = tmp_path / 'c.py'
    config.write_text(
        'custom_imports = dict(imports=["mmpose_al"], allow_failed_imports=False)\n'
        "model = dict(type='MultiViewConsistencyLoss')\n"
    )
    code = (
        f'{AS_COMMAND}from mmpose_al import register\nregister()\n'
        'from mmengine.config import Config\nfrom mmpose.registry import MODELS\n'
        f'MODELS.build(Config.fromfile({str(config)!r}).model)\n'
    )
    assert python(code + REGISTERED) == registered


@pytest.mark.parametrize(
    'script, light',
    [
        ('/usr/bin/mmpose-al', True),
        ('C:/Scripts/mmpose-al.exe', True),
        (osp.join(ROOT, 'tools', 'train.py'), True),
        (osp.join(ROOT, 'tools', 'analysis', 'results_table.py'), True),
        (osp.join(ROOT, 'demo', 'image_demo.py'), True),
        (osp.join(ROOT, 'tools'), False),  # a notebook that was started there
        (osp.join(ROOT, 'tools', 'nix.py'), False),
        (osp.join(ROOT, 'setup.py'), False),
        ('/usr/bin/pytest', False),
        ('', False),
        ('-c', False),
        ('-m', False),
    ],
)
def test_which_processes_are_the_command_line(script, light, fresh, monkeypatch):
    monkeypatch.setattr(sys, 'argv', [script])
    monkeypatch.setattr(sys, 'orig_argv', ['python', '-m', 'another'], raising=False)
    assert registration.is_command_line() is light


@pytest.mark.parametrize(
    'words, light',
    [
        (['python', '-m', 'mmpose_al', 'status'], True),
        (['python', '-X', 'dev', '-m', 'mmpose_al'], True),
        (['python', '-m', 'theirs', 'mmpose_al'], False),
        (['python', '-mmmpose_al'], False),  # slow, and right
        ([], False),  # Python 3.9 and older do not say
    ],
)
def test_python_m(words, light, fresh, monkeypatch):
    monkeypatch.setattr(sys, 'argv', ['-m'])
    monkeypatch.setattr(sys, 'orig_argv', words, raising=False)
    assert registration.is_command_line() is light


def test_installed_tools_are_the_command_line_and_site_packages_are_not(tmp_path, monkeypatch):
    package = tmp_path / 'mmpose_al'
    monkeypatch.setattr(registration, 'PACKAGE', str(package))
    for path, light in (
        (package / '.mim' / 'tools' / 'train.py', True),
        (tmp_path / 'tools' / 'train.py', False),  # another distribution's
    ):
        path.parent.mkdir(parents=True)
        path.write_text('')
        assert registration.is_tool(str(path)) is light


def test_a_spawned_worker_of_a_command_registers(tmp_path):
    script = tmp_path / 'mmpose-al'
    script.write_text(
        'import multiprocessing, sys\n'
        'import mmpose_al\n'
        'def work(queue):\n'
        "    queue.put('torch' in sys.modules)\n"
        "if __name__ == '__main__':\n"
        "    context = multiprocessing.get_context('spawn')\n"
        '    queue = context.Queue()\n'
        '    child = context.Process(target=work, args=(queue,))\n'
        "    before = 'torch' in sys.modules\n"
        '    child.start()\n'
        '    print([before, queue.get(timeout=60)])\n'
        '    child.join()\n'
    )
    done = subprocess.run(
        [sys.executable, str(script)],
        env=dict(os.environ, PYTHONPATH=ROOT),
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
    )
    assert done.stdout == '[False, True]\n'


def test_modules_of_a_config_are_imported(tmp_path, monkeypatch):
    """Those that are not this package, after its types; a missing one is told."""
    (tmp_path / 'outside_module.py').write_text('import mmpose_al.registry\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    calls = []
    monkeypatch.setattr(registration, 'register', lambda: calls.append('register'))
    for nothing in ({}, dict(custom_imports=dict(imports=['mmpose_al']))):
        registration.import_custom_modules(nothing)
    assert calls == []
    for names in (['mmpose_al', 'outside_module'], 'outside_module'):
        registration.import_custom_modules(dict(custom_imports=dict(imports=names)))
    assert calls == ['register'] * 2 and 'outside_module' in sys.modules
    del sys.modules['outside_module']
    with pytest.raises(ImportError):
        registration.import_custom_modules(dict(custom_imports=dict(imports='no_such_module')))
