"""The recipes in docs/cluster.md do what they say: each is run as it is printed."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import PATIENCE, ROOT, ROT90, bitmap

# What stands for Slurm: runs the script once for each number of its array, as the same user.
SBATCH = r"""#!/bin/bash
script=${!#}
range=$(sed -n 's/^#SBATCH --array=//p' "$script")
for number in $(seq "${range%-*}" "${range#*-}"); do
    SLURM_ARRAY_TASK_ID=$number bash "$script" || exit
done
"""


def recipe(heading):
    """The blocks of shell below a heading, and files that they name first."""
    text = (ROOT / "docs/cluster.md").read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", text, re.DOTALL)


@pytest.fixture
def scans(tmp_path):
    """Scans in a tree, one of them bad, and earlier results; returns how to run a script there."""
    for number in range(50):
        path = tmp_path / f"scans/{number % 3}/{number:02}.bmp"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bitmap(9, 4, number))
    (tmp_path / "scans/1/bad \n.bmp").write_bytes(b"bad")
    (tmp_path / "scans/0/00_rot90.bmp").write_bytes(b"an earlier result")
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "rot90").symlink_to(ROT90)
    (tools / "sbatch").write_text(SBATCH)
    (tools / "sbatch").chmod(0o755)
    local = subprocess.run([ROT90, "scans/**/*.bmp", "--format", "jsonl", "-o", "elsewhere"], cwd=tmp_path,
                           capture_output=True, timeout=PATIENCE).stdout.decode().splitlines()
    expected = {json.loads(line)["input"]: json.loads(line).get("mean") for line in local}

    def run(script):
        ran = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, timeout=PATIENCE,
                             env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"})
        records = [json.loads(line) for line in (tmp_path / "report.jsonl").read_text().splitlines()]
        assert {record["input"]: record.get("mean") for record in records} == expected, ran.stderr.decode()
        assert [record["input"] for record in records] == list(expected)
        return ran

    return run


def test_gnu_parallel(scans):
    if not shutil.which("parallel"):
        pytest.skip("GNU parallel is not installed")
    script, = recipe("GNU parallel")
    # This machine has no others to log in to: `:` is itself, without ssh.
    assert "--sshloginfile nodes" in script
    ran = scans(script.replace("--sshloginfile nodes", "--sshlogin :"))
    assert ran.returncode == 1


def test_slurm_array(scans, tmp_path):
    job, submit = recipe("Slurm arrays")
    (tmp_path / "rotate.sbatch").write_text(job)
    scans(submit)
    assert Path(tmp_path, "parts").is_dir()
