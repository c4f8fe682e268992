"""A person with a browser: signs in, looks from all rules to a row, dry-runs, applies, undoes, and looks again.

Reads what to visit as JSON from stdin, and prints what was seen. Ends with an assertion where
something is not as it should be.
"""

import json
import sys
from pathlib import Path
from urllib.parse import urlparse

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
VIEWS = [
    (scheme, width, size)
    for scheme in ("light", "dark")
    for width, size in (("wide", WIDE), ("phone", PHONE))
]
# The levels A and AA of WCAG, and what else the engine knows to be good practice.
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


class Visit:
    """One person's browser, which notes what should not happen."""

    def __init__(self, browser: Browser, asked: dict):
        self.address = asked["address"]
        self.pictures = Path(asked["pictures"])
        self.turn = asked["turn"]
        self.pages = 0
        self.context: BrowserContext = browser.new_context(viewport=WIDE, reduced_motion="reduce")
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.hosts: set[str] = set()
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("requestfailed", lambda request: self.complaints.append(request.url))
        self.page.on("request", self.note_host)

    def note_host(self, request) -> None:
        url = urlparse(request.url)
        if url.scheme != "data":
            self.hosts.add(url.netloc)

    def go(self, path: str) -> None:
        self.page.goto(f"http://{self.address}{path}")

    def looks_good(self, name: str) -> None:
        """Every width and colour scheme, or the one whose turn it is: pictures for a person, the engine's
        rules, no sideways scrolling."""
        self.pages += 1
        views = VIEWS if self.turn is None else [VIEWS[(self.turn + self.pages) % len(VIEWS)]]
        for scheme, width, size in views:
            self.page.emulate_media(color_scheme=scheme)
            self.page.set_viewport_size(size)
            picture = self.pictures / f"{name}-{width}-{scheme}.png"
            self.page.screenshot(path=picture, full_page=True)
            scroll = self.page.evaluate("document.documentElement.scrollWidth")
            assert scroll <= size["width"], f"{name} is {scroll} px wide at {size['width']} px"
            if width == "wide":
                cut = self.page.evaluate(CUT_OFF)
                assert not cut, f"{name}: cut off at {size['width']} px: {cut}"
            found = Axe().run(self.page, options=RULES)
            assert not found.response["violations"], f"{picture}\n{found.generate_report()}"
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size(WIDE)

    def tab_to(self, name: str) -> None:
        """Presses Tab until what has the focus is called this; it shows that it has the focus."""
        called = []
        for _ in range(80):
            self.page.keyboard.press("Tab")
            called.append(self.page.evaluate(CALLED))
            if called[-1] == name:
                outline = self.page.evaluate(OUTLINE)
                assert outline != "none", f"{name} does not show that it has the focus"
                return
        raise AssertionError(f"Tab does not lead to {name!r}, but to {called}")

    def ends_quietly(self) -> None:
        assert not self.complaints, self.complaints
        assert self.hosts == {self.address}, self.hosts
        self.context.close()


CALLED = """() => {
  const it = document.activeElement;
  const label = it.labels && it.labels.length ? it.labels[0].textContent : null;
  return (label || it.getAttribute('aria-label') || it.textContent).trim().replace(/\\s+/g, ' ');
}"""
# Tables that are wider than their place, which a person would have to scroll sideways.
CUT_OFF = """() => [...document.querySelectorAll('.scroll')]
  .filter(it => it.scrollWidth > it.clientWidth)
  .map(it => `${it.getAttribute('aria-label')}: ${it.scrollWidth} of ${it.clientWidth}`)"""
OUTLINE = "() => getComputedStyle(document.activeElement).outlineStyle"


def sign_in(visit: Visit, key: str) -> None:
    """By keyboard alone."""
    visit.tab_to("Key")
    visit.page.keyboard.type(key)
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_url(lambda url: "/sign-in" not in url)


def equal(found, wanted) -> None:
    assert found == wanted, f"{found} is not {wanted}"


