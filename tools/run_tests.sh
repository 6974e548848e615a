#!/usr/bin/env bash
# Set up the environment if needed, then run the tests with coverage.
# usage: bash tools/run_tests.sh [--system] [pytest arguments ...]
# Exits with pytest's status. Coverage of what ran is printed at the end.
set -euo pipefail
cd "$(dirname "$0")/.."
setup=()
if [ "${1:-}" = --system ]; then
    setup=(--system)
    shift
fi
python=$(bash tools/setup_env.sh --print-python ${setup[@]+"${setup[@]}"})
export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 MPLBACKEND=Agg
export PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}"
exec "$python" -m pytest -n "${TEST_WORKERS:-2}" --dist loadfile \
    --cov=mmpose_al --cov-report=term "$@" </dev/null
