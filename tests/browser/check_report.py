#!/usr/bin/env python3
"""Opens the page of `rot90 --report` in headless Chromium and uses it as a person would.

    python3 tests/browser/check_report.py [--rot90 PATH] [--chromium PATH] [--screenshots DIR]

Needs Python and Chromium (Debian's package) alone: the two talk over a pair of pipes. It fails on
any message on the console, any exception, and any attempt to reach the network. With
--screenshots, what was seen is kept in DIR.
"""

import argparse
import base64
import json
import os
import random
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# A busy machine may stop for a minute; nothing here takes a second on an idle one.
PATIENCE = 180


class Browser:
    """Chromium, by the Chrome DevTools Protocol over pipes."""

    def __init__(self, program: str, folder: Path):
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()

        def take_pipes():
            # The protocol reads descriptor 3 and writes 4. The pipes may have those numbers.
            read, write = os.dup(theirs_in), os.dup(theirs_out)
            os.dup2(read, 3)
            os.dup2(write, 4)

        command = [program, "--headless", "--remote-debugging-pipe", f"--user-data-dir={folder}",
                   "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
                   "--disable-background-networking", "--disable-component-update",
                   "--disable-sync", "--hide-scrollbars"]
        if os.geteuid() == 0:
            command.append("--no-sandbox")
        self.process = subprocess.Popen(command, preexec_fn=take_pipes, close_fds=False,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        os.close(theirs_in)
        os.close(theirs_out)
        self.reading, self.writing = ours_in, ours_out
        self.buffer = b""
        self.number = 0
        self.events = []

    def receive(self, deadline: float) -> dict:
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.reading], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError("the browser does not answer")
            piece = os.read(self.reading, 1 << 20)
            if not piece:
                raise EOFError("the browser has ended")
            self.buffer += piece
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def send(self, method: str, session: str | None = None, **parameters) -> dict:
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.writing, data):]
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self.receive(deadline)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.reading)
        os.close(self.writing)


class Tab:
    """A page that is open."""

    def __init__(self, browser: Browser, path: Path, width=1280, height=900, dark=False):
        self.browser = browser
        target = browser.send("Target.createTarget", url="about:blank")["targetId"]
        self.target = target
        self.session = browser.send("Target.attachToTarget", targetId=target,
                                    flatten=True)["sessionId"]
        browser.events.clear()
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=width < 600)
        self.send("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.send("Page.navigate", url=path.as_uri())
        self.wait("document.readyState === 'complete'")

    def send(self, method: str, **parameters) -> dict:
        return self.browser.send(method, self.session, **parameters)

    def run(self, script: str):
        """The value of an expression on the page."""
        answer = self.send("Runtime.evaluate", expression=script, returnByValue=True,
                           awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, script: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self.run(script):
            if time.monotonic() > deadline:
                raise AssertionError(f"never: {script}")
            time.sleep(0.02)

    def key(self, key: str, text: str = "") -> None:
        self.send("Input.dispatchKeyEvent", type="keyDown", key=key, text=text,
                  windowsVirtualKeyCode={"Tab": 9, "Enter": 13, "Escape": 27}.get(key, 0))
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key)

    def type(self, text: str) -> None:
        self.send("Input.insertText", text=text)

    def search(self, text: str) -> None:
        self.run("(() => { const s = document.getElementById('search');"
                 " s.focus(); s.select(); })()")
        if text:
            self.type(text)
        else:
            self.run("(() => { const s = document.getElementById('search'); s.value = '';"
                     " s.dispatchEvent(new Event('input', { bubbles: true })); })()")
        # The page answers with the next frame.
        self.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def sort(self, by: str) -> None:
        self.run(f"document.querySelector('#head [data-sort={by}] button').click()")

    def count(self) -> int:
        return int(self.run("document.getElementById('list').dataset.rows"))

    def rows(self) -> list[str]:
        """The names in the list, as far as it is filled."""
        return self.run("[...document.querySelectorAll('.row .name')].map(n => n.textContent)")

    def cards(self) -> list[str]:
        return self.run("[...document.querySelectorAll('.card .name')].map(n => n.textContent)")

    def screenshot(self, path: Path, full=False) -> None:
        image = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=full)
        path.write_bytes(base64.b64decode(image["data"]))

    def complaints(self) -> list[str]:
        """What went to the console, was thrown, or asked for something outside the page."""
        self.run("new Promise(done => setTimeout(done, 50))")
        found = []
        for event in self.browser.events:
            kind, of = event.get("method"), event.get("params", {})
            if kind == "Runtime.exceptionThrown":
                found.append(f"exception: {of['exceptionDetails']}")
            elif kind == "Runtime.consoleAPICalled":
                found.append(f"console: {of['args']}")
            elif kind == "Log.entryAdded":
                found.append(f"log: {of['entry']['text']}")
            elif kind == "Network.requestWillBeSent":
                url = of["request"]["url"]
                if not url.startswith(("data:", "file:")):
                    found.append(f"network: {url[:200]}")
        return found

    def close(self) -> None:
        self.browser.send("Target.closeTarget", targetId=self.target)


