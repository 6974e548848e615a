#!/usr/bin/env bash
# Train in several processes: on GPUS graphics cards, or, without one, in as many CPU
# processes (gloo). Takes MMPose's arguments and environment variables.
# usage: [NNODES=1] [NODE_RANK=0] [MASTER_ADDR=127.0.0.1] [PORT=29500] \
#     bash tools/dist_train.sh CONFIG GPUS [ARGUMENTS of tools/train.py ...]
set -euo pipefail
if [ "$#" -lt 2 ]; then
    echo "usage: bash tools/dist_train.sh CONFIG GPUS [ARGUMENTS ...]" >&2
    exit 2
fi
tools=$(cd "$(dirname "$0")" && pwd -P)
config=$1
processes=$2
shift 2
if [ -z "${PYTHON:-}" ]; then
    PYTHON=python
    venv=$tools/../.venv/bin/python
    if [ -z "${VIRTUAL_ENV:-}${CONDA_PREFIX:-}" ] && [ -x "$venv" ]; then
        PYTHON=$venv
    fi
fi
export PYTHONPATH="$tools/..${PYTHONPATH:+:$PYTHONPATH}"
exec "$PYTHON" -m torch.distributed.run \
    --nnodes="${NNODES:-1}" \
    --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --master_port="${PORT:-29500}" \
    --nproc_per_node="$processes" \
    "$tools/train.py" "$config" --launcher pytorch "$@"
