"""The explorer in a real browser, on a page that was mailed alone."""

import csv
import io
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.report import explorer_sample as sample

BROWSER = os.environ.get("NUMDIFF_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
if not Path(BROWSER).exists():
    pytest.skip(f"no browser at {BROWSER}; name one in NUMDIFF_CHROMIUM", allow_module_level=True)
sync_api = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=BROWSER, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """Return the page in a folder of its own: nothing else of the report is there."""
    made, alone = tmp_path_factory.mktemp("made"), tmp_path_factory.mktemp("alone") / "mailed.html"
    sample.write(made / "report")
    shutil.copy(made / "report" / "report.html", alone)
    return alone.as_uri()


@pytest.fixture
def opened(browser, url):
    """Return a function that opens the page; after the test nothing was asked for, and nothing was complained of."""
    pages, asked, said = [], [], []

    def goto(hash="", width=1280, dark=False, script=True):
        scheme = "dark" if dark else "light"
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script
        )
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(url + hash)
        pages.append(page)
        return page

    yield goto
    for page in pages:
        page.context.close()
    assert [address for address in asked if address.split("#")[0] != url and not address.startswith("blob:")] == []
    assert said == []


@pytest.fixture(scope="module")
def records():
    found = sample.measured().records
    return found[found["grid"].isin(["generic", "dyadic"])]


def chosen(records, **wanted):
    for column, value in wanted.items():
        records = records[records[column] == value]
    return records.sort_values("k")


def choices(page):
    return {name: page.locator(f"#explorer select[name={name}]").input_value() for name in CHOICES}


CHOICES = ("function", "formula", "format", "part", "grid")
RUN = {"problem": "composition", "method": "centered", "format": "float64", "grid": "generic"}
ONE = "#explorer?function=composition&formula=centered&format=float64"


def ledger(page):
    rows = page.locator(".x-ledger tr").all()
    return {
        row.locator("th").evaluate("node => node.firstChild.data").rstrip("†"): row.locator("td").inner_text()
        for row in rows
    }


