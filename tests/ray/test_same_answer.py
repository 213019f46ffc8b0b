"""What rot90 prints and writes on one machine, it prints and writes on a cluster."""

import json
import os
import re

import pytest

from conftest import PATIENCE, ROT90, World, bitmap, files, interrupt, wait_for, wrapper


@pytest.mark.parametrize("form", ["json", "jsonl", "means"])
def test_mixed_files_with_a_bad_one(mixed, form):
    ran = mixed.assert_same("*.bmp", "--format", form, code=1)
    assert b"217.bmp" in ran.stderr
    # The second run finds its own outputs, and does the same again.
    ran = mixed.assert_same("*.bmp", "--format", form, code=1, again=True)
    assert b"399 earlier results skipped" in ran.stderr


def test_output_dir_keeps_the_tree(world):
    for folder in ["a", "a/b", "a/b/c", "d", "x.bmp.d"]:
        for number in range(3):
            world.add(f"in/{folder}/{number}.bmp", bitmap(9, 5, number))
    world.assert_same("in/**/*.bmp", "-o", "out", code=0)
    world.assert_same("in/**/*.bmp", "-o", "out//", "--format", "jsonl", code=0, again=True)
    world.assert_same("in/a/b/*.bmp", "in/d/../d/0.bmp", "-o", "./o/", "--format", "jsonl", code=2)
    world.assert_same("in/d/0.bmp", "in/a/b/1.bmp", "-o", "o", code=0)


def test_a_file_where_a_folder_of_outputs_should_be(world):
    for name in ["in/a/0.bmp", "in/b/0.bmp"]:
        world.add(name, bitmap(4, 4))
    world.add("out/a", b"a file")
    world.assert_same("in/*/*.bmp", "-o", "out", code=1)


def test_names_and_what_is_no_file(world):
    names = [b"not utf-8 \xff\xfe.bmp", "snow \u2603.bmp", 'quote".bmp', "new\nline.bmp", "-dash.bmp",
             "[a].bmp", "scan", "A.BMP", "\u202eright.bmp", "bad \u2603\n.bmp"]
    for number, name in enumerate(names):
        world.add(name, bitmap(5 + number, 3, number))
    world.add("bad \u2603\n.bmp", b"")
    os.mkdir(world.here / "folder.bmp")
    os.symlink("nowhere", world.here / "dangling.bmp")
    operands = ["./*", "missing \x1b[31m\n.bmp", "[a].bmp", "no*thing"]
    world.assert_same(*operands, "--format", "jsonl", code=1)
    world.assert_same(*operands, code=1, again=True)
    world.assert_same(*operands, "-o", "out", "-q", code=1, again=True)


def test_names_from_standard_input(world):
    for name in ["a.bmp", "b.bmp"]:
        world.add(name, bitmap(7, 5))
    world.twice()
    local = world.local("--files0-from", "-", input=b"b.bmp\0a.bmp\0")
    ran = world.ray("--files0-from", "-", input=b"b.bmp\0a.bmp\0")
    assert (ran.returncode, ran.stdout) == (0, local.stdout)


def test_update_and_no_clobber(world):
    for number in range(6):
        world.add(f"{number}.bmp", bitmap(30 + number, 20, number))
    world.add("3_rot90.bmp", b"newer than its input, but of another size")
    os.utime(world.here / "3.bmp", (1e9, 1e9))
    world.add("4_rot90.bmp", b"older than its input")
    os.utime(world.here / "4_rot90.bmp", (1e9, 1e9))
    ran = world.assert_same("*.bmp", "--no-clobber", code=1)
    assert ran.stderr.count(b"already exists") == 2
    world.twice()
    for folder in [world.here, world.there]:
        # They were copied in some order, and a change of the input makes its output old.
        for number in [0, 1, 2, 3, 5]:
            os.utime(folder / f"{number}_rot90.bmp")
    ran = world.assert_same("*.bmp", "--update", code=0, again=True)
    assert b"2 rotated, 4 up to date" in ran.stderr
    times = {path: path.stat().st_mtime_ns for path in world.there.iterdir()}
    world.assert_same("*.bmp", "--update", "--durable", "--max-memory", "64M", code=0, again=True)
    assert times == {path: path.stat().st_mtime_ns for path in world.there.iterdir()}


