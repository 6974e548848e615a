#!/usr/bin/env bash
# Test under Slurm. Takes MMPose's arguments and environment variables; GPUS_PER_NODE=0
# asks for no graphics card and runs GPUS processes on CPUs (gloo).
# usage: [GPUS=8] [GPUS_PER_NODE=8] [CPUS_PER_TASK=5] [SRUN_ARGS=...] \
#     bash tools/slurm_test.sh PARTITION JOB_NAME CONFIG CHECKPOINT [ARGUMENTS of tools/test.py ...]
set -euo pipefail
if [ "$#" -lt 4 ]; then
    echo "usage: bash tools/slurm_test.sh PARTITION JOB_NAME CONFIG CHECKPOINT [ARGUMENTS ...]" >&2
    exit 2
fi
tools=$(cd "$(dirname "$0")" && pwd -P)
partition=$1
job_name=$2
config=$3
checkpoint=$4
shift 4
processes=${GPUS:-8}
per_node=${GPUS_PER_NODE:-8}
if [ -z "${PYTHON:-}" ]; then
    PYTHON=python
    venv=$tools/../.venv/bin/python
    if [ -z "${VIRTUAL_ENV:-}${CONDA_PREFIX:-}" ] && [ -x "$venv" ]; then
        PYTHON=$venv
    fi
fi
export PYTHONPATH="$tools/..${PYTHONPATH:+:$PYTHONPATH}"
devices=()
if [ "$per_node" -gt 0 ]; then
    devices=("--gres=gpu:$per_node" "--ntasks-per-node=$per_node")
fi
# SRUN_ARGS is a list of words.
# shellcheck disable=SC2086
exec srun -p "$partition" \
    --job-name="$job_name" \
    ${devices[@]+"${devices[@]}"} \
    --ntasks="$processes" \
    --cpus-per-task="${CPUS_PER_TASK:-5}" \
    --kill-on-bad-exit=1 \
    ${SRUN_ARGS:-} \
    "$PYTHON" -u "$tools/test.py" "$config" "$checkpoint" \
    --launcher slurm "$@"
