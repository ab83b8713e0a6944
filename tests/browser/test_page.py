"""The page in a browser: readable by everyone, nothing clipped, nothing fetched, no dead link, printable."""

import re

import pytest

WIDTHS = (360, 768, 1280)
PAGES = ("small", "report")
MOST_STOPS, MOST_SHEETS = 60, 30
_SCROLLERS = ".scroll, .plot, pre, .formula, #contents, nav.contents"
_CLIPPED = """([width, scrollers]) => {
  const faults = [];
  for (const element of document.querySelectorAll("body *")) {
    if (!element.checkVisibility({contentVisibilityAuto: true, visibilityProperty: true})) continue;
    if (element.closest("caption, .skip, svg *") || element.closest("math *")) continue;
    const name = `${element.tagName} ${element.id || element.className} "${element.textContent.trim().slice(0, 40)}"`;
    const box = element.getBoundingClientRect();
    const held = element.parentElement.closest(scrollers);
    const outside = box.width && (box.right > width + 1 || box.left < -1);
    if (!held && outside) faults.push(`${name}: ${box.left} to ${box.right}`);
    const style = getComputedStyle(element);
    const cut = ["hidden", "clip"].includes(style.overflowX) && element.scrollWidth > element.clientWidth + 1;
    // What only readers of the screen get is clipped to nothing on purpose.
    if (!cut || style.clipPath !== "none" || element.closest("svg")) continue;
    faults.push(`${name}: ${element.scrollWidth} in ${element.clientWidth}`);
  }
  return faults;
}"""


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_no_barrier(shown, name, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    results = Axe().run(shown(name, width, scheme))
    assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_barrier_when_everything_is_open(shown, name):
    from axe_playwright_python.sync_playwright import Axe

    page = shown(name)
    page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    page.wait_for_timeout(200)
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_clipped_on_the_screen(shown, name, width):
    page = shown(name, width)
    page.evaluate("document.querySelectorAll('main details').forEach((fold) => { fold.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(_CLIPPED, [width, _SCROLLERS]) == []


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_clipped_on_paper(shown, name):
    width = round((210 - 2 * 14) / 25.4 * 96)  # between the margins of A4
    page = shown(name, width)
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # No box scrolls on paper.
    assert page.evaluate(_CLIPPED, [width, "nothing-scrolls"]) == []


@pytest.mark.parametrize("name", PAGES)
def test_print_takes_at_most_thirty_sheets(shown, name):
    page = shown(name)
    sheets = len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True)))
    assert 1 <= sheets <= MOST_SHEETS


@pytest.mark.parametrize("name", PAGES)
def test_page_asks_nobody_for_anything(chromium, pages, name):
    context = chromium.new_context()
    page, asked, said = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    address = pages[name].as_uri()
    page.goto(address)
    page.wait_for_timeout(300)
    assert [url for url in asked if not url.startswith("data:")] == [address]
    assert said == []
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_no_link_is_dead_when_the_page_is_mailed_alone(shown, name):
    dead = """() => [...document.querySelectorAll("a[href]")].map((link) => link.getAttribute("href")).filter((href) =>
      !(href.startsWith("#") ? document.getElementById(href.slice(1)) : /^(data:text\\/csv|https?:)/.test(href)))"""
    page = shown(name)
    assert page.evaluate(dead) == []
    words = page.evaluate('[...document.querySelectorAll("main a[href]")].map((link) => link.textContent.trim())')
    assert "" not in words
    assert not {"CSV", "SVG", "here", "#"} & set(words)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [360, 1280])