def number(text):
    """Return the number that a text of the page means."""
    mantissa, _, power = text.replace("−", "-").partition("·10")
    return float(mantissa) * 10.0 ** int(power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")) or 0)


def settled_hash(page):
    page.wait_for_timeout(500)
    return page.evaluate("location.hash")


def test_every_choice_can_be_made_and_changes_the_plot(opened):
    page = opened()
    curves = page.locator(".x-curve")
    assert curves.count() == len({name for by in sample.data_of(sample.made().end)["steps"].values() for name in by})
    seen = {page.locator(".x-plot").inner_html()}
    for name, value, drawn in (
        ("function", "kostyrka_line", 5),
        ("formula", "forward", 5),
        ("part", "roundoff", 5),
        ("grid", "dyadic", 5),
        ("format", "float32", 1),
        ("part", "all", 6),
        ("formula", "all", 2),
    ):
        page.locator(f"#explorer select[name={name}]").select_option(value)
        assert choices(page)[name] == value
        assert curves.count() == drawn
        seen.add(page.locator(".x-plot").inner_html())
    assert len(seen) == 8


def test_only_one_dimension_shows_all_and_the_last_one_wins(opened):
    page = opened()
    page.locator("select[name=part]").select_option("all")
    assert choices(page) | {"function": "", "grid": ""} == {
        "function": "", "formula": "centered", "format": "float64", "part": "all", "grid": "",
    }  # fmt: skip
    page.locator("select[name=format]").select_option("all")
    assert choices(page)["part"] == "total"


def test_table_has_the_numbers_of_the_records_and_its_rows_add_up(opened, records):
    page = opened(ONE + "&detail=1")
    rows = page.locator(".x-table tbody tr").all()
    run = chosen(records, **RUN)
    assert len(rows) == len(run)
    checked = 0
    for row, cell in zip(rows, run.itertuples(), strict=True):
        texts = row.locator("td").all_inner_texts()
        assert row.locator("th").inner_text().startswith("1.2357·2")
        if cell.status != "ok":
            assert texts[0] == texts[2] == cell.status
            continue
        total, truncation, roundoff, *parts = map(number, texts[:6])
        exact = (cell.total, cell.truncation, cell.roundoff, cell.abscissa, cell.evaluation, cell.combination)
        assert [total, truncation, roundoff, *parts] == pytest.approx(exact, rel=5.1e-4, abs=0)
        for whole, pieces in ((total, (truncation, roundoff)), (roundoff, parts)):
            assert abs(whole - sum(pieces)) <= sum(abs(value) for value in (whole, *pieces)) * 5.1e-4
        assert number(texts[-1]) >= cell.a_priori_bound
        checked += 1
    assert checked > 40


def test_table_of_the_script_is_that_of_the_page_without_it(opened):
    with_script, without = opened(ONE), opened(script=False)
    assert without.locator(".x-static").is_visible()
    assert not without.locator("form, .x-stage, .x-actions").filter(visible=True).count()
    assert not with_script.locator(".x-static").count()
    for part in ("thead th", "tbody th", "tbody td"):
        texts = [page.locator(f".x-table {part}").all_inner_texts() for page in (with_script, without)]
        assert texts[0] == texts[1]
        assert texts[0]


def test_several_formats_stand_side_by_side(opened, records):
    page = opened("#explorer?function=composition&part=truncation&format=all&grid=dyadic")
    heads = page.locator(".x-table thead th").all_inner_texts()
    rows = page.locator(".x-table tbody tr").all()
    for name in heads[1:]:
        run = chosen(records, problem="composition", method="centered", format=name, grid="dyadic")
        for row, exact in zip(rows, run["truncation"], strict=False):
            text = row.locator("td").nth(heads.index(name) - 1).inner_text()
            assert number(text) == pytest.approx(exact, rel=5.1e-4, abs=0)


def test_arrow_keys_move_the_step_and_the_curve_and_the_ledger_says_the_record(opened, records):
    page = opened("#explorer?function=composition&at=float64.10")
    plot = page.locator(".x-plot")
    plot.focus()
    plot.press("ArrowLeft")
    cell = chosen(records, **RUN).iloc[10]
    told = ledger(page)
    assert page.locator(".x-ledger caption").inner_text() == "float64, centered, h = 1.2357·2⁻¹¹"
    assert told["exactly"] == cell["step"]
    assert float(told["computed"].replace("−", "-")) == cell["computed_value"]
    for name in ("truncation", "abscissa", "evaluation", "combination", "total", "roundoff"):
        assert number(told[name]) == pytest.approx(cell[name], rel=5.1e-4, abs=0)
    assert cell["a_priori_bound"] <= number(told["bound"]) <= 1.01 * cell["a_priori_bound"]
    assert float(told["correct digits"]) == pytest.approx(-np.log10(cell["relative_error"]), abs=0.051)
    assert told["status"] == "ok"
    spoken = page.locator(".x-spoken").inner_text()
    assert "float64, h = 1.2357·2⁻¹¹" in spoken
    assert f"total {told['total']}" in spoken
    plot.press("ArrowRight")
    plot.press("ArrowDown")
    assert page.locator(".x-ledger caption").inner_text().startswith("float80, centered, h = 1.2357·2⁻¹⁰")
    plot.press("ArrowUp")
    plot.press("ArrowUp")
    plot.press("End")
    assert page.locator(".x-ledger caption").inner_text() == "float32, centered, h = 1.2357·2⁻¹"
    plot.press("ArrowRight")
    assert page.locator(".x-ledger caption").inner_text() == "float32, centered, h = 1.2357·2⁻¹"
    plot.press("Home")
    assert ledger(page)["status"] == "absorbed"


def test_pointer_finds_the_cell_below_it(opened, records):
    page = opened(ONE)
    page.locator(".x-plot").scroll_into_view_if_needed()
    best = page.locator(".x-curve .x-best").bounding_box()
    left = page.locator(".x-plot svg").bounding_box()
    page.mouse.move(left["x"] + 60, left["y"] + 200)
    before = ledger(page)
    page.mouse.move(best["x"] + best["width"] / 2, best["y"] + best["height"] / 2)
    told = ledger(page)
    assert told != before
    run = chosen(records, **RUN)
    usable = run[(run["status"] == "ok") & (run["failures"] == 0)]
    assert told["exactly"] == usable.loc[usable["rms_error"].idxmin(), "step"]
    assert page.locator(".x-ledger").get_by_text("the best step found").is_visible()


def test_curves_can_be_switched_off_and_on_again(opened):
    page = opened()
    box = page.locator(".x-legend input[value=float16]")
    assert page.locator(".x-curve[data-series=float16]").count() == 1
    box.uncheck()
    assert page.locator(".x-curve[data-series=float16]").count() == 0
    assert "float16" not in [t.strip() for t in page.locator(".x-table thead th").all_inner_texts()]
    box.check()
    assert page.locator(".x-curve[data-series=float16]").count() == 1
    for name, drawn in (("bound", ".x-curve .x-bound"), ("predicted", ".x-predicted"), ("best", ".x-curve .x-best")):
        assert page.locator(drawn).count() == 5
        page.locator(f".x-legend input[value={name}]").uncheck()
        assert page.locator(drawn).count() == 0
    for line in page.locator(".x-curves input").all():
        line.uncheck()
    assert page.locator(".x-ledger").inner_text() == "No curve is shown."


def test_exact_zeros_stand_on_the_floor_and_failures_at_the_top_with_their_word(opened, records):
    page = opened("#explorer?function=nash_log_near_zero&formula=centered&format=float32&grid=dyadic")
    run = chosen(records, problem="nash_log_near_zero", method="centered", format="float32", grid="dyadic")
    note = page.locator(".x-plot text", has_text="×").text_content()
    for word, count in run.loc[run["status"] != "ok", "status"].value_counts().items():
        assert f"{count} {word}" in note
    # A cross is two strokes.
    assert page.locator(".x-failed").get_attribute("d").count("M") == 2 * int((run["status"] != "ok").sum())
    parts = opened("#explorer?function=nash_log_near_zero&formula=centered&format=float32&part=all&grid=dyadic")
    assert parts.locator(".x-plot text", has_text="×").text_content() == note
    line = opened("#explorer?function=kostyrka_line&format=float64&grid=dyadic")
    zeros = chosen(records, problem="kostyrka_line", method="centered", format="float64", grid="dyadic")
    expected = int(((zeros["total"] == 0) & (zeros["status"] == "ok")).sum())
    assert line.locator(".x-zero").get_attribute("d").count("M") == expected > 0
    assert line.get_by_text("exact 0", exact=True).is_visible()


def test_prediction_whose_assumption_fails_is_not_drawn_and_its_reason_is_told(opened):
    page = opened("#explorer?function=kostyrka_line")
    assert page.locator(".x-predicted").count() == 0
    assert "none: leading derivative = 0" in page.locator(".x-reason").inner_text()


def test_link_brings_the_view_back(opened):
    page = opened()
    page.locator("select[name=function]").select_option("nash_log_near_zero")
    page.locator("select[name=formula]").select_option("forward")
    page.locator("select[name=grid]").select_option("dyadic")
    page.locator(".x-legend input[value=float16]").uncheck()
    page.locator(".x-legend input[value=bound]").uncheck()
    page.locator(".x-plot").press("ArrowLeft")
    address = settled_hash(page)
    again = opened(address)
    assert choices(again) == choices(page)
    for part in (".x-plot", ".x-ledger", ".x-table"):
        seen, kept = (one.locator(part).inner_html().replace(' class=""', "") for one in (again, page))
        assert seen == kept
    assert again.evaluate("document.getElementById('explorer').getBoundingClientRect().top < 50")


def test_link_within_the_page_is_followed_and_other_places_are_left_alone(opened):
    page = opened("#one")
    assert page.evaluate("location.hash") == "#one"
    page.evaluate("location.hash = '#explorer?function=kostyrka_line&format=float32&part=roundoff'")
    page.wait_for_timeout(100)
    assert choices(page)["function"] == "kostyrka_line"
    assert choices(page)["part"] == "roundoff"
    page.evaluate("location.hash = '#one'")
    page.wait_for_timeout(100)
    assert choices(page)["function"] == "kostyrka_line"


@pytest.mark.parametrize(
    "hash", ["#explorer?", "#explorer?function=none&part=x&format=&at=y.z&off=...", "#explorer?at=float64.99999"]
)
def test_address_with_anything_in_it_gives_a_view(opened, hash):
    page = opened(hash)
    assert choices(page) == dict(zip(CHOICES, ("composition", "centered", "all", "total", "generic"), strict=True))
    assert len(ledger(page)) == 13


def test_address_with_two_dimensions_of_all_is_settled(opened):
    page = opened("#explorer?format=all&part=all&formula=all")
    assert [value for value in choices(page).values()].count("all") == 1


def test_copied_link_is_shown_too(opened):
    page = opened(ONE)
    page.get_by_role("button", name="Copy the link").click()
    shown = page.locator("input[name=url]").input_value()
    assert shown.startswith("file:")
    assert "#explorer?function=composition&formula=centered&format=float64&part=total&grid=generic" in shown


def test_csv_has_what_is_shown_with_the_numbers_of_the_records(opened, records):
    page = opened("#explorer?function=nash_log_near_zero&formula=all&format=float80&grid=generic")
    with page.expect_download() as download:
        page.get_by_role("button", name="as CSV").click()
    assert download.value.suggested_filename == "nash_log_near_zero-all-float80-generic.csv"
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
    shown = records[(records["problem"] == "nash_log_near_zero") & (records["format"] == "float80")]
    assert len(rows) == len(shown[shown["grid"] == "generic"])
    for row in rows:
        (cell,) = shown[
            (shown["method"] == row["formula"]) & (shown["grid"] == row["grid"]) & (shown["k"] == int(row["k"]))
        ].itertuples()
        assert row["h_exact"] == cell.step
        assert float(row["h"]) == cell.step_value
        assert row["exact_derivative"] == cell.reference_text
        assert float(row["x"]) == cell.x_value
        assert sample.same([float(row["computed"])], [cell.computed_value])
        assert row["status"] == cell.status
        for name in ("total", "truncation", "roundoff", "abscissa", "evaluation", "combination"):
            assert float(row[name]) == pytest.approx(getattr(cell, name), rel=1e-5, abs=0, nan_ok=True)
        assert float(row["a_priori_bound"]) == pytest.approx(cell.a_priori_bound, rel=3e-4)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_axe_finds_nothing_and_nothing_is_clipped(opened, width, dark):
    page = opened("#explorer?function=composition&part=all&off=roundoff", width=width, dark=dark)
    page.get_by_role("button", name="Copy the link").click()
    found = axe.Axe().run(page, context="#explorer")
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    clipped = page.evaluate(
        """[...document.querySelectorAll('#explorer *:not(option, optgroup)')].filter((node) => {
          const box = node.getBoundingClientRect();
          const hidden = !box.width || node.closest('.x-scroll, .x-spoken, legend');
          return !hidden && (box.right > innerWidth + 0.5 || box.left < -0.5);
        }).map((node) => node.outerHTML.slice(0, 80))"""
    )
    assert clipped == []
    page.evaluate("location.hash = '#explorer?function=shi_flat&format=float64'")
    page.wait_for_timeout(100)
    assert len(ledger(page)["computed"]) == len("−0.0006707001862711773")
    assert page.evaluate("(([box]) => box.scrollWidth <= box.clientWidth)(document.querySelectorAll('.x-ledger'))")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_without_the_script(browser, url, dark):
    # axe itself is a script: the page runs it, but none of its own.
    context = browser.new_context(color_scheme="dark" if dark else "light")
    page = context.new_page()
    text = Path(url.removeprefix("file://")).read_text(encoding="utf-8")
    page.set_content(re.sub(r"<script>.*?</script>", "", text, flags=re.S))
    found = axe.Axe().run(page, context="#explorer")
    assert found.violations_count == 0, found.generate_report()
    context.close()


def test_plot_follows_the_width_of_the_page(opened):
    page = opened(width=1280)
    wide = page.locator(".x-plot svg").bounding_box()["width"]
    page.set_viewport_size({"width": 400, "height": 900})
    page.wait_for_timeout(200)
    assert page.locator(".x-plot svg").bounding_box()["width"] <= 400 < wide
    assert page.locator(".x-spot").count() == 1
