"""Builds the wheel: maturin, which also takes along the executable that cargo has built before.

Maturin makes a wheel of a module or of an executable. What lies in its `data` folder comes along
with either, so the executable is put there first. These are the hooks of PEP 517 and PEP 660.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import maturin
from maturin import get_requires_for_build_editable, get_requires_for_build_sdist, get_requires_for_build_wheel

__all__ = [
    "build_editable", "build_sdist", "build_wheel", "get_requires_for_build_editable",
    "get_requires_for_build_sdist", "get_requires_for_build_wheel", "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

ROOT = Path(__file__).resolve().parents[2]
# `data` in pyproject.toml.
SCRIPTS = ROOT / "target" / "wheel-data" / "scripts"


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    stage_executable()
    return maturin.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    stage_executable()
    return maturin.build_editable(wheel_directory, config_settings, metadata_directory)


def build_sdist(sdist_directory, config_settings=None):
    SCRIPTS.mkdir(parents=True, exist_ok=True)
    return maturin.build_sdist(sdist_directory, config_settings)


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    SCRIPTS.mkdir(parents=True, exist_ok=True)
    return maturin.prepare_metadata_for_build_wheel(metadata_directory, config_settings)


prepare_metadata_for_build_editable = prepare_metadata_for_build_wheel


def stage_executable():
    """Has cargo build the command, without symbols, and puts it where maturin finds it."""
    if shutil.which("cargo") is None:
        raise SystemExit("rot90 is built with cargo, and there is none on the PATH: see https://rustup.rs")
    # The flag is for this one crate: the others are shared with a plain `cargo build --release`.
    built = subprocess.run(
        ["cargo", "rustc", "--release", "--locked", "--bin", "rot90", "--message-format",
         "json-render-diagnostics", "--", "-Cstrip=symbols"],
        cwd=ROOT, env={**os.environ, "CARGO_TARGET_DIR": os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target"))},
        stdout=subprocess.PIPE, check=True)
    messages = [json.loads(line) for line in built.stdout.splitlines()]
    # Cargo knows its name and folder, whatever the system and the target.
    program, = (message["executable"] for message in messages if message.get("executable"))
    shutil.rmtree(SCRIPTS, ignore_errors=True)
    SCRIPTS.mkdir(parents=True)
    shutil.copy2(program, SCRIPTS)
