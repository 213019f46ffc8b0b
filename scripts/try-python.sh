#!/usr/bin/env bash
# Installs the Python package into a fresh environment as `pip install .` does, and tries all of it
# there: tests, the examples of the documentation, types, the source distribution, and the speed.
#
# Needs cargo and Python 3.11 or newer. PYTHON names another python3; --no-speed leaves out the
# comparison with OpenCV, for machines that are busy.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD

python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# One folder for the command, the module, and both once more from the source distribution.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target}
export PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
step() { printf '\n== %s\n' "$*"; }

step "pip install ."
"$python" -m venv "$work/venv"
bin=$work/venv/bin
[ -d "$bin" ] || bin=$work/venv/Scripts
"$bin/python" -m pip install -q '.[progress]' pytest mypy opencv-python-headless
# Elsewhere, so that nothing is found but what is installed.
mkdir "$work/elsewhere"
cd "$work/elsewhere"
"$bin/python" -m pip show -f rot90 | sed -n '/^Version/p; /^Files/,$p'

step "tests"
"$bin/python" -m pytest -q -p no:cacheprovider "$root/tests/python"

step "examples of the docstrings"
"$bin/python" -m pytest -q -p no:cacheprovider --doctest-modules --doctest-ignore-import-errors --pyargs rot90

step "types"
"$bin/python" -m mypy --strict --config-file "$root/pyproject.toml" --cache-dir "$work/mypy" -p rot90
"$bin/python" -m mypy --strict --config-file "$root/pyproject.toml" --cache-dir "$work/mypy" \
    "$root/tests/python" "$root/python/examples"

step "the source distribution, and a wheel of it"
"$bin/python" -m pip install -q build
"$bin/python" -m build --sdist --outdir "$work/dist" "$root"
mkdir "$work/sdist"
tar xzf "$work"/dist/*.tar.gz -C "$work/sdist" --strip-components 1
"$bin/python" -m pip wheel -q --no-deps -w "$work/dist" "$work/sdist"
ls -l "$work/dist"

if [ "${1:-}" != --no-speed ]; then
    step "speed"
    "$bin/python" "$root/tests/python/compare_cv2.py" --check
fi
