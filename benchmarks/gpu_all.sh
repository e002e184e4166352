#!/usr/bin/env bash
# Everything that wants a GPU, in one call of about six minutes: tests, the rows of gpu.py, parity, profiles.
#
#   benchmarks/gpu_all.sh [FOLDER] [SECONDS]    in the repository's root; FOLDER (default build/gpu) gets logs and JSON
#
# Each part has a limit of its own and none begins when SECONDS (default 600) are over; a part that fails stops no other.
# PYTHON is the interpreter (default .venv/bin/python, else python3). It needs what constraints.txt names for tests, and
# for the rows start_s and http_ratio what serving needs. transformers is measured with: gpu.py --sides transformers
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.."
OUT=${1:-build/gpu} ALL=${2:-600}
PYTHON=${PYTHON:-$([ -x .venv/bin/python ] && echo .venv/bin/python || command -v python3)}
export PYTHONPATH=${PYTHONPATH:+$PYTHONPATH:}$PWD/src:$PWD/benchmarks PYTHONUNBUFFERED=1
unset TRITON_INTERPRET
mkdir -p "$OUT"

part() { # NAME SECONDS COMMAND...
    local name=$1 most=$2 left=$((ALL - SECONDS)) began=$SECONDS status
    shift 2
    if [ "$left" -lt 8 ]; then
        echo "== $name: not started" | tee -a "$OUT/summary.txt"
        return
    fi
    timeout -k 5 "$((most < left ? most : left))" "$@" >"$OUT/$name.log" 2>&1
    status=$?
    echo "== $name: status $status after $((SECONDS - began)) s, at $SECONDS s" | tee -a "$OUT/summary.txt"
    tail -n 12 "$OUT/$name.log" | cut -c1-400
}
tests() { part "$1" "$2" "$PYTHON" -m pytest -p no:cacheprovider -m gpu -q --durations=5 "${@:3}"; }

{ nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader; nproc; "$PYTHON" -V; } 2>&1 | tee "$OUT/summary.txt"
tests tests-first 110 tests/engine/test_graphs.py tests/engine/test_state_machine.py tests/engine/test_attention.py tests/model
part gpu 260 "$PYTHON" benchmarks/gpu.py --sides ours --seconds 250 --out "$OUT/gpu.json"
part parity 75 "$PYTHON" benchmarks/gpu_parity.py
part profile 60 "$PYTHON" benchmarks/gpu_profile.py --out "$OUT/profile.json"
tests tests-rest 120 --continue-on-collection-errors tests/engine tests/kernels tests/processing
grep -hE '^(FAILED|ERROR)' "$OUT"/tests-*.log | cut -c1-300
cat "$OUT/summary.txt"