def bars(visit: Visit, rule: str, kind: str) -> int:
    """How many dates of a rule's picture have a bar of this kind."""
    picture = visit.page.locator(f"section:has(> .heading h2:text-is('{rule}')) svg.bars")
    # Where bars are links, they are not hidden in a picture.
    wanted = "group" if picture.locator("a").count() else "img"
    expect(picture).to_have_attribute("role", wanted)
    return picture.locator(f".{kind}").count()


def row(visit: Visit, table: str, first: str) -> list[str]:
    """The cells of a table's row, by its caption and its first cell."""
    rows = visit.page.get_by_role("table", name=table).get_by_role("row")
    cells = rows.filter(has=visit.page.get_by_role("rowheader", name=first, exact=True))
    return cells.get_by_role("cell").all_inner_texts()


MAIN = "player_prop_predictions"
FIGURES = f"Figures of {MAIN} per date"


RANGE = "?from=2026-01-20&to=2026-01-29"


def applies(visit: Visit, key: str) -> str:
    """Signs in, looks, dry-runs, applies and looks again; the address of the run."""
    page = visit.page
    visit.go("/")
    expect(page).to_have_title("Sign in · onerow")
    visit.looks_good("sign-in")
    sign_in(visit, key)

    rules = page.get_by_role("table", name="1 to 2 of 2 rules")
    expect(rules.get_by_role("rowheader")).to_have_count(2)
    expect(rules).to_contain_text("dirty")
    visit.looks_good("overview")
    visit.tab_to("by_line")
    visit.tab_to(MAIN)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/rules/{MAIN}")
    visit.go(f"/rules/{MAIN}{RANGE}")
    equal(bars(visit, MAIN, "dirty"), 8)
    equal(bars(visit, MAIN, "cleaned"), 0)
    assert row(visit, FIGURES, "total")[2] == "7,865", row(visit, FIGURES, "total")
    visit.looks_good("rule")

    visit.tab_to("2026-01-28")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/rules/{MAIN}/dates/2026-01-28")
    expect(page.get_by_role("main")).to_contain_text("776 duplicates of ")
    listed = page.get_by_role("table", name="Duplicates by key, 776 rows, page 1 of 16")
    expect(listed.get_by_role("row")).to_have_count(51)
    visit.looks_good("date")
    visit.tab_to("Next page")
    page.keyboard.press("Enter")
    expect(page.get_by_role("table", name="Duplicates by key, 776 rows, page 2 of 16")).to_be_visible()
    visit.go(f"/rules/{MAIN}{RANGE}")
    bar = page.locator("svg.bars a").first
    assert bar.get_attribute("href") == f"/rules/{MAIN}/dates/2026-01-20", "a bar leads to its date"

    visit.tab_to(f"Dry run of {MAIN}")
    page.keyboard.press("Enter")
    page.wait_for_url("**/plan?*")
    expect(page.get_by_role("main")).to_contain_text("7,865")
    visit.looks_good("dry-run")

    button = page.get_by_role("button", name="Apply")
    button.click()
    assert "/plan?" in page.url, "without the confirmation nothing is sent"
    run = confirms(visit, button)

    steps = page.locator("li.statement h3 .step").all_inner_texts()
    removals = [f"{i}. {'record' if i % 2 == 0 else 'deactivate'}" for i in range(2, 18)]
    assert steps == ["1. detect"] + removals + ["18. verify"]
    timeline = page.get_by_role("region", name="Timeline of run")
    expect(timeline.locator("tbody tr")).to_have_count(18)
    visit.tab_to("SQL, parameters, job of statement 3, deactivate of 2026-01-20")
    page.keyboard.press("Enter")
    sql = page.get_by_role("region", name="SQL of statement 3 of")
    expect(sql).to_contain_text("UPDATE `nba_predictions.player_prop_predictions`")
    assert sql.locator("span").count() > 10, "the SQL is highlighted"
    visit.looks_good("run")

    visit.go(f"/rules/{MAIN}{RANGE}")
    equal(bars(visit, MAIN, "dirty"), 0)
    equal(bars(visit, MAIN, "cleaned"), 8)
    total = row(visit, FIGURES, "total")
    assert total[:3] == ["1,876", "1,876", "0"], total
    return run


