"""A browser of this machine, and the pages that it is shown: the committed report and a small one."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("NUMDIFF_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
"""The browser: Debian's, or what the variable names."""
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="session")
def chromium() -> Iterator:
    """Return a headless Chromium."""
    if not Path(PROGRAM).is_file():
        pytest.skip(f"no browser at {PROGRAM}: apt-get install chromium, or name one by NUMDIFF_CHROMIUM")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def pages(tmp_path_factory) -> dict[str, Path]:
    """Return the pages by name, each alone in its folder, as if it had been mailed."""
    from tests.report import sample_report

    folder = tmp_path_factory.mktemp("pages")
    sample_report.write(folder / "whole", (sample_report.Lesson(),))
    found = {"small": folder / "whole" / "report.html"}
    # NUMDIFF_REPORT names another page than the committed one: one that was just built.
    found["report"] = Path(os.environ.get("NUMDIFF_REPORT") or ROOT / "results" / "report.html")
    for name, path in found.items():
        (folder / name).mkdir()
        found[name] = Path(shutil.copy(path, folder / name / "report.html"))
    return found


@pytest.fixture
def shown(chromium, pages):
    """Return a function that opens a page: by its name, the width of the screen, the colour scheme, an anchor."""
    contexts = []

    def open_page(name, width=1280, scheme="light", anchor="", script=True, **options):
        context = chromium.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,
            reduced_motion="reduce",
            java_script_enabled=script,
            **options,
        )
        contexts.append(context)
        page = context.new_page()
        page.goto(pages[name].as_uri() + anchor)
        return page

    yield open_page
    for context in contexts:
        context.close()