def bitmap(width: int, height: int, colour: tuple[int, int, int]) -> bytes:
    """A 24-bit bitmap, brighter towards its upper right corner."""
    rows = bytearray()
    for y in range(height):
        for x in range(width):
            part = (x + y + 2) / (width + height)
            rows += bytes(round(value * part) for value in reversed(colour))
        rows += bytes(-width * 3 % 4)
    head = struct.pack("<2sIHHI", b"BM", 54 + len(rows), 0, 0, 54)
    return head + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, len(rows), 2835, 2835,
                              0, 0) + rows


class World:
    """A folder, and the page of a run over the bitmaps in it."""

    def __init__(self, rot90: str):
        self.rot90 = rot90
        self.folder = Path(tempfile.mkdtemp(prefix="report"))

    def write(self, name: str | bytes, data: bytes) -> None:
        path = os.path.join(os.fsencode(self.folder), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(data)

    def report(self, pattern="**/*.bmp", code=0) -> Path:
        page = self.folder / "report.html"
        run = subprocess.run([self.rot90, pattern, "-o", "out", "--quiet", "--report", page],
                             cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             check=False, timeout=PATIENCE)
        assert run.returncode == code, f"rot90 ended with {run.returncode}"
        self.records = json.loads(run.stdout)
        return page

    def remove(self) -> None:
        shutil.rmtree(self.folder)


class Checks:
    def __init__(self, browser: Browser, rot90: str, screenshots: Path | None):
        self.browser, self.rot90, self.screenshots = browser, rot90, screenshots

    def world(self) -> World:
        return World(self.rot90)

    def keep(self, tab: Tab, name: str, full=False) -> None:
        if self.screenshots:
            tab.screenshot(self.screenshots / f"{name}.png", full)

    def check_samples(self) -> None:
        """Four pictures: all shown, in light and dark, from phone to desk."""
        world = self.world()
        samples = sorted((ROOT / "fixtures/samples").glob("*.bmp"))
        samples = [path for path in samples if not path.stem.endswith("_rot90")]
        for path in samples:
            world.write(path.name, path.read_bytes())
        page = world.report("*.bmp")
        for name, width, dark in [("desk", 1280, False), ("desk-dark", 1280, True),
                                  ("phone", 390, False), ("wide", 2200, False)]:
            tab = Tab(self.browser, page, width=width, dark=dark)
            names = [path.name for path in samples]
            assert tab.count() == len(names)
            assert tab.rows() == names
            assert tab.cards() == names
            assert tab.run("document.querySelectorAll('.failures:not([hidden])').length") == 0
            # Every picture is decoded, and the page is no wider than the window.
            tab.run("[...document.images].forEach(image => image.loading = 'eager')")
            tab.wait("[...document.images].every(image => image.complete)")
            assert tab.run("document.images.length") == 2 * len(names)
            assert tab.run("[...document.images].every(image => image.naturalWidth > 90)")
            assert tab.run("document.documentElement.scrollWidth <= innerWidth"), name
            ground = tab.run("getComputedStyle(document.body).backgroundColor")
            channels = [int(part) for part in ground[4:-1].split(",")]
            assert (sum(channels) < 200) == dark, ground
            self.keep(tab, f"samples-{name}", full=True)
            low = tab.run(CONTRASTS)
            assert not low, f"{name}: low contrast: {low}"
            assert not tab.complaints(), tab.complaints()
            tab.close()
        world.remove()

    def check_failures_and_names(self) -> None:
        """Failures come first; names and reasons are text, whatever they hold."""
        world = self.world()
        good = bitmap(40, 30, (200, 120, 60))
        hostile = ["<img src=x onerror='document.title=1'>.bmp",
                   "</script><script>document.title='2'</script>.bmp", "&lt;b&gt;\"'.bmp",
                   "new\nline\x1b[31m.bmp", b"not-utf8-\xff.bmp", "many words " * 18 + ".bmp"]
        for name in hostile:
            world.write(name, good)
        world.write("one-high.bmp", bitmap(300, 1, (255, 255, 255)))
        world.write("dot.bmp", bitmap(1, 1, (90, 10, 10)))
        shown = {*hostile[:3], "new\\nline\\u{1b}[31m.bmp", "not-utf8-\\xff.bmp", hostile[5],
                 "one-high.bmp", "dot.bmp"}
        tab = Tab(self.browser, world.report(), height=1600)
        assert set(tab.cards()) == shown, tab.cards()
        assert tab.run("document.querySelectorAll('.card .escaped').length") == 2
        assert tab.run("document.querySelectorAll('#which:not([hidden])').length") == 0
        self.keep(tab, "names", full=True)
        assert not tab.complaints(), tab.complaints()
        tab.close()
        for number in range(130):
            world.write(f"bad/{number:03}.bmp", good[:200])
        page = world.report(code=1)
        for name, width, dark in [("desk", 1280, False), ("phone-dark", 390, True)]:
            tab = Tab(self.browser, page, width=width, dark=dark)
            assert "failed" in tab.run("document.title")
            assert tab.count() == len(world.records) == 138
            assert tab.run("document.querySelectorAll('.failures li').length") == 100
            assert "30 more" in tab.run("document.querySelector('.failures').textContent")
            assert tab.run("document.querySelectorAll('main img:not(.frame img)').length") == 0
            assert shown <= set(tab.rows())
            assert tab.run("document.querySelectorAll('.row .escaped').length") == 2
            assert tab.run("document.documentElement.scrollWidth <= innerWidth"), name
            self.keep(tab, f"failures-{name}")
            low = tab.run(CONTRASTS)
            assert not low, f"{name}: low contrast: {low}"
            for which, count in [("failed", 130), ("done", 8), ("all", 138)]:
                tab.run(f"document.querySelector('[name=which][value={which}]').click()")
                assert tab.count() == count, which
            # What failed has neither size nor mean, and stays below what has.
            for _ in range(2):
                tab.sort("mean")
                assert all(not row.startswith("bad/") for row in tab.rows()[:8])
            tab.search("ends after 200")
            assert tab.count() == 130
            assert not tab.complaints(), tab.complaints()
            tab.close()
        world.remove()

    def check_ten_thousand(self) -> None:
        """All rows are there, and sorting and searching them is quick."""
        world = self.world()
        chosen = random.Random(7)
        kinds = [bitmap(w, h, colour) for w, h, colour in
                 [(8, 5, (250, 40, 40)), (9, 4, (40, 250, 40)), (30, 11, (240, 240, 250)),
                  (3, 3, (20, 20, 30)), (12, 16, (140, 100, 180))]]
        for number in range(10_000):
            world.write(f"img_{number}.bmp", chosen.choice(kinds))
        world.write("img_77.bmp", b"BM")
        page = world.report("*.bmp", code=1)
        records = world.records
        tab = Tab(self.browser, page)
        assert tab.count() == len(records) == 10_000
        assert tab.run("document.getElementById('count').textContent") == "10,000 files"
        assert 20 <= len(tab.cards()) <= 200
        assert tab.rows()[:50] == [record["input"] for record in records[:50]]
        # A list of so many rows has few elements at a time, and the last one when it is wanted.
        assert tab.run("document.querySelectorAll('.row').length") < 400
        tab.run("scrollTo(0, document.documentElement.scrollHeight)")
        tab.wait(f"document.querySelector('.row[data-row=\"9999\"] .name')?.textContent === "
                 f"{json.dumps(records[-1]['input'])}")
        last = "document.querySelector('.row[data-row=\"9999\"]').getBoundingClientRect()"
        tab.wait(f"{last}.bottom <= innerHeight && {last}.top > 0")
        tab.run("scrollTo(0, 0)")

        done = [record for record in records if "mean" in record]
        number = lambda record: int(record["input"][4:-4])
        by = {
            "name": sorted(records, key=number),
            "mean": sorted(done, key=lambda record: record["mean"]),
            "size": sorted(done, key=lambda record: record["width"] * record["height"]),
        }
        for sort, expected in by.items():
            tab.sort(sort)
            assert tab.count() == 10_000
            assert tab.rows()[:50] == [record["input"] for record in expected[:50]], sort
            shown = set(tab.cards())
            order = [record["input"] for record in expected if record["input"] in shown]
            assert tab.cards() == order, f"cards by {sort}"
            tab.sort(sort)
            descending = tab.rows()[0]
            value = {"name": number, "mean": lambda r: r["mean"],
                     "size": lambda r: r["width"] * r["height"]}[sort]
            first = next(record for record in records if record["input"] == descending)
            assert value(first) == value(expected[-1]), f"{sort}, descending"
            marked = tab.run("document.querySelector(`#head [data-sort=" + sort +
                             "]`).getAttribute('aria-sort')")
            assert marked == "descending"
        tab.run("(() => { const s = document.getElementById('sort'); s.value = 'order';"
                " s.dispatchEvent(new Event('change')); })()")
        tab.run("document.getElementById('direction').click()")
        assert tab.rows()[:3] == [record["input"] for record in records[:3]]

        for words in ["99", "IMG_12", "img 7.b", "img_77.bmp", "nothing like it", "file ends"]:
            tab.search(words)
            expected = [r["input"] for r in records
                        if all(word in (r["input"] + " " + r.get("error", "")).lower()
                               for word in words.lower().split())]
            assert tab.count() == len(expected), words
            assert tab.rows()[:50] == expected[:50], words
            visible = tab.run("getComputedStyle(document.getElementById('no-rows')).display")
            assert (visible != "none") == (not expected)
        tab.search("")
        assert tab.count() == 10_000

        # A bar of the histogram chooses its pictures, by the keyboard too.
        assert tab.run("document.querySelectorAll('.bar[tabindex=\"0\"]').length") == 1
        tab.run("document.querySelector('.bar').focus()")
        tab.key("ArrowRight")
        assert tab.run("document.activeElement === document.querySelectorAll('.bar')[1]")
        label = tab.run("document.activeElement.getAttribute('aria-label')")
        tab.key("Enter", "\r")
        assert tab.count() == int(label.split()[0].replace(",", "")), label
        tab.run("document.getElementById('bar').click()")
        assert tab.count() == 10_000
        tab.run("document.activeElement.blur()")
        tab.key("/", "/")
        assert tab.run("document.activeElement.id") == "search"

        # The best of three: this machine may be busy.
        times = tab.run("""(async () => {
            const best = async (work) => {
                let least = Infinity;
                for (let round = 0; round < 3; round += 1) {
                    const begun = performance.now();
                    work(round);
                    await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
                    least = Math.min(least, performance.now() - begun);
                }
                return Math.round(least);
            };
            const search = document.getElementById('search');
            return {
                sort: await best(() => document.querySelector('[data-sort=mean] button').click()),
                search: await best((round) => {
                    search.value = 'img_' + round;
                    search.dispatchEvent(new Event('input', { bubbles: true }));
                }),
            };
        })()""")
        print(f"  10,000 rows: sorted in {times['sort']} ms, searched in {times['search']} ms")
        assert max(times.values()) < 1000, times
        self.keep(tab, "ten-thousand")
        assert not tab.complaints(), tab.complaints()
        tab.close()
        world.remove()

    def check_nothing(self) -> None:
        """A run over nothing says so, and offers no tools."""
        world = self.world()
        tab = Tab(self.browser, world.report(code=1))
        assert tab.run("document.querySelector('h1').textContent") == "0 files rotated"
        assert tab.run("document.getElementById('results').hidden")
        assert "matches no file" in tab.run("document.querySelector('.notice').textContent")
        self.keep(tab, "nothing")
        assert not tab.complaints(), tab.complaints()
        tab.close()
        world.remove()


# Texts whose contrast with what is behind them is below 4.5 : 1 (WCAG 2, level AA).
CONTRASTS = """(() => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const parsed = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
        return [red, green, blue, alpha / 255];
    };
    const light = ([red, green, blue]) => [red, green, blue]
        .map((value) => value / 255)
        .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
        .reduce((sum, value, at) => sum + value * [0.2126, 0.7152, 0.0722][at], 0);
    const over = (front, back) => front.slice(0, 3)
        .map((value, at) => value * front[3] + back[at] * (1 - front[3]));
    const behind = (element) => {
        const layers = [];
        for (let at = element; at; at = at.parentElement) {
            layers.push(parsed(getComputedStyle(at).backgroundColor));
        }
        return layers.reverse().reduce((back, layer) => over(layer, back), [255, 255, 255]);
    };
    const low = new Set();
    for (const element of document.querySelectorAll('body *')) {
        const own = [...element.childNodes].some((node) =>
            node.nodeType === Node.TEXT_NODE && node.data.trim());
        if (!own || !element.checkVisibility() || element.closest('.unseen, svg')) continue;
        const style = getComputedStyle(element);
        const back = behind(element);
        const front = parsed(style.color);
        front[3] *= Number(style.opacity);
        const [one, other] = [light(over(front, back)), light(back)].sort((a, b) => b - a);
        const ratio = (one + 0.05) / (other + 0.05);
        if (ratio < 4.5) low.add(element.className + ' ' + ratio.toFixed(2));
    }
    return [...low].join(', ');
})()"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rot90", default=ROOT / "target/release/rot90", type=Path)
    parser.add_argument("--chromium", default=None)
    parser.add_argument("--screenshots", type=Path)
    arguments = parser.parse_args()
    chromium = arguments.chromium or shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        print("skipped: there is no Chromium here")
        return 0
    if arguments.screenshots:
        arguments.screenshots.mkdir(parents=True, exist_ok=True)
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="chromium", ignore_cleanup_errors=True) as folder:
        browser = Browser(chromium, Path(folder))
        try:
            checks = Checks(browser, str(arguments.rot90.resolve()), arguments.screenshots)
            for name in [name for name in dir(checks) if name.startswith("check_")]:
                try:
                    getattr(checks, name)()
                    passed += 1
                    print(f"{name}: ok")
                except Exception:
                    failed += 1
                    print(f"{name}: FAILED")
                    traceback.print_exc()
        finally:
            browser.close()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
