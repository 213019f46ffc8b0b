"""What docs/python.md shows."""

from __future__ import annotations

import doctest
import re
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_page(folder: Path) -> None:
    samples = ROOT / "fixtures/samples"
    Path("scans").mkdir()
    shutil.copy(samples / "chelsea.bmp", "scans/chelsea.bmp")
    shutil.copy(samples / "cell.bmp", "scans/tissue.bmp")
    Path("scans/broken.bmp").write_bytes((samples / "chelsea.bmp").read_bytes()[:1000])
    page = (ROOT / "docs/python.md").read_text(encoding="utf-8")
    # An end of a block would count as output.
    page = re.sub("^ *```.*$", "", page, flags=re.MULTILINE)
    examples = doctest.DocTestParser().get_doctest(page, {}, "python.md", "docs/python.md", 0)
    ran = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(examples)
    assert ran.attempted > 10 and ran.failed == 0
