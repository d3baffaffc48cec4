import os
import shutil

import pytest


@pytest.fixture(scope="session")
def chromium():
    """Debian's Chromium, as Playwright drives it; skips where there is none."""
    path = os.environ.get("ISTHMUS_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright: pip install playwright")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
