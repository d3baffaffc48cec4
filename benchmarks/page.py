"""Measure the time to decode an image in an exported page, in the browser and without a server.

    isthmus explore RUN --export page.html
    python benchmarks/page.py page.html

Opens the file in Chromium (`--chromium` is its path, by default `chromium`) and times the page's network: one code, as
for a slider, and 324, as for the manifold. Prints the median of many calls. The first calls are not counted, since a
browser compiles what it runs often.
"""

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

TIME = """
async ({ repeats, count }) => {
  const model = new $local_model.LocalModel(JSON.parse(document.getElementById("run").textContent));
  const { latentDim } = await model.describe();
  const times = [];
  for (let i = 0; i < repeats + 3; i++) {
    const codes = Float32Array.from({ length: count * latentDim }, () => 2 * Math.random() - 1);
    const began = performance.now();
    await model.decode(codes, count);
    times.push(performance.now() - began);
  }
  return times.slice(3).sort((a, b) => a - b)[repeats >> 1];
}
"""
OPENED = """() => performance.getEntriesByType("navigation")[0].domComplete"""


def main() -> None:
    """Read the command line, and time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=Path)
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    asked = parser.parse_args()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=asked.chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(asked.page.resolve().as_uri())
        page.wait_for_selector("html[data-ready]")
        page.wait_for_timeout(3000)  # what the page decodes for itself is not to be measured with it
        print(
            f"{asked.page.name}: {asked.page.stat().st_size / 2**20:.2f} MiB, opened in {page.evaluate(OPENED):.0f} ms"
        )
        print(f"one image: {page.evaluate(TIME, {'repeats': 101, 'count': 1}):.2f} ms")
        many = page.evaluate(TIME, {"repeats": 5, "count": 324})
        print(f"324 images: {many:.0f} ms, {many / 324:.2f} ms each")
        browser.close()


if __name__ == "__main__":
    main()
