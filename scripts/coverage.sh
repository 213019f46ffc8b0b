#!/usr/bin/env bash
# Which lines the fuzzers' corpus reaches, by the compiler's own counts.
#
#     scripts/coverage.sh
#
# Replays fuzz/corpus, and what tests/format/fuzzed.rs holds beside it, on a build with counters. Needs
# llvm-profdata and llvm-cov of the compiler's LLVM: those of `rustup component add llvm-tools`, or
# any in the folder that LLVM names. Writes target/coverage/lines.txt, line by line, and prints a summary.
set -euo pipefail
cd "$(dirname "$0")/.."

tools=${LLVM:-$(dirname "$(find "$(rustc --print sysroot)/lib/rustlib" -name llvm-profdata -print -quit)")}
[ -x "$tools/llvm-profdata" ] || { echo "there is no llvm-profdata: rustup component add llvm-tools" >&2; exit 1; }
out=$PWD/target/coverage
rm -rf "$out/raw"
export RUSTFLAGS="-C instrument-coverage"
build() {
    LLVM_PROFILE_FILE="$out/build/%p.profraw" \
        cargo test --locked --target-dir "$out" --test format --no-run "$@"
}
build
program=$(build 2>&1 | sed -n 's/.*Executable.*(\(.*\))/\1/p')
LLVM_PROFILE_FILE="$out/raw/%p.profraw" "$program" fuzzed:: --skip many_ --include-ignored --nocapture
"$tools/llvm-profdata" merge -sparse "$out"/raw/*.profraw -o "$out/merged"
common=(-instr-profile="$out/merged" --ignore-filename-regex='registry|rustc|/tests/' "$program")
"$tools/llvm-cov" show "${common[@]}" >"$out/lines.txt"
"$tools/llvm-cov" report "${common[@]}"
