"""Runs Python commands of the pages in forks of one process that has imported all there is.

    python server.py SOCKET

A command of the pages starts a new interpreter, whose imports take seven seconds. Here the
shell's ``python`` and ``mmpose-al`` send their arguments to this process (`client`), which
forks, and the fork runs the command as it is. What a fork trains is small: see `shrink`.
"""

import json
import os
import re
import runpy
import signal
import socket
import sys
import tempfile
import traceback

from tests.quick import quick

CLIENT = """#!{python} -IS
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({path!r})
request = dict(argv=[{name!r}] + sys.argv[1:], cwd=os.getcwd(), environ=dict(os.environ))
server.sendall(json.dumps(request).encode() + b'\\n')
reply = server.makefile('rb').readline()
if not reply:
    sys.exit('the server is gone')
reply = json.loads(reply)
sys.stdout.write(reply['output'])
sys.exit(reply['status'])
"""


def client(name: str, path: str) -> str:
    """The text of a command ``name`` that asks the server at ``path``."""
    return CLIENT.format(python=sys.executable, path=path, name=name)


def shrink(cfg) -> None:
    """Make a run small: two steps, one epoch, one frame a query, two rounds, few labels."""
    for part in (cfg.get('train_cfg') or {}, (cfg.get('train_cfg') or {}).get('round_cfg') or {}):
        for key, most in (('max_iters', 2), ('val_interval', 2), ('max_epochs', 1)):
            if key in part:
                part[key] = min(part[key], most)
    if cfg.get('active_learning'):
        cfg.active_learning.update(initial=1, budget=1)
        cfg.active_learning.setdefault('limits', {})['rounds'] = 2
    for key in ('model', 'load_from'):
        if cfg.get(key):
            cfg[key] = trained_before(cfg[key])
    dataset = (cfg.get('train_dataloader') or {}).get('dataset') or {}
    for part in ('labeled', 'unlabeled'):
        sources = dataset.get(part) or []
        for source in sources if isinstance(sources, list) else [sources]:
            if source.get('labels'):
                most = 1 if source.labels.unit == 'frames' else 4
                source.labels.num = min(source.labels.get('num') or most, most)


def trained_before(value):
    """The same with the checkpoints of runs before this one named as those are that ran small."""
    if isinstance(value, dict):
        return type(value)({key: trained_before(each) for key, each in value.items()})
    if isinstance(value, (list, tuple)):
        return type(value)(trained_before(each) for each in value)
    if isinstance(value, str):
        return re.sub(r'^(work_dirs/.*)/iter_\d+\.pth$', r'\1/iter_2.pth', value)
    return value


def make_runs_small() -> None:
    """Every run of this process goes through `shrink`, whoever builds it."""
    from mmengine.runner import Runner

    from mmpose_al.engine.active_learning import ActiveLearningRunner

    for kind in (Runner, ActiveLearningRunner):
        original = kind.from_cfg.__func__

        def from_cfg(cls, cfg, original=original):
            shrink(cfg)
            return original(cls, cfg)

        kind.from_cfg = classmethod(from_cfg)


def import_everything() -> None:
    import cv2
    import matplotlib
    import torch

    matplotlib.use('Agg')
    cv2.setNumThreads(0)
    torch.set_num_threads(1)


def run(argv) -> None:
    """What the shell would have started: ``python ...`` or ``mmpose-al ...``."""
    if argv[0] == 'mmpose-al':
        from mmpose_al.cli.main import main

        sys.argv = argv
        sys.exit(main())
    if argv[1] == '-c':
        sys.argv = argv[1:2] + argv[3:]
        exec(compile(argv[2], '-c', 'exec'), {'__name__': '__main__'})
    elif argv[1] == '-m':
        sys.argv = argv[2:]
        runpy.run_module(argv[2], run_name='__main__', alter_sys=True)
    else:
        sys.argv = argv[1:]
        runpy.run_path(argv[1], run_name='__main__')


def serve_one(connection) -> None:
    """Read a request, run it with its output in a file, send the status and the output."""
    request = json.loads(connection.makefile('rb').readline())
    os.chdir(request['cwd'])
    os.environ.clear()
    os.environ.update(request['environ'])
    with tempfile.TemporaryFile() as output:
        for stream in (1, 2):
            os.dup2(output.fileno(), stream)
        try:
            run(request['argv'])
            status = 0
        except SystemExit as error:
            status = error.code
            if isinstance(status, str):
                print(status)
                status = 1
        except BaseException:
            traceback.print_exc()
            status = 1
        sys.stdout.flush()
        sys.stderr.flush()
        output.seek(0)
        text = output.read().decode(errors='replace')
    reply = dict(status=int(status or 0), output=text)
    connection.sendall(json.dumps(reply).encode() + b'\n')


def main(path: str) -> None:
    listener = socket.socket(socket.AF_UNIX)
    import_everything()
    make_runs_small()
    quick()
    listener.bind(path)
    listener.listen(8)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print('ready', flush=True)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listener.close()
            serve_one(connection)
            os._exit(0)
        connection.close()


if __name__ == '__main__':
    main(sys.argv[1])
