#!/usr/bin/env bash
# Installs rot90 in each way that the README names, tries it there, and removes it again.
#
# Needs cargo and python3; the Debian package is tried where there is dpkg and this user is root.
set -uo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# One folder for all builds: the three packages have most of their code in common.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
passed=0 failed=0 skipped=0
expected='[115.30514166050752]'

# check WHAT COMMAND...: counts it, and shows what it said if it failed.
check() {
    local what=$1
    shift
    if "$@" >"$work/log" 2>&1; then
        passed=$((passed + 1))
        echo "ok      $what"
    else
        failed=$((failed + 1))
        echo "FAILED  $what"
        sed 's/^/        /' "$work/log" | tail -n 30
        return 1
    fi
}

skip() {
    skipped=$((skipped + 1))
    echo "skipped $1: $2"
}

# printed COMMAND...: runs it, if it is one that the README prints, word by word.
printed() {
    grep -qF -- "$*" README.md || { echo "the README does not print: $*"; return 1; }
    "$@"
}

# stripped PROGRAM: whether it has no symbols but those of libraries.
stripped() {
    nm "$1" 2>&1 | grep 'no symbols'
}

# rotates PROGRAM: whether it rotates a picture and gives the right mean.
rotates() {
    cp fixtures/samples/chelsea.bmp "$work/in.bmp" &&
        test "$("$1" -q --format means "$work/in.bmp")" = "$expected" &&
        test -s "$work/in_rot90.bmp" && rm "$work/in_rot90.bmp"
}

echo "== cargo install"
export CARGO_INSTALL_ROOT=$work/cargo
if check "cargo install --locked --path ." printed cargo install --locked --path .; then
    check "it rotates a picture" rotates "$work/cargo/bin/rot90"
    check "it prints its man page" "$work/cargo/bin/rot90" --generate man
    check "it is stripped" stripped "$work/cargo/bin/rot90"
fi

echo "== pip install"
if check "a fresh environment" python3 -m venv "$work/venv" &&
    PATH=$work/venv/bin:$PATH check "pip install ." printed pip install .; then
    check "it rotates a picture" rotates "$work/venv/bin/rot90"
    check "Python finds it" "$work/venv/bin/python" -c '
import importlib.metadata, pathlib, shutil, subprocess, sys
folder = str(pathlib.Path(sys.executable).parent)
program = shutil.which("rot90", path=folder)
told = subprocess.run([program, "--version"], capture_output=True, text=True).stdout.split()
assert told == ["rot90", importlib.metadata.version("rot90")], told'
    check "pip uninstall" "$work/venv/bin/pip" uninstall -y rot90
    check "nothing is left" test ! -e "$work/venv/bin/rot90"
fi

echo "== Debian package"
installed=$(dpkg-query -W -f '${db:Status-Status}' rot90 2>/dev/null)
if ! command -v dpkg >/dev/null; then
    skip "the Debian package" "there is no dpkg"
elif [ "$(id -u)" != 0 ]; then
    skip "the Debian package" "installing it needs root"
elif [ "$installed" = installed ]; then
    skip "the Debian package" "rot90 is installed already, and would be removed"
elif command -v cargo-deb >/dev/null ||
    check "cargo install cargo-deb" printed cargo install cargo-deb; then
    PATH=$work/cargo/bin:$PATH
    rm -rf "$CARGO_TARGET_DIR/debian"
    if check "cargo deb --install" printed cargo deb --install; then
        check "it rotates a picture" rotates /usr/bin/rot90
        check "it is stripped" stripped /usr/bin/rot90
        # Slim systems leave manuals out when they install, so those are looked for in the package.
        check "man page and completions are in it" bash -c "
            dpkg -c '$CARGO_TARGET_DIR'/debian/rot90_*.deb > '$work/list' &&
            for name in man/man1/rot90.1.gz bash-completion/completions/rot90 \
                zsh/vendor-completions/_rot90 fish/vendor_completions.d/rot90.fish doc/rot90/copyright
            do grep -q \"usr/share/\$name\$\" '$work/list' || { echo \"no \$name\"; exit 1; }; done"
        if ! command -v man >/dev/null; then
            skip "man rot90" "there is no man"
        elif [ ! -e /usr/share/man/man1/rot90.1.gz ]; then
            skip "man rot90" "this system installs no manuals"
        else
            check "man rot90" bash -c "man rot90 | grep -q 'EXIT STATUS'"
        fi
        check "bash completes it" bash --norc -c '
            . /usr/share/bash-completion/completions/rot90
            COMP_WORDS=(rot90 --no) COMP_CWORD=1
            _rot90 rot90 --no rot90
            test "${COMPREPLY[*]}" = --no-clobber'
        check "dpkg -r" dpkg -P rot90
        check "nothing is left" test ! -e /usr/bin/rot90 -a ! -e /usr/share/doc/rot90
    fi
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
