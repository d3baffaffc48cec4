import json
import shutil
import subprocess

import numpy as np
import pytest

from isthmus.explorer.bundling import bundle

RUN = """
const { Network } = $network;
const network = new Network(given.program);
return given.inputs.map((values) =>
  Object.fromEntries(Object.entries(network.run(values)).map(([name, found]) => [name, Array.from(found)])));
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


def in_node(source, given):
    """What a function's body returns of a value, `given`."""
    program = f"""
let text = "";
process.stdin.on("data", (part) => (text += part)).on("end", async () => {{
  const found = await (async (given) => {{ {source} }})(JSON.parse(text));
  console.log(JSON.stringify(found));
}});
"""
    done = subprocess.run(
        ["node", "--eval", program], input=json.dumps(given), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="session", params=["node", "chromium"])
def run_program(request):
    """Run a program on inputs `(n, ...)`, in each engine that is there; outputs by name, `(n, numbers)`."""
    source = bundle("network") + RUN
    if request.param == "node":
        if shutil.which("node") is None:
            pytest.skip("there is no Node on this machine")
        engine = in_node
    else:
        page = request.getfixturevalue("chromium").new_page()

        def engine(source, given):
            return page.evaluate(f"async (given) => {{ {source} }}", given)

    def run(program, inputs, precision="float32"):
        rows = np.asarray(inputs, np.float64).reshape(len(inputs), -1).tolist()
        found = engine(source, {"program": program.to_json(precision), "inputs": rows})
        return {name: np.array([one[name] for one in found]) for name in program.outputs}

    return run
