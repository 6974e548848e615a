#!/usr/bin/env bash
# A C++ compiler that reads torch's headers once: every file of mmcv begins with them, and
# they take five times as long as the file itself.
# usage: PRECOMPILED_CXX=g++ PRECOMPILED_FOLDER=DIR CXX=precompiled_cxx.sh ... build
# The first file compiled makes DIR/headers.hpp.gch with its own flags; where that does
# not work, or does not fit a later file's flags, the compiler reads the headers as usual.
set -u
compiler=${PRECOMPILED_CXX:-g++}
headers=$PRECOMPILED_FOLDER/headers.hpp
source='' compile=no skip=no
flags=()
for argument in "$@"; do
    if [ "$skip" = yes ]; then skip=no; continue; fi
    case $argument in
        -c) compile=yes ;;
        -o|-MF|-MT|-MQ) skip=yes ;;
        -MMD|-MD|-MP) ;;
        *.cpp|*.cc|*.cxx) source=$argument ;;
        *) flags+=("$argument") ;;
    esac
done
if [ "$compile" = no ] || [ -z "$source" ] || [ ! -d "$PRECOMPILED_FOLDER" ] \
        || ! command -v flock >/dev/null 2>&1; then
    exec $compiler "$@"
fi
(
    flock 8
    if [ ! -e "$headers" ]; then
        echo '#include <torch/types.h>' >"$headers"
        $compiler "${flags[@]}" -w -x c++-header "$headers" -o "$headers.part" \
            >"$headers.log" 2>&1 && mv "$headers.part" "$headers.gch"
    fi
) 8>"$PRECOMPILED_FOLDER/lock"
if [ -e "$headers.gch" ]; then exec $compiler "$@" -include "$headers"; fi
exec $compiler "$@"
