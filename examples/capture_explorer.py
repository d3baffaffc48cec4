"""Take screenshots of the explorer for the documentation: in light and dark theme, and on a phone.

    isthmus train mnist --recipe conv-vae-fast --epochs 3 --out runs/mnist
    python examples/capture_explorer.py runs/mnist docs/figures

Needs Playwright and Chromium: pip install playwright, apt-get install chromium.
"""

import argparse
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WIDE, PHONE = (1360, 860), (390, 844)
SCREENSHOTS = {
    "explorer-light": ("light", WIDE, "dimensions", "points"),
    "explorer-dark": ("dark", WIDE, "interpolation", "both"),
    "explorer-phone": ("light", PHONE, "dimensions", "points"),
}
"""Theme, window size, tool and content of the map, by name of the file."""


@contextmanager
def exploring(run: Path, data: str | None) -> Iterator[str]:
    """Serve the explorer within the context; yields its address."""
    command = [sys.executable, "-m", "isthmus", "explore", str(run), "--no-browser", "--port", "0"]
    command += ["--data", data] if data else []
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r"http://\S+", line)
        try:
            if found is None:
                raise SystemExit(line + process.stderr.read())
            yield found[0]
        finally:
            process.send_signal(signal.SIGINT)


def settled(page: "Page") -> None:
    """Wait until all points are loaded and animations have ended."""
    page.wait_for_selector("#unusual:not([hidden])", timeout=120_000)
    page.wait_for_timeout(2500)


def capture(browser: "Browser", address: str, name: str, out: Path) -> Path:
    """Take one screenshot; returns its path."""
    theme, (width, height), tool, layers = SCREENSHOTS[name]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(address)
    settled(page)
    page.click(f"#tab-{tool}")
    page.locator(f"input[value={layers}]").check()
    page.evaluate("() => scrollTo(0, 0)")
    stage = page.locator("#stage").bounding_box()
    assert stage is not None
    page.mouse.click(stage["x"] + 0.62 * stage["width"], stage["y"] + 0.68 * stage["height"])
    page.mouse.move(2, 2)
    settled(page)
    path = out / f"{name}.png"
    page.screenshot(path=path)
    context.close()
    return path


def main() -> None:
    """Read the command line and take the screenshots."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", help="images, if not the run's own test images")
    parser.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("google-chrome"))
    asked = parser.parse_args()
    from playwright.sync_api import sync_playwright

    asked.out.mkdir(parents=True, exist_ok=True)
    with exploring(asked.run, asked.data) as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=asked.chromium, args=["--no-sandbox"])
        for name in SCREENSHOTS:
            print(capture(browser, address, name, asked.out))
        browser.close()


if __name__ == "__main__":
    main()