def confirms(visit: Visit, button) -> str:
    """Ticks the box and presses the button, by keyboard alone; the address of the run, which has ended."""
    page = visit.page
    page.get_by_role("link", name="onerow").focus()
    visit.tab_to(page.locator("label[for=confirm]").inner_text())
    page.keyboard.press("Space")
    visit.tab_to(button.inner_text())
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/runs/" in url and not url.endswith("/undo"))
    run = urlparse(page.url).path
    while page.locator("meta[http-equiv=refresh]").count():
        page.wait_for_timeout(200)
        visit.go(run)
    return run


def undoes(visit: Visit, run: str) -> None:
    """Looks at what would come back, brings it back, and looks at the last days."""
    page = visit.page
    visit.go(run)
    visit.tab_to("What an undo would bring back")
    page.keyboard.press("Enter")
    page.wait_for_url("**/undo")
    expect(page.get_by_role("main")).to_contain_text("An undo would bring back 7,865 rows on 8 dates.")
    visit.looks_good("undo")
    confirms(visit, page.get_by_role("button", name="Undo"))
    expect(page.get_by_role("main")).to_contain_text("It restored rows that another run had removed.")
    visit.go(f"/rules/{MAIN}{RANGE}")
    equal(bars(visit, MAIN, "dirty"), 8)
    visit.go("/history")
    expect(page.get_by_role("table", name="Figures by day")).to_contain_text("7,865")
    visit.looks_good("history")
    visit.ends_quietly()


def sees_many(visit: Visit, key: str, name: str, told: str) -> None:
    """All rules of a project, counted."""
    visit.go("/?sort=name")
    sign_in(visit, key)
    for _ in range(300):
        if visit.page.get_by_text("Show the new counts").count() == 0:
            break
        visit.page.wait_for_timeout(200)
        visit.go("/?sort=name")
    expect(visit.page.get_by_role("main")).to_contain_text(told)
    visit.looks_good(name)
    visit.ends_quietly()


def reads(visit: Visit, key: str, run: str) -> None:
    """Opens a run by its address, as somebody whom it was sent to, and cannot apply."""
    visit.go(run)
    sign_in(visit, key)
    assert urlparse(visit.page.url).path == run
    visit.go("/plan?rule=by_line&from=2026-01-28&to=2026-01-28")
    assert visit.page.get_by_role("button", name="Apply").count() == 0
    visit.page.get_by_role("button", name="Sign out").click()
    expect(visit.page).to_have_title("Sign in · onerow")
    visit.ends_quietly()


def is_refused(visit: Visit) -> None:
    """A wrong key is told so, and the page stays usable."""
    visit.go("/")
    visit.tab_to("Key")
    visit.page.keyboard.type("a-key-that-nobody-knows")
    visit.page.keyboard.press("Enter")
    expect(visit.page.get_by_role("alert")).to_contain_text("does not know this key")
    visit.looks_good("refused")


def opens_the_file(visit: Visit, file: str) -> None:
    """The page as one file asks nobody for anything."""
    visit.page.goto(Path(file).as_uri())
    equal(bars(visit, MAIN, "dirty"), 8)
    visit.looks_good("file")
    assert not visit.complaints, visit.complaints
    assert visit.hosts == {""}, visit.hosts


def main() -> None:
    asked = json.load(sys.stdin)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=asked["browser"], args=ARGUMENTS)
        visit = Visit(browser, asked)
        run = applies(visit, asked["apply"])
        undoes(visit, run)
        services = [
            ("one", "Status of predictions"),
            ("fifty", "1 to 50 of 50 rules"),
            ("thousands", "1 to 50 of 2,000 rules"),
        ]
        turn = asked["turn"]
        for name, told in services if turn is None else [services[turn % len(services)]]:
            of_name = {**asked, "address": asked[name]}
            sees_many(Visit(browser, of_name), asked["read"], name, told)
        reads(Visit(browser, asked), asked["read"], run)
        is_refused(Visit(browser, asked))
        opens_the_file(Visit(browser, asked), asked["file"])
        browser.close()


main()
