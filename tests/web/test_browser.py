"""The pages in a browser: both languages, phone and desktop, axe; an upload, points assumed, an expert's opinion."""

import os
from collections.abc import Iterator

import pytest
from tests.web.conftest import CHROMIUM
from tests.web.seeded import PASSWORD, Seeded
from tests.web.test_pages import CAMRY
from tests.web.test_uploads import camry_zip

playwright = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium")

SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
GRAVE = ("serious", "critical")


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with playwright.sync_playwright() as started:
        options = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        opened = started.chromium.launch(executable_path=str(CHROMIUM), args=options)
        yield opened
        opened.close()


class Tab:
    """A page of a browser that keeps what its console says."""

    def __init__(self, browser, site: str, size: str, *, policy: bool = True) -> None:
        width, height = SIZES[size]
        self.context = browser.new_context(viewport={"width": width, "height": height}, bypass_csp=not policy)
        self.page = self.context.new_page()
        self.site, self.said = site, []
        self.page.on(
            "console",
            lambda message: self.said.append(message.text) if message.type in ("error", "warning") else None,
        )
        self.page.on("pageerror", lambda error: self.said.append(str(error)))

    def go(self, path: str) -> None:
        self.page.goto(self.site + path)

    def sign_in(self, login: str) -> None:
        self.go("/en/sign-in")
        self.page.fill("[name=login]", login)
        self.page.fill("[name=password]", PASSWORD)
        self.page.click("main button")
        self.page.wait_for_url("**/account")

    def grave(self) -> list[tuple[str, str]]:
        found = axe.Axe().run(self.page).response["violations"]
        return [(one["id"], one["nodes"][0]["html"][:200]) for one in found if one["impact"] in GRAVE]

    def widest(self) -> str:
        return self.page.evaluate(
            "[...document.querySelectorAll('main *')].filter(e => !e.closest('.scroll')"
            " && e.getBoundingClientRect().right > innerWidth).map(e => e.outerHTML.slice(0, 150)).slice(0, 3).join()"
        )

    def sideways(self) -> int:
        return self.page.evaluate("document.documentElement.scrollWidth - innerWidth")


@pytest.mark.parametrize(("language", "size"), [("zh", "desktop"), ("en", "phone")])
def test_pages_are_usable(browser, site, seeded: Seeded, language, size):
    # axe is a script put into the page, which the policy of the site forbids: this browser does not mind it
    tab = Tab(browser, site, size, policy=False)
    paths = [
        "/",
        "/cars",
        f"/cars/{CAMRY}",
        f"/cars/{CAMRY}/{seeded.published}",
        f"/cars/{CAMRY}/{seeded.published}/drawings",
    ]
    paths += [
        f"/cars/{CAMRY}/{seeded.published}/provenance",
        f"/compare?car={CAMRY}",
        "/protocols",
        "/protocols/us-ncap-2011",
    ]
    paths += ["/crosswalk?p=us-ncap-2011&topic=head", "/how-we-test", "/api", "/sign-in"]
    for path in paths:
        tab.go(f"/{language}{path}")
        assert tab.grave() == [], path
        assert tab.sideways() <= 0, (path, tab.widest())
    tab.sign_in("secretary")
    for path in ("", "/reviews", f"/reviews/{seeded.review}", "/proposals", "/panel", "/batches", "/audit"):
        tab.go(f"/{language}/office{path}")
        assert tab.grave() == [], path
        assert tab.sideways() <= 0, (path, tab.widest())
    tab.context.close()