def test_modes_follow_the_umask_of_the_driver(world):
    world.add("a.bmp", bitmap(3, 3))
    world.twice()
    before = os.umask(0o077)
    try:
        assert world.ray("a.bmp").returncode == 0
    finally:
        os.umask(before)
    assert (world.there / "a_rot90.bmp").stat().st_mode & 0o777 == 0o600


def test_a_hint_is_no_failure(world):
    names = [f"{number:04}.bmp" for number in range(1001)]
    for name in names:
        world.add(name, bitmap(2, 1))
    world.twice()
    local, ran = world.local(*names), world.ray(*names)
    assert (ran.returncode, ran.stdout) == (0, local.stdout), ran.stderr.decode()
    assert b"other problem" not in ran.stderr


def test_nothing_to_do(world):
    world.assert_same("*.bmp", code=1)
    world.assert_same("*.bmp", "--format", "jsonl", code=1)


def test_refusals_touch_nothing(world):
    for name in ["x/a.bmp", "y/a.bmp"]:
        world.add(name, bitmap(3, 3))
    world.assert_same("x/a.bmp", "y/a.bmp", "-o", "out", code=2)
    # The options of the plan stand in the usage line, so the reason alone is the same.
    for words in [["x/a.bmp", "--update", "--no-clobber"], ["x/a.bmp", "-w", "0"], []]:
        local, ran = world.local(*words), world.ray(*words)
        assert (ran.returncode, ran.stdout) == (local.returncode, b"") == (2, b"")
        assert ran.stderr.splitlines()[0] == local.stderr.splitlines()[0]
    assert files(world.there) == files(world.here)
    assert not (world.there / "x/a_rot90.bmp").exists()


def test_dry_run_is_that_of_rot90(world):
    world.add("a.bmp", bitmap(3, 3))
    world.assert_same("*.bmp", "none", "--dry-run", "-v", code=1)


def slide(world, name, size):
    """A picture of about that many bytes: a row of noise, the others black."""
    rows = size // (6000 * 3)
    head = bytearray(bitmap(6000, 1))
    for at, number in [(2, 54 + rows * 18000), (22, rows), (34, rows * 18000)]:
        head[at:at + 4] = number.to_bytes(4, "little")
    world.add(name, bytes(head))
    os.truncate(world.here / name, 54 + rows * 18000)


def test_a_slide_is_a_task_of_its_own(world):
    slide(world, "slide.bmp", 72_000_000)
    world.add("small.bmp", bitmap(20, 10))
    world.assert_same("*.bmp", code=0)


def test_a_slide_gets_as_many_cpus_as_a_node_has(tmp_path):
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 4, "object_store_memory": 100 << 20}
    wide = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    try:
        wide.add_node(**node)
        world = World(tmp_path, wide.address)
        # One for each 32 MiB would be 3, and 5, which no node has.
        slide(world, "slide.bmp", 90_000_000)
        slide(world, "too wide.bmp", 150_000_000)
        world.add("small.bmp", bitmap(20, 10))
        # Ray tells a task by OMP_NUM_THREADS how many CPUs it has reserved.
        logs = wrapper(tmp_path, f"""echo "$(tr '\\0' ' ' < "$names"): reserved $OMP_NUM_THREADS, $*" >> {tmp_path}/log""")
        world.assert_same("*.bmp", code=0, rot90=logs)
        found = re.findall(r"^(.*) : reserved (\d+), .*--workers (\d+)", (tmp_path / "log").read_text(), re.MULTILINE)
        assert sorted(found) == [("slide.bmp", "3", "3"), ("small.bmp", "1", "1"), ("too wide.bmp", "4", "4")]
        # And so it is where the whole run may use fewer.
        (tmp_path / "log").unlink()
        world.assert_same("*.bmp", "-w", "2", code=0, rot90=logs, again=True)
        assert "too wide.bmp : reserved 2," in (tmp_path / "log").read_text()
    finally:
        wide.shutdown()