def test_keyboard_reaches_the_appendix_soon(shown, name, width):
    page = shown(name, width)
    page.wait_for_timeout(200)  # until the script knows what scrolls
    there = "document.activeElement.closest('#appendix, #provenance') !== null"
    stops = 0
    while stops <= MOST_STOPS and not page.evaluate(there):
        page.keyboard.press("Tab")
        stops += 1
    # The last one is in the appendix.
    assert stops - 1 <= MOST_STOPS
    assert page.evaluate(there)


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("name", PAGES)
def test_closed_fold_opens_when_it_is_linked_to(shown, name, script):
    find = 'main details .inside [id^="table-"]'
    page = shown(name, script=script)
    target = page.locator(find).first
    anchor = target.get_attribute("id")
    assert not target.is_visible()
    opened = shown(name, anchor=f"#{anchor}", script=script).locator(f"#{anchor}")
    opened.wait_for(state="visible", timeout=5000)
    # And by a click, from the list of all figures and tables.
    page.locator("details.within > summary").click()
    page.locator(f'.within a[href="#{anchor}"]').click()
    target.wait_for(state="visible", timeout=5000)
    assert page.evaluate(f"document.getElementById('{anchor}').getBoundingClientRect().top < innerHeight") or not script


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", WIDTHS)
def test_boxes_that_scroll_say_so_and_only_they_are_stops_of_the_keyboard(shown, name, width):
    page = shown(name, width)
    page.wait_for_timeout(300)
    boxes = page.evaluate("""() => [...document.querySelectorAll("main .scroll, main .plot")]
      .filter((box) => box.checkVisibility({contentVisibilityAuto: true}))
      .map((box) => [box, box.previousElementSibling])
      .map(([box, cue]) => [box.getAttribute("aria-label"), box.tabIndex === 0,
        box.scrollWidth > box.clientWidth + 1, box.scrollHeight > box.clientHeight + 1,
        cue?.classList.contains("cue") ? cue.checkVisibility() : null])""")
    assert boxes
    for label, stop, sideways, down, cue in boxes:
        assert stop == (sideways or down), label
        assert cue in (None, sideways), label


@pytest.mark.parametrize("name", PAGES)
def test_no_cell_is_undefined(shown, name):
    assert not re.search(r"\b(undefined|NaN|null)\b", shown(name).locator("main").inner_text())


@pytest.mark.parametrize("name", PAGES)
def test_page_is_complete_without_its_script(shown, name):
    page = shown(name, script=False)
    assert page.locator("nav.contents ol a").first.is_visible()
    for place in ("opening", "reading", "step_sweep", "appendix", "provenance"):
        assert page.locator(f"#{place}").is_visible(), place


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_first_screen_asks_and_advises(shown, width, scheme):
    page = shown("report", width, scheme)
    for part in ("h1", ".lead", ".advice li:first-child"):
        box = page.locator(part).first.bounding_box()
        assert box["y"] + box["height"] <= 800, part
    assert page.locator(".advice li").count() == 5


def test_first_screen_of_a_desktop_holds_the_whole_picture_and_the_table(shown):
    page = shown("report", 1280)
    for part in (".hero .narrow.drawing", ".opening .tableblock table"):
        box = page.locator(part).bounding_box()
        assert box["y"] + box["height"] <= 800, part
    assert not page.locator(".hero .wide.drawing").is_visible()


@pytest.mark.parametrize("name", PAGES)
def test_nobody_reads_an_identifier(shown, name):
    """But in code, in names of functions of libraries, and where identifiers are what a table lists."""
    page = shown(name)
    page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    found = page.evaluate("""() => {
      const listing = "code, pre, [id$=-problems], [id$=-record]";
      const lists = [...document.querySelectorAll("#table-overview-problems, #table-overview-record")]
        .map((heading) => heading.closest(".tableblock"));
      return [...document.querySelectorAll("main :is(p, li, th, td, figcaption, option, dt, dd)")]
        .filter((element) => !element.closest(listing) && !lists.some((list) => list.contains(element)))
        .filter((element) => !element.closest("#provenance") && !element.querySelector("p, li, td"))
        .map((element) => [...element.childNodes].filter((node) => node.nodeName !== "CODE")
          .map((node) => node.textContent).join(" "));
    }""")
    from tests.experiments.sentences import IDENTIFIERS

    assert [text for text in found if IDENTIFIERS.search(text)] == []


def test_report_is_light():
    from tests.browser.conftest import ROOT

    assert (ROOT / "results" / "report.html").stat().st_size < 5e6
