import json
import shutil
import subprocess
from importlib.resources import files

import numpy as np
import pytest

PAGE = files("isthmus.explorer") / "page"
RUN_IN_NODE = """
const { program, inputs } = JSON.parse(await new Promise((resolve) => {
  let text = ""; process.stdin.on("data", (part) => (text += part)).on("end", () => resolve(text));
}));
const network = new Network(program);
console.log(JSON.stringify(inputs.map((values) =>
  Object.fromEntries(Object.entries(network.run(values)).map(([name, found]) => [name, Array.from(found)])))));
"""
RUN_IN_CHROMIUM = """
async ({ source, program, inputs }) => {
  const { Network } = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  const network = new Network(program);
  return inputs.map((values) =>
    Object.fromEntries(Object.entries(network.run(values)).map(([name, found]) => [name, Array.from(found)])));
}
"""


@pytest.fixture(scope="session")
def chromium():
    """A headless Chromium of this machine; without one, what needs it is skipped."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("there is no Chromium on this machine")
    with playwright.sync_playwright() as player:
        browser = player.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


def in_node(program, inputs):
    source = (PAGE / "network.js").read_text(encoding="utf-8")
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", source + RUN_IN_NODE],
        input=json.dumps({"program": program, "inputs": inputs}), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="session", params=["node", "chromium"])
def run_program(request):
    """Run a program on inputs `(n, ...)`, in each engine that is there; outputs by name, `(n, numbers)`."""
    if request.param == "node":
        if shutil.which("node") is None:
            pytest.skip("there is no Node on this machine")
        engine = in_node
    else:
        page = request.getfixturevalue("chromium").new_page()
        source = (PAGE / "network.js").read_text(encoding="utf-8")

        def engine(program, inputs):
            return page.evaluate(RUN_IN_CHROMIUM, {"source": source, "program": program, "inputs": inputs})

    def run(program, inputs, precision="float32"):
        rows = np.asarray(inputs, np.float64).reshape(len(inputs), -1).tolist()
        found = engine(program.to_json(precision), rows)
        return {name: np.array([one[name] for one in found]) for name in program.outputs}

    return run
