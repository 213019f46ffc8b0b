"""Nodes are lost, files kill their tasks, people press Ctrl-C."""

import json
import os
import signal
import subprocess

import pytest

from conftest import ROT90, PATIENCE, bitmap, files, interrupt, wait_for, wrapper


@pytest.mark.parametrize("options", [["-v"], ["--no-clobber", "-o", "out"]])
def test_a_node_lost_in_mid_run_costs_time_alone(mixed, cluster, tmp_path, options):
    started = tmp_path / "started"
    slow_rot90 = wrapper(tmp_path, f"echo $PPID >> {started}; sleep 2")
    mixed.twice()
    local = mixed.local("*.bmp", "--format", "jsonl", *options)
    process = mixed.start("*.bmp", "--format", "jsonl", "--task-bytes", "6M", *options, rot90=slow_rot90)
    head = process.stdout.readline()
    # A task of the second node has just begun.
    before = len(started.read_text().split())
    wait_for(lambda: set(started.read_text().split()[before:]) & set(cluster.second_workers()))
    cluster.lose_second()
    out, told = process.communicate(timeout=PATIENCE)
    cluster.restore()
    assert head + out == local.stdout, told.decode()
    assert process.returncode == 1
    assert files(mixed.there) == files(mixed.here)
    if "-v" in options:
        assert b"a task was lost with its node" in told
    else:
        # The bad file and the summary: Ray's own words about the node are kept away.
        assert told.decode().count("\n") == 2, told.decode()


# Either rot90 dies, or the whole worker, its parent.
@pytest.mark.parametrize("victim", ["$$", "$PPID"])
def test_a_file_that_kills_its_task_is_the_only_one_lost(world, tmp_path, victim):
    for number in range(40):
        world.add(f"{number:02}.bmp", bitmap(20, 10, number))
    world.twice()
    log = tmp_path / "kills"
    poisonous = wrapper(tmp_path, f"if grep -qz '23.bmp' \"$names\"; then echo >> {log}; kill -9 {victim}; sleep 5; fi")
    ran = world.ray("*.bmp", "--format", "jsonl", rot90=poisonous)
    local = world.local("*.bmp", "--format", "jsonl").stdout.splitlines()
    records = ran.stdout.splitlines()
    assert ran.returncode == 1
    assert records[:23] + records[24:] == local[:23] + local[24:]
    lost = json.loads(records[23])
    assert lost["input"] == "23.bmp"
    assert "its task was killed 3 times" in lost["error"]
    assert f"rot90: 23.bmp: {lost['error']}" in ran.stderr.decode()
    assert log.read_text().count("\n") >= 3
    # It alone has no output.
    (world.here / "23_rot90.bmp").unlink()
    assert files(world.there) == files(world.here)


def test_a_file_that_kills_once_is_turned(world, tmp_path):
    for number in range(10):
        world.add(f"{number}.bmp", bitmap(20, 10, number))
    once = wrapper(tmp_path, f"if mkdir {tmp_path}/killed 2>/dev/null; then kill -9 $$; fi")
    world.assert_same("*.bmp", code=0, rot90=once)
    assert (tmp_path / "killed").is_dir()


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("own_cluster", [False, True])
def test_signals_end_it_in_order(mixed, slow_rot90, number, code, own_cluster):
    mixed.twice()
    local = json.loads(mixed.local("*.bmp").stdout)
    process = mixed.start("*.bmp", "--task-bytes", "1M", rot90=slow_rot90, address=not own_cluster,
                          start_new_session=True)
    wait_for(lambda: (mixed.there / "000_rot90.bmp").exists())
    interrupt(process, number)
    out, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == code, told.decode()
    records = json.loads(out)
    # A cluster of the run's own is in its process group, and SIGTERM ends that too: tasks may not
    # get to say what they have done.
    least = 0 if own_cluster and number == signal.SIGTERM else 1
    assert least <= len(records) < 400
    assert all(record in local for record in records)
    places = [local.index(record) for record in records]
    assert places == sorted(places)
    # Whole outputs, nothing else.
    there, here = files(mixed.there), files(mixed.here)
    assert all(here[path] == data for path, data in there.items())


def test_a_signal_before_there_is_a_cluster(world):
    world.add("a.bmp", bitmap(4, 2))
    world.twice()
    process = world.start("--files0-from", "-", stdin=subprocess.PIPE, start_new_session=True)
    # It has begun once it waits for the names.
    wait_for(lambda: b"--dry-run" in open_commands(process.pid))
    interrupt(process)
    out, told = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (130, b"[]\n"), told.decode()


def open_commands(group):
    """The command lines of a group of processes."""
    found = b""
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and os.getpgid(int(entry)) == group:
                with open(f"/proc/{entry}/cmdline", "rb") as line:
                    found += line.read()
        except OSError:
            pass
    return found


def test_standard_output_that_nobody_reads(mixed, slow_rot90):
    mixed.twice()
    process = mixed.start("*.bmp", "--format", "jsonl", "--task-bytes", "1M", rot90=slow_rot90)
    process.stdout.readline()
    process.stdout.close()
    told = process.stderr.read()
    assert process.wait(PATIENCE) == 1
    assert told in (b"", b"rot90: " + told[7:]) and b"Broken" not in told and told.count(b"\n") <= 1
    assert not (mixed.there / "399_rot90.bmp").exists()


def test_standard_output_that_is_full(world):
    world.add("a.bmp", bitmap(4, 2))
    world.twice()
    with open("/dev/full", "wb") as full:
        local = subprocess.run([ROT90, "a.bmp"], cwd=world.here, stdout=full, stderr=subprocess.PIPE)
        ran = world.ray("a.bmp", stdout=full)
    assert ran.returncode == local.returncode == 1
    assert ran.stderr.splitlines()[0] == local.stderr.splitlines()[0]
    assert (world.there / "a_rot90.bmp").exists()


def test_fail_fast(mixed, slow_rot90):
    mixed.twice()
    (mixed.there / "000.bmp").write_bytes(b"bad as well")
    ran = mixed.ray("*.bmp", "--fail-fast", "--task-bytes", "1M", "--format", "jsonl", rot90=slow_rot90)
    assert ran.returncode == 1
    assert "error" in json.loads(ran.stdout.splitlines()[0])
    assert not (mixed.there / "399_rot90.bmp").exists()


def test_a_folder_that_a_node_does_not_have(world, tmp_path):
    # The executable is there for the driver, and gone when the nodes look for it.
    gone = tmp_path / "gone"
    gone.write_text(f"""#!/bin/bash
[ "$1" != --version ] || rm -f "$0"
exec '{ROT90}' "$@"
""")
    gone.chmod(0o755)
    world.add("a.bmp", bitmap(4, 2))
    world.twice()
    ran = world.ray("a.bmp", rot90=str(gone))
    assert (ran.returncode, ran.stdout) == (2, b"")
    assert b"cannot run rot90" in ran.stderr
    assert not (world.there / "a_rot90.bmp").exists()
