#!/usr/bin/env bash
# Tries the systems that this machine is not: runs the Windows program under wine, the NEON kernels
# under qemu, and compiles for macOS. Needs Debian 12 and root; all but packages stays in target/.
#
#     scripts/cross.sh [windows] [aarch64] [macos]
#
# Debian has a second, newer Rust with its sources, for building browsers. It is unpacked aside, so
# that nothing of the compiler in use changes, and builds the standard library for each system.
set -euo pipefail
cd "$(dirname "$0")/.."
systems=${*:-windows aarch64 macos}
cross=$PWD/target/cross
mkdir -p "$cross/lists/partial"

step() { printf '\n-- %s (%d s)\n' "$*" $SECONDS; }

step packages
packages="libedit2 libffi8 libxml2 libz3-4"
[[ $systems != *windows* ]] || packages+=" gcc-mingw-w64-x86-64-posix wine64"
[[ $systems != *aarch64* ]] || packages+=" gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user"
apt-get -qq update
# shellcheck disable=SC2086 # They are words.
DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $packages >/dev/null

if [ ! -x "$cross/rustc" ]; then
    step "a second compiler"
    # The lists of both architectures, without making the system one of two.
    apt_get() {
        apt-get -qq -o Dir::State::lists="$cross/lists" -o Dir::Cache::pkgcache= \
            -o Dir::Cache::srcpkgcache= -o APT::Architectures::=amd64 \
            -o APT::Architectures::=arm64 -o APT::Sandbox::User=root "$@"
    }
    apt_get update
    version=$(apt-cache policy rustc-web | sed -n 's/.*Candidate: \([0-9]*\.[0-9]*\)\..*/\1/p')
    llvm=$(apt-cache depends "libstd-rust-web-$version" | sed -n 's/.*Depends: \(libllvm.*\)/\1/p')
    rm -rf "$cross/packages" && mkdir "$cross/packages"
    (
        cd "$cross/packages"
        apt_get download rustc-web rust-web-src "libstd-rust-web-$version" "$llvm" \
            libstd-rust-web-dev libstd-rust-web-dev:arm64
    )
    for package in "$cross"/packages/*.deb; do
        dpkg -x "$package" "$cross/root"
    done
    rm -r "$cross/packages"
    cat >"$cross/rustc" <<END
#!/bin/sh
LD_LIBRARY_PATH=$cross/root/usr/lib/x86_64-linux-gnu exec $cross/root/usr/bin/rustc "\$@"
END
    chmod +x "$cross/rustc"
fi
# A build of its own, as another compiler's; without debugging information it is smaller and sooner.
export RUSTC=$cross/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$cross/build
export CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=0

# Warnings fail: `-D warnings` would have to hold for the standard library as well.
cargo_without_warnings() {
    cargo "$@" 2>&1 | tee "$cross/log"
    if grep -q '^warning' "$cross/log"; then
        return 1
    fi
}

if [[ $systems == *windows* ]]; then
    step "Windows: the program and its unit tests"
    export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=x86_64-w64-mingw32-gcc
    windows="--locked --quiet -Zbuild-std=std,panic_unwind,test --target x86_64-pc-windows-gnu"
    # shellcheck disable=SC2086
    cargo_without_warnings build $windows
    programs=$CARGO_TARGET_DIR/x86_64-pc-windows-gnu/debug
    x86_64-w64-mingw32-gcc -municode -O1 -Wall -o "$cross/helper.exe" tests/windows/helper.c
    # What this wine lacks of Windows 10: the source of the standard library's random numbers.
    x86_64-w64-mingw32-gcc -shared -o "$programs/bcryptprimitives.dll" -x c - -ladvapi32 <<'END'
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE to, SIZE_T size) { return SystemFunction036(to, size); }
END
    cp "$programs/bcryptprimitives.dll" "$cross"

    export WINE=/usr/lib/wine/wine64 WINEPREFIX=$cross/wine WINEDEBUG=-all LC_ALL=C.UTF-8
    export WINEDLLOVERRIDES="mscoree,mshtml,winemenubuilder.exe="
    # The DLL is looked for there where it isn't beside the program.
    export WINEPATH="Z:${cross//\//\\}"
    # It stays, so that each program need not start it, and ends with this script.
    mkdir -p "$WINEPREFIX"
    "${WINE%/*}/wineserver64" --persistent || echo "it runs already"
    trap '"${WINE%/*}/wineserver64" --kill' EXIT
    "$WINE" wineboot --init >/dev/null 2>&1
    # shellcheck disable=SC2086
    CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=$WINE cargo test $windows --lib --bin rot90

    step "Windows: the command under wine, against Linux"
    (unset RUSTC RUSTC_BOOTSTRAP CARGO_TARGET_DIR CARGO_PROFILE_DEV_DEBUG CARGO_INCREMENTAL
        cargo build --locked --quiet)
    python3 tests/windows/check.py target/debug/rot90 "$programs/rot90.exe" "$cross/helper.exe"
fi

if [[ $systems == *aarch64* ]]; then
    step "aarch64: the kernels, under qemu"
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
    cargo test --locked --quiet --target aarch64-unknown-linux-gnu --no-default-features --lib -- \
        rotate::
    cargo_without_warnings check --locked --quiet --target aarch64-unknown-linux-gnu
fi

if [[ $systems == *macos* ]]; then
    step "macOS: does it compile?"
    cargo_without_warnings check --locked --quiet -Zbuild-std --target aarch64-apple-darwin
fi
step "done"
