"""rot90.ray in a program that has called ray.init() itself, and the examples with Ray Data."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import bitmap, contents

import rot90

ray = pytest.importorskip("ray")
os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    ray.init(num_cpus=2, num_gpus=0, include_dashboard=False, object_store_memory=128 << 20,
             logging_level="ERROR", log_to_driver=False)
    yield
    ray.shutdown()


def test_records_and_outputs_of_one_machine(pictures: Path, cluster: None) -> None:
    import rot90.ray

    expected = list(rot90.rotate_files("*.bmp"))
    outputs = contents(pictures)
    for output in pictures.glob("*_rot90.bmp"):
        output.unlink()
    assert list(rot90.ray.rotate_files("*.bmp", task_bytes=10_000)) == expected
    assert contents(pictures) == outputs
    assert sorted(rot90.ray.rotate_files("*.bmp", unordered=True)) == sorted(expected)
    refused = list(rot90.ray.rotate_files("*.bmp", no_clobber=True, max_memory="1G", workers=1))
    assert sum(record.error == "the output already exists" for record in refused) == 39
    into = list(rot90.ray.rotate_files(pictures / "*.bmp", output_dir="out", preserve=True, progress=True))
    assert [record.mean for record in into] == [record.mean for record in expected]
    assert contents(pictures / "out") == {name: data for name, data in outputs.items() if "_rot90" in name}


def test_what_is_refused_and_what_is_told(pictures: Path, cluster: None) -> None:
    import rot90.ray

    with pytest.raises(ValueError, match="cannot be used with"):
        rot90.ray.rotate_files("*.bmp", update=True, no_clobber=True)
    with pytest.warns(RuntimeWarning, match="the pattern matches no file"):
        assert list(rot90.ray.rotate_files("no*thing")) == []


def test_closing_leaves_whole_outputs(folder: Path, cluster: None) -> None:
    import rot90.ray

    picture = bitmap(300, 200)
    rotated = rot90.rotate_bmp(picture).data
    for number in range(2000):
        Path(f"{number:04}.bmp").write_bytes(picture)
    records = rot90.ray.rotate_files("????.bmp", task_bytes=1_000_000)
    assert next(records).input == "0000.bmp"
    records.close()
    found = {name: data for name, data in contents(folder).items() if len(name) != len("0000.bmp")}
    assert all(data == rotated for data in found.values())
    assert 0 < len(found) < 2000


def test_ray_data(pictures: Path, cluster: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pyarrow")
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[2] / "python/examples"))
    import ray_data

    # The nodes have the package, but not this folder.
    ray.cloudpickle.register_pickle_by_value(sys.modules["ray_data"])
    expected = [record.mean for record in rot90.rotate_files("*.bmp")]
    Path("03_rot90.bmp").unlink()
    for output in pictures.glob("*_rot90.bmp"):
        output.unlink()
    ray_data.main(str(pictures))
    lines = capsys.readouterr().out.splitlines()
    means = [float(line.split()[-1]) for line in lines[:40]]
    assert [None if mean != mean else mean for mean in means] == expected
    assert len(lines) == 48 and all(line.startswith("(90, 60, 3) ") for line in lines[40:])
