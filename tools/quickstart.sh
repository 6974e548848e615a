#!/usr/bin/env bash
# From a fresh clone to a table: set up the environment if needed, write the synthetic
# benchmark, train with few labels alone and with PoseDual, and compare.
# usage: bash tools/quickstart.sh [--system] [--fresh]
#   --system   use the active environment instead of .venv
#   --fresh    train again, even where finished runs are there
# A run that was stopped goes on where it stopped.
set -euo pipefail
cd "$(dirname "$0")/.."
setup=()
arguments=()
for argument in "$@"; do
    case $argument in
        --system) setup+=(--system) ;;
        -h|--help) sed -n '2,7s/^# //p' tools/quickstart.sh; exit 0 ;;
        *) arguments+=("$argument") ;;
    esac
done
python=$(bash tools/setup_env.sh --print-python ${setup[@]+"${setup[@]}"})
exec "$python" tools/quickstart.py ${arguments[@]+"${arguments[@]}"}