@pytest.mark.parametrize(("language", "size"), [("en", "desktop"), ("zh", "phone")])
def test_an_engineer_uploads_and_assumes(browser, site, language, size):
    tab = Tab(browser, site, size)
    tab.sign_in("engineer-a")
    tab.go(f"/{language}/workspace")
    content = camry_zip("")
    files = [{"name": "car.zip", "mimeType": "application/zip", "buffer": content}]
    tab.page.set_input_files("[name=files]", files)
    # the connection breaks once: the transfer goes on where it was
    broken = []

    def break_once(route) -> None:
        if broken:
            route.continue_()
        else:
            broken.append(route.request.url)
            route.abort()

    tab.page.route("**/chunks/0?offset=1048576", break_once)
    tab.page.click("#upload button:not([type=button])")
    tab.page.wait_for_selector("[data-protocol=us-ncap-2011]", timeout=30_000)
    assert broken
    tab.said.clear()  # the browser says that the connection broke
    tab.page.click("[data-protocol=us-ncap-2011] a")
    tab.page.wait_for_selector("#assumptions")
    assert "★★★★★" in tab.page.inner_text("#result .outcome")
    tab.page.fill("[name='a:frontal/driver']", "0.5")
    tab.page.wait_for_selector("#result .verdict.open")
    assert "★★★★★" not in tab.page.inner_text("#result .outcome")
    tab.page.click("button[type=reset]")
    tab.page.wait_for_selector("#result .verdict:not(.open)")
    assert "★★★★★" in tab.page.inner_text("#result .outcome")
    tab.page.fill("#find", "frontal/driver/neck")
    assert (
        tab.page.locator("#assumptions > li:visible").count()
        < tab.page.locator("#assumptions > li").count() / 3
    )
    assert tab.said == []
    assert tab.sideways() <= 0
    tab.context.close()


def test_search_as_one_types_and_the_other_language(browser, site):
    tab = Tab(browser, site, "phone")
    tab.go("/en/cars")
    tab.page.fill("[name=q]", "camry")
    playwright.expect(tab.page.locator("#found h2")).to_have_count(1)
    tab.page.wait_for_url("**/cars?q=camry*")
    tab.page.click("header ul.aside a[lang=zh-Hans]")
    tab.page.wait_for_url("**/zh/cars?q=camry*")
    assert tab.page.locator("#found h2").count() == 1
    tab.go("/en/crosswalk?p=us-ncap-2011&topic=head")
    tab.page.fill("[name=topic]", "neck")
    tab.page.press("[name=topic]", "Enter")
    tab.page.wait_for_url("**topic=neck*")
    playwright.expect(tab.page.locator("tr[data-item*=nij]").first).to_be_visible()
    assert tab.said == []
    tab.context.close()


def test_with_the_keyboard_alone(browser, site):
    tab = Tab(browser, site, "desktop")
    tab.go("/en/")
    tab.page.keyboard.press("Tab")
    assert tab.page.evaluate("document.activeElement.className") == "skip"
    tab.page.keyboard.press("Enter")
    assert tab.page.url.endswith("#content")
    for _ in range(20):
        tab.page.keyboard.press("Tab")
        if tab.page.evaluate("document.activeElement.name") == "q":
            break
    tab.page.keyboard.type("camry")
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url("**/cars?q=camry")
    tab.context.close()


def test_an_expert_reviews_and_the_secretary_concludes(browser, site, seeded: Seeded):
    with seeded.office.reading() as session:
        from carindex.office.review.assigning import reviewers

        people = {key: login for login, key in seeded.people.items()}
        assigned = [people[one.person] for one in reviewers(session, seeded.review)]
    for number, login in enumerate(assigned):
        tab = Tab(browser, site, "desktop")
        tab.sign_in(login)
        tab.go("/en/office")
        tab.page.click("text=Example car E in review")
        if number == 0:
            tab.page.click("[id='node-frontal/driver'] summary")
            tab.page.fill("[id='node-frontal/driver'] textarea", "Which variant was it?")
            tab.page.click("[id='node-frontal/driver'] button")
            tab.page.wait_for_selector("[id='node-frontal/driver'] .thread")
        assert "Which variant was it?" in tab.page.inner_text("[id='node-frontal/driver']")
        tab.page.check("[name=verdict][value=approve]")
        tab.page.click("aside form button:text('Give opinion')")
        tab.page.wait_for_load_state()
        assert tab.said == []
        tab.context.close()
    tab = Tab(browser, site, "desktop")
    tab.sign_in("secretary")
    tab.go(f"/en/office/reviews/{seeded.review}")
    tab.page.click("button[value=approve]")
    tab.page.wait_for_selector("p.note:has-text('approved')")
    tab.go("/en/office/audit")
    text = tab.page.inner_text("main")
    assert "The audit log is whole" in text
    assert "review.approved" in text
    assert "review.commented" in text
    tab.context.close()
