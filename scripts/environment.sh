# Sourced by the scripts beside it: finds Python, makes .venv, installs what a requirements file pins, once.
# shellcheck shell=bash

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
python="$root/.venv/bin/python"
# Bytecode is kept, whatever the surroundings say: else every process compiles all its modules anew, a second and more.
unset PYTHONDONTWRITEBYTECODE

find_python() {
    local candidate
    for candidate in python3 python3.13 python3.12 python3.11 python; do
        if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    echo "This needs Python 3.11 or newer and found none; install it (Debian: apt install python3 python3-venv) and run this again." >&2
    return 1
}

# with_signs_of_life COMMAND…: a line every few seconds while it runs, so that nobody takes it for dead.
with_signs_of_life() {
    local status=0 ticker
    (
        passed=0
        while sleep 5; do
            passed=$((passed + 5))
            echo "  … still at it after $passed s" >&2
        done
    ) &
    ticker=$!
    trap 'kill "$ticker" 2>/dev/null' EXIT
    "$@" || status=$?
    kill "$ticker" 2>/dev/null
    wait "$ticker" 2>/dev/null || true
    trap - EXIT
    return "$status"
}

# install FILE: .venv holds what FILE pins. The copy left inside .venv says so, and makes the next start quick.
install() {
    local requirements="$root/$1" stamp="$root/.venv/installed-$1"
    if [ -x "$python" ] && cmp -s <(cat "$requirements" "$root/requirements.txt") "$stamp"; then
        return
    fi
    local base
    base="$(find_python)" || exit 1
    echo "Setting up .venv ($1); the first time takes about a minute …" >&2
    if ! [ -x "$python" ] && ! "$base" -m venv "$root/.venv"; then
        rm -rf "$root/.venv"
        echo "Python could not make a virtual environment; on Debian: apt install python3-venv" >&2
        exit 1
    fi
    with_signs_of_life "$python" -m pip install -qq --disable-pip-version-check --requirement "$requirements" || {
        echo "The pinned packages of $1 could not be installed; see above, and run this again." >&2
        exit 1
    }
    cat "$requirements" "$root/requirements.txt" >"$stamp"
}

# run_python ARGS…: the project's Python, from the project's root.
run_python() {
    cd "$root" && exec "$python" "$@"
}