def test_verbose_tells_of_the_cluster_and_of_what_is_skipped(world):
    world.add("a.bmp", bitmap(4, 2))
    world.add("a_rot90.bmp", b"")
    world.twice()
    told = world.ray("*.bmp", "-v").stderr.decode()
    assert "2 nodes" in told
    assert "available_resources: CPU 2, memory" in told
    line = "rot90: a_rot90.bmp: skipped, an earlier result of a.bmp"
    assert line in told.splitlines()
    assert line in world.local("*.bmp", "-v").stderr.decode().splitlines()


def test_progress_is_for_terminals(world):
    world.add("a.bmp", bitmap(4, 2))
    world.twice()
    assert b"\r" not in world.ray("a.bmp").stderr
    assert b"1/1 files" in world.ray("a.bmp", "--progress", "always").stderr


def test_joins_what_the_environment_names(world):
    world.add("a.bmp", bitmap(4, 2))
    world.twice()
    ran = world.ray("a.bmp", "-v", address=False, env={"RAY_ADDRESS": world.address})
    assert ran.returncode == 0
    assert b"2 nodes" in ran.stderr


def test_starts_a_cluster_where_none_is_named(world):
    for number in range(9):
        world.add(f"{number}.bmp", bitmap(40, 30, number))
    world.assert_same("*.bmp", "-w", "1", code=0, address=False)


def test_no_cluster_there(world):
    world.add("a.bmp", bitmap(4, 2))
    world.twice()
    ran = world.ray("a.bmp", address=False, env={"RAY_ADDRESS": "127.0.0.1:9"})
    assert (ran.returncode, ran.stdout) == (2, b""), ran.stderr.decode()
    assert b"rot90: no Ray cluster at 127.0.0.1:9: " in ran.stderr
    assert not (world.there / "a_rot90.bmp").exists()


def test_through_the_ray_client(mixed, cluster):
    cluster.wait_for_client()
    mixed.assert_same("*.bmp", code=1, address=False, env={"RAY_ADDRESS": cluster.client})
    ran = mixed.ray("*.bmp", "-v", address=False, env={"RAY_ADDRESS": cluster.client})
    assert b"2 nodes" in ran.stderr


def test_the_ray_client_ends_in_order(mixed, cluster, slow_rot90):
    cluster.wait_for_client()
    mixed.twice()
    process = mixed.start("*.bmp", "--task-bytes", "1M", "--address", cluster.client, rot90=slow_rot90,
                          address=False, start_new_session=True)
    wait_for(lambda: (mixed.there / "000_rot90.bmp").exists())
    interrupt(process)
    out, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, told.decode()
    assert 0 < len(json.loads(out)) < 400


def test_no_ray_client_there(world):
    world.add("a.bmp", bitmap(4, 2))
    world.twice()
    ran = world.ray("a.bmp", address=False, env={"RAY_ADDRESS": "ray://127.0.0.1:9"})
    assert (ran.returncode, ran.stdout) == (2, b""), ran.stderr.decode()
    assert b"rot90: no Ray cluster at ray://127.0.0.1:9: " in ran.stderr


def test_versions_agree(world, tmp_path):
    other = tmp_path / "other"
    # Once asked for the plan, always one version; on the nodes another.
    other.write_text(f"""#!/bin/bash
if [ "$1" = --version ] && [ -z "$DRIVER" ]; then echo rot90 0.0.1; exit; fi
exec '{ROT90}' "$@"
""")
    other.chmod(0o755)
    world.add("a.bmp", bitmap(4, 2))
    world.twice()
    ran = world.ray("a.bmp", rot90=str(other), env={"DRIVER": "1"})
    assert (ran.returncode, ran.stdout) == (2, b"")
    assert b"has rot90 0.0.1, this machine rot90 " in ran.stderr
    assert not (world.there / "a_rot90.bmp").exists()


