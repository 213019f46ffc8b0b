#!/usr/bin/env python3
"""Runs rot90.exe under wine, and holds what it does against what rot90 does on Linux.

    check.py ROT90 ROT90.EXE HELPER.EXE

WINE names the wine to run, WINEPREFIX its folder; scripts/cross.sh sets up both.
"""

import filecmp
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
LINUX, EXE, HELPER = (Path(argument).resolve() for argument in sys.argv[1:4])
WINE = os.environ["WINE"]
DRIVES = Path(os.environ["WINEPREFIX"], "dosdevices")


def on_drive_z(path):
    return "Z:" + str(path).replace("/", "\\")


class Windows(unittest.TestCase):
    def setUp(self):
        # It is in this folder that rot90 runs.
        self.world = Path(tempfile.mkdtemp(prefix="rot90-"))
        self.addCleanup(shutil.rmtree, self.world)

    def put(self, *names, picture="samples/chelsea.bmp"):
        for name in names:
            path = self.world / name
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(FIXTURES / picture, path)

    def run_command(self, command, world=None, expected=None, **options):
        options = {"stdin": subprocess.DEVNULL, "capture_output": True, "timeout": 120} | options
        if "input" in options:
            del options["stdin"]
        done = subprocess.run([str(word) for word in command], cwd=world or self.world, **options)
        code, messages = done.returncode, done.stderr.decode()
        if code == -signal.SIGKILL and expected is not None:
            # Wine kills what takes a second to end, as on a busy machine; its code is lost then.
            print("its exit code is lost", flush=True)
            code = expected
        if expected is not None:
            self.assertEqual(code, expected, messages)
        return code, done.stdout, messages

    def rot90(self, *arguments, expected=0, **options):
        """Runs it; the records and the messages."""
        command = [WINE, EXE, *arguments]
        _, stdout, messages = self.run_command(command, expected=expected, **options)
        return json.loads(stdout) if stdout else None, messages

    def inputs(self, *arguments, **options):
        return [record["input"] for record in self.rot90(*arguments, "--dry-run", **options)[0]]

    def names(self, folder="."):
        root = self.world / folder
        return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())

    def assert_same_as_on_linux(self, arguments, windows_arguments):
        """The same files and records, but for separators, in copies of the fixtures."""
        runs = []
        for command in [[LINUX, *arguments], [WINE, EXE, *windows_arguments]]:
            world = self.world / str(len(runs))
            shutil.copytree(FIXTURES, world)
            # Some of the fixtures are damaged.
            _, stdout, stderr = self.run_command(command, world, expected=1)
            (numbers,) = re.findall(r"rot90: (\d+ files rotated), .*, (\d+ failed)", stderr)
            records = stdout.decode().replace("\\\\", "/").splitlines()
            # The names of ImageMagick's and the shell's commands.
            records = [record for record in records if "ImageMagick" not in record]
            runs.append((numbers, records))
        self.assertEqual(*runs)
        expected, found = self.names("0"), self.names("1")
        self.assertEqual(expected, found)
        _, different, errors = filecmp.cmpfiles(
            self.world / "0", self.world / "1", expected, shallow=False
        )
        self.assertEqual((different, errors), ([], []))
        print(f"{len(runs[0][1])} records and {len(found)} files are the same", flush=True)

    def test_all_fixtures_as_on_linux(self):
        self.assert_same_as_on_linux(["**"], ["**"])

    def test_all_fixtures_below_another_folder(self):
        self.assert_same_as_on_linux(
            ["./**/*.bmp", "-o", "new/folder", "--format", "jsonl", "-w", "3"],
            [".\\**\\*.BMP", "-o", "new\\folder", "--format", "jsonl", "-w", "3"],
        )

    def test_all_fixtures_with_little_memory(self):
        self.assert_same_as_on_linux(
            ["**/*.bmp", "--max-memory", "1M", "--preserve", "--durable"],
            ["**\\*.bmp", "--max-memory", "1M", "--preserve", "--durable"],
        )

    def test_patterns(self):
        self.put("top.bmp", "A.BMP", "größe.Bmp", "[x].bmp", ".hidden.bmp", "scans/a.bmp")
        self.put("scans/B.BMP", "scans/sub/c.bmp", "scans/sub/note.txt", "my scans/d.bmp")
        world = on_drive_z(self.world)
        both = ["scans\\B.BMP", "scans\\a.bmp"]
        for pattern, expected in {
            "scans\\*.bmp": both,
            "scans/*.BMP": ["scans/B.BMP", "scans/a.bmp"],
            "SCANS\\[ab].?mp": ["SCANS\\B.BMP", "SCANS\\a.bmp"],
            "*.bmp": ["A.BMP", "[x].bmp", "größe.Bmp", "top.bmp"],
            "GRÖ?E.*": ["größe.Bmp"],
            "[x].bmp": ["[x].bmp"],
            ".*.bmp": [".hidden.bmp"],
            "**\\c.bmp": ["scans\\sub\\c.bmp"],
            "scans/**\\*.bmp": ["scans/B.BMP", "scans/a.bmp", "scans/sub\\c.bmp"],
            "s*\\S*\\*": ["scans\\sub\\c.bmp", "scans\\sub\\note.txt"],
            "scans\\sub\\..\\*.bmp": ["scans\\sub\\..\\B.BMP", "scans\\sub\\..\\a.bmp"],
            "my scans\\*": ["my scans\\d.bmp"],
            f"{world}\\scans\\**\\*.bmp": [
                f"{world}\\scans\\{name}" for name in ["B.BMP", "a.bmp", "sub\\c.bmp"]
            ],
            f"\\\\?\\{world}\\scans\\?.bmp": [f"\\\\?\\{world}\\{name}" for name in both],
            f"{world[2:]}\\scans\\?.bmp": [f"{world[2:]}\\{name}" for name in both],
            "Z:scans\\*.bmp": [f"Z:{name}" for name in both],
        }.items():
            with self.subTest(pattern):
                self.assertEqual(self.inputs(pattern), expected)
        self.assertEqual(len(self.inputs("**")), 9)
        # One file in three spellings.
        self.assertEqual(len(self.inputs("scans\\a.bmp", "SCANS/A.bmp", world + "\\scans\\a.bmp")), 1)

    def test_drives_and_servers(self):
        self.put("scans/a.bmp", "scans/sub/c.bmp")
        for name in ["r:", "unc/server/share"]:
            link = DRIVES / name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(self.world)
            self.addCleanup(link.unlink)
        for pattern, expected in {
            "R:\\scans\\*.bmp": "R:\\scans\\a_rot90.bmp",
            "r:/s*s/*/c.bmp": "r:/scans/sub/c_rot90.bmp",
            "\\\\server\\share\\scans\\sub\\*.bmp": "\\\\server\\share\\scans\\sub\\c_rot90.bmp",
            "//server/share/*/a.bmp": "//server/share/scans/a_rot90.bmp",
        }.items():
            with self.subTest(pattern):
                (record,), _ = self.rot90(pattern)
                self.assertEqual(record["output"], expected)
        self.assertEqual(len(self.names()), 4)

    def test_outputs_have_the_separators_of_their_operands(self):
        self.put("scans/a.bmp", "scans/sub/b.bmp")
        world = on_drive_z(self.world)
        for arguments, expected in [
            (["scans\\**\\*.bmp"], ["scans\\a_rot90.bmp", "scans\\sub\\b_rot90.bmp"]),
            (["scans/a.bmp", "-o", "o"], ["o/a_rot90.bmp"]),
            (["scans\\**\\b.bmp", "-o", "o"], ["o\\sub\\b_rot90.bmp"]),
            (["scans\\**\\b.bmp", "-o", "o/p"], ["o/p/sub/b_rot90.bmp"]),
            (["scans/*/*.bmp", "-o", world + "\\o\\"], [world + "\\o\\sub\\b_rot90.bmp"]),
            (["scans/*/*.bmp", "-o", "Z:o"], ["Z:o/sub/b_rot90.bmp"]),
        ]:
            with self.subTest(arguments=arguments):
                records, _ = self.rot90(*arguments)
                self.assertEqual([record["output"] for record in records], expected)
        found = ["o/a_rot90.bmp", "o/p/sub/b_rot90.bmp", "o/sub/b_rot90.bmp"]
        found += ["scans/a.bmp", "scans/a_rot90.bmp", "scans/sub/b.bmp", "scans/sub/b_rot90.bmp"]
        self.assertEqual(self.names(), found)

    def test_a_second_run_does_the_same_again(self):
        self.put("a.bmp", "B.BMP")
        first, _ = self.rot90("*.bmp")
        (self.world / "a_rot90.bmp").rename(self.world / "A_ROT90.BMP")
        second, messages = self.rot90("*.bmp")
        self.assertEqual(first, second)
        self.assertIn("2 earlier results skipped", messages)
        third, messages = self.rot90("*.bmp", "--update")
        self.assertEqual(first, third)
        self.assertIn("0 rotated, 2 up to date", messages)
        os.utime(self.world / "a.bmp")
        self.assertIn("1 rotated, 1 up to date", self.rot90("*.bmp", "--update")[1])
        records, _ = self.rot90("*.bmp", "--no-clobber", expected=1)
        self.assertEqual([record["error"] for record in records], ["the output already exists"] * 2)
        self.assertEqual(len(self.names()), 4)

    def test_preserved_times(self):
        self.put("a.bmp")
        os.utime(self.world / "a.bmp", (1e9, 1.1e9))
        self.rot90("a.bmp", "--preserve")
        self.assertEqual((self.world / "a_rot90.bmp").stat().st_mtime, 1.1e9)

    def test_conflicts_are_refused(self):
        self.put("x/a.bmp", "y/A.bmp")
        _, messages = self.rot90("x\\a.bmp", "y\\A.bmp", "-o", "out", expected=2)
        self.assertIn("x\\a.bmp and y\\A.bmp would both be written to out\\A_rot90.bmp", messages)
        self.assertEqual(self.names(), ["x/a.bmp", "y/A.bmp"])

    def test_mistakes(self):
        self.put("scans/a.bmp", "my scans/a.bmp")
        self.put("a.bmp", picture=next(FIXTURES.rglob("*.png")))
        for argument, reason in {
            "scans": 'is a directory; for its bitmaps: rot90 "scans\\*.bmp"',
            "scans/": 'is a directory; for its bitmaps: rot90 "scans/*.bmp"',
            "my scans": 'is a directory; for its bitmaps: rot90 "my scans\\*.bmp"',
            "missing.bmp": "cannot open: ",
            "a.bmp": "move a.bmp a.png && magick a.png a.bmp",
            "NUL": "is the name of a device on Windows",
            "scans\\con.bmp": "is the name of a device on Windows",
            "COM1 .bmp": "is the name of a device on Windows",
            "\\\\.\\pipe\\rot90": "is the name of a device on Windows",
        }.items():
            with self.subTest(argument):
                (record,), messages = self.rot90(argument, expected=1)
                self.assertEqual(record["input"], argument)
                self.assertIn(reason, record["error"])
                self.assertIn(f"rot90: {argument}: {record['error']}", messages)
        for arguments, code, part in [
            (["none\\*.bmp"], 1, "none\\*.bmp: the pattern matches no file; there is no folder none"),
            (["scans\\*.png"], 1, "scans\\*.png: the pattern matches no file"),
            ([], 2, 'rot90 "*.bmp"'),
            (["a.bmp", "-o", "a.bmp"], 2, "is not a directory"),
            (["a.bmp", "--report", "a.bmp"], 2, ".html"),
        ]:
            with self.subTest(arguments=arguments):
                self.assertIn(part, self.rot90(*arguments, expected=code)[1])
        self.assertIn('rot90 "scans/*.bmp"', self.run_command([WINE, EXE, "--help"])[1].decode())
        self.assertEqual(len(self.names()), 3)

    def test_lists_of_names(self):
        self.put("a.bmp", "b [1].bmp", "größe.bmp")
        (self.world / "list").write_bytes("b [1].bmp\0größe.bmp\0.\\a.bmp\0".encode())
        expected = ["b [1].bmp", "größe.bmp", ".\\a.bmp"]
        self.assertEqual(self.inputs("--files0-from", "list"), expected)
        names = (self.world / "list").read_bytes()
        self.assertEqual(self.inputs("--files0-from", "-", input=names), expected)
        _, messages = self.rot90("--files0-from", "-", input=b"a.bmp\r\nb.bmp\r\n", expected=2)
        self.assertIn("names must end in NUL", messages)

    def test_the_report(self):
        self.put("a.bmp", "b.bmp")
        self.rot90("*.bmp", "--report", "out\\Report.HTML", "-o", "out")
        page = (self.world / "out/Report.HTML").read_text()
        self.assertTrue("b.bmp" in page and "data:image/" in page)
        self.rot90("*.bmp", "--report", "none\\r.html", expected=2)

    def test_an_output_that_is_open_elsewhere(self):
        self.put("a.bmp", "a_rot90.bmp")
        before = (self.world / "a_rot90.bmp").read_bytes()
        for share in ["r", "rw", "rwd"]:
            with self.subTest(share):
                hold = [WINE, HELPER, "hold", "a_rot90.bmp", share]
                pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
                with subprocess.Popen(list(map(str, hold)), cwd=self.world, **pipes) as reader:
                    self.assertEqual(reader.stdout.readline().strip(), b"open")
                    _, stdout, _ = self.run_command([WINE, EXE, "a.bmp"])
                (record,) = json.loads(stdout)
                # What the other program has open stays what it was.
                self.assertEqual(reader.returncode, 0)
                print(f"a reader that shares {share}: {record.get('error', 'replaced')}", flush=True)
                if "error" in record:
                    self.assertIn("the existing file is open in another program", record["error"])
                    self.assertEqual((self.world / "a_rot90.bmp").read_bytes(), before)
                self.assertEqual(self.names(), ["a.bmp", "a_rot90.bmp"])
        self.rot90("a.bmp")
        self.assertNotEqual((self.world / "a_rot90.bmp").read_bytes(), before)

    def test_an_output_that_cannot_be_replaced(self):
        self.put("a.bmp", "a_rot90.bmp/b.bmp")
        (record,), _ = self.rot90("a.bmp", expected=1)
        self.assertIn("a folder has that name", record["error"])
        self.assertEqual(self.names(), ["a.bmp", "a_rot90.bmp/b.bmp"])

    def test_ctrl_c(self):
        names = [f"{number:03}.bmp" for number in range(600)]
        self.put(*names)
        command = f"{on_drive_z(EXE)} *.bmp"
        command = [WINE, HELPER, "press", "1500", command]
        _, stdout, _ = self.run_command(command, expected=130)
        records = json.loads(stdout)
        self.assertEqual([record["input"] for record in records], names[: len(records)])
        self.assertLess(len(records), len(names))
        outputs = [name for name in self.names() if name not in names]
        self.assertEqual(outputs, [record["output"] for record in records])

    def test_what_a_killed_run_leaves_is_taken_over(self):
        self.put(*[f"{number:03}.bmp" for number in range(200)])
        with subprocess.Popen(
            [WINE, str(EXE), "*.bmp", "-w", "2", "--format", "jsonl"],
            cwd=self.world,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as run:
            run.stdout.readline()
            run.kill()
        (self.world / ".rot90-0000000000000000-0.tmp").touch()
        self.rot90("*.bmp")
        # What no output of this run leads to is somebody else's.
        hidden = [name for name in self.names() if name.startswith(".")]
        self.assertEqual(hidden, [".rot90-0000000000000000-0.tmp"])

    def test_long_paths(self):
        folder = "/".join(["a folder of a name with sixty characters to make the path long"] * 6)
        self.put(f"{folder}/a.bmp")
        windows_folder = folder.replace("/", "\\")
        self.assertEqual(self.inputs("**\\*.bmp"), [f"{windows_folder}\\a.bmp"])
        for path in [f"{windows_folder}\\a.bmp", on_drive_z(self.world / folder / "*.bmp")]:
            self.rot90(path)
        self.rot90("**\\*.bmp", "-o", f"new\\{windows_folder}")
        self.assertEqual(len(self.names()), 3)


if __name__ == "__main__":
    result = unittest.main(argv=sys.argv[:1] + sys.argv[4:], verbosity=2, exit=False).result
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(failed != 0)