def test_a_node_that_is_another_in_mid_run_ends_it(world, tmp_path):
    # The driver and both nodes have asked; from then on it is another version.
    other = tmp_path / "other"
    other.write_text(f"""#!/bin/bash
if [ "$1" = --version ] && [ "$(echo >> {tmp_path}/asked; wc -l < {tmp_path}/asked)" -gt 3 ]; then
    echo rot90 0.0.1; exit
fi
exec '{ROT90}' "$@"
""")
    other.chmod(0o755)
    world.add("a.bmp", bitmap(4, 2))
    world.add("z.bmp", b"")
    world.twice()
    ran = world.ray("missing.bmp", "*.bmp", rot90=str(other))
    assert ran.returncode == 1
    assert b"has rot90 0.0.1, this machine rot90 " in ran.stderr
    assert [record["input"] for record in json.loads(ran.stdout)] == ["missing.bmp"]


def test_records_stream_in_order(mixed, slow_rot90):
    mixed.twice()
    process = mixed.start("*.bmp", "--format", "jsonl", rot90=slow_rot90)
    first = json.loads(process.stdout.readline())
    assert first["input"] == "000.bmp"
    assert process.poll() is None
    assert not (mixed.there / "399_rot90.bmp").exists()
    rest = [json.loads(line)["input"] for line in process.stdout]
    assert rest == [f"{number:03}.bmp" for number in range(1, 400)]
    process.communicate()
    assert process.returncode == 1


def page(path):
    """A report without what no two runs have in common: the moment, time, rate and nonce."""
    html = path.read_text()
    nonce, = set(re.findall(r"nonce-([0-9a-f]+)", html))
    html = re.sub(r"<dt>(Time|Rate)</dt><dd>[^<]*</dd>", "", html.replace(nonce, "NONCE"))
    return re.sub(r'data-seconds="\d+"', "", html)


def test_the_report_is_that_of_rot90(mixed):
    mixed.add(b"not utf-8 \xff.bmp", bitmap(30, 20))
    mixed.add("gone_rot90.bmp", bitmap(8, 8))
    mixed.twice()
    for words in [["*.bmp", "missing.bmp", "no*thing"], ["*.bmp", "-o", "out/new"]]:
        words += ["--report", "out/new/page.html" if "-o" in words else "page.html", "--format", "jsonl"]
        local, ran = mixed.local(*words), mixed.ray(*words)
        assert (ran.returncode, ran.stdout) == (local.returncode, local.stdout), ran.stderr.decode()
        here, there = (page(world / words[words.index("--report") + 1]) for world in (mixed.here, mixed.there))
        assert there == here
        assert "217.bmp" in here and "data:image/" in here
        # Afterwards the folders hold the same but for the pages, which were compared.
        found = [{path: data for path, data in files(world).items() if path.suffix != ".html"}
                 for world in (mixed.here, mixed.there)]
        assert found[0] == found[1]


def test_a_report_that_cannot_stand_touches_nothing(world):
    world.add("a.bmp", bitmap(3, 3))
    world.add("folder.html/x", b"")
    world.twice()
    for words in [["a.bmp", "--report", "page.txt"], ["a.bmp", "--report", "folder.html"],
                  ["a.bmp", "--report", "missing/page.html"], ["a.bmp", "--report", "page.html", "--dry-run"]]:
        local, ran = world.local(*words), world.ray(*words)
        assert (ran.returncode, ran.stdout) == (local.returncode, b"") == (2, b""), ran.stderr.decode()
        assert ran.stderr.splitlines()[0] == local.stderr.splitlines()[0]
    assert files(world.there) == files(world.here)
    assert not (world.there / "a_rot90.bmp").exists()


def test_an_interrupted_run_has_a_report_of_its_results(mixed, slow_rot90):
    mixed.twice()
    process = mixed.start("*.bmp", "--task-bytes", "1M", "--report", "page.html", rot90=slow_rot90,
                          start_new_session=True)
    wait_for(lambda: (mixed.there / "000_rot90.bmp").exists())
    interrupt(process)
    out, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, told.decode()
    html = (mixed.there / "page.html").read_text()
    assert "The run was ended early" in html
    for record in json.loads(out):
        assert f'["{record["input"]}",' in html
