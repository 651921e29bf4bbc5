"""The page in a real headless Chromium: keyboard, search, colours, and no word to the network."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement

from projects import LEAK, ROOT, make_project, rescope

SAMPLE = ROOT / "fixtures_samples" / "session_management"
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1000,900",
)
HOSTILE = "</script><img src=x onerror=window.pwned=1><svg onload=window.pwned=1>"


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[WebDriver]:
    """A Chromium of its own, which reports what it logs and what it requests."""
    options = Options()
    options.binary_location = shutil.which("chromium")
    for option in (*OPTIONS, f"--user-data-dir={tmp_path / 'chromium'}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    yield driver
    driver.quit()


@pytest.fixture
def page(browser: WebDriver, tmp_path: Path) -> WebDriver:
    """The page of the sample project, opened from the disk."""
    target = tmp_path / "page.html"
    assert rescope(SAMPLE, "check", "--output-format", "html", "--output-file", str(target)).returncode == 1
    browser.get(target.as_uri())
    return browser


def focused(browser: WebDriver) -> WebElement:
    return browser.switch_to.active_element


def name_of(element: WebElement) -> str:
    return (element.get_attribute("aria-label") or element.text).partition(",")[0]


def press(browser: WebDriver, *keys: str) -> None:
    for key in keys:
        focused(browser).send_keys(key)


def tab_to(browser: WebDriver, class_name: str) -> WebElement:
    """The first element of a class that the Tab key reaches."""
    for _ in range(60):
        press(browser, Keys.TAB)
        if class_name in (focused(browser).get_attribute("class") or "").split():
            return focused(browser)
    raise AssertionError(f"Tab reaches no {class_name}")


def colour(browser: WebDriver) -> str:
    return browser.execute_script("return getComputedStyle(document.body).backgroundColor")


def emulate(browser: WebDriver, scheme: str) -> None:
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})


def requested(browser: WebDriver) -> list[str]:
    """The addresses that the page asked for; the browser's own first tab asks for others."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    requests = [m["params"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    return [r["request"]["url"] for r in requests if r["documentURL"] == browser.current_url]


def test_no_error_and_no_request(page: WebDriver) -> None:
    """The console stays empty and the file itself is all that is loaded."""
    page.find_element(By.ID, "theme").click()
    page.find_element(By.ID, "search").send_keys("client")

    assert page.get_log("browser") == []
    assert requested(page) == [page.current_url]


def test_search(page: WebDriver) -> None:
    """The search leaves what holds the words, says how much that is, and Escape brings all back."""
    search = page.find_element(By.ID, "search")
    search.send_keys("CACHE_INSTANCE")
    findings = {f.get_attribute("id"): f.is_displayed() for f in page.find_elements(By.CLASS_NAME, "finding")}
    boxes = [name_of(n) for n in page.find_elements(By.CSS_SELECTOR, ".node:not(.missed)")]
    status = page.find_element(By.ID, "status").text

    assert findings == {"RSC201-_cache_instance": True, "RSC101-client": False}
    assert boxes == ["_cache_instance"]
    assert status.startswith("1 of 2 findings, 1 of ")
    search.send_keys(Keys.ESCAPE)
    assert page.find_element(By.ID, "RSC101-client").is_displayed()


def test_keyboard(page: WebDriver) -> None:
    """Tab enters the graph once, arrows go from box to box, Enter opens the evidence, and a link leads back."""
    assert tab_to(page, "skip").text == "Skip to the findings"
    first = name_of(tab_to(page, "node"))
    for _ in range(3):
        press(page, Keys.ARROW_DOWN)
    reached = name_of(focused(page))
    traced = page.find_elements(By.CSS_SELECTOR, ".arrow.near")
    press(page, Keys.HOME)
    assert name_of(focused(page)) == first
    assert len(page.find_elements(By.CSS_SELECTOR, '.node[tabindex="0"]')) == 1
    assert reached != first
    assert traced

    while not focused(page).get_attribute("aria-label").startswith("client, leaks"):
        press(page, Keys.ARROW_DOWN)
    press(page, Keys.ENTER)
    assert focused(page).get_attribute("id") == "RSC101-client"
    tab_to(page, "jump")
    press(page, Keys.ENTER)
    assert name_of(focused(page)) == "client"


def test_evidence_hidden_by_the_search_is_shown(page: WebDriver) -> None:
    """A link into what the search hides shows it, and what is folded opens."""
    page.find_element(By.ID, "search").send_keys("cache_instance")
    page.execute_script("location.hash = '#RSC101-client'")

    assert page.find_element(By.ID, "RSC101-client").is_displayed()
    assert page.find_element(By.ID, "search").get_attribute("value") == ""


def test_zoom(page: WebDriver) -> None:
    """The buttons make the drawing larger, smaller, and as wide as its frame."""
    drawing, canvas = page.find_element(By.ID, "drawing"), page.find_element(By.ID, "canvas")
    before = drawing.size["width"]
    page.find_element(By.ID, "zoom-in").click()
    larger = drawing.size["width"]
    page.find_element(By.ID, "zoom-fit").click()

    assert larger > before
    assert drawing.size["width"] <= canvas.size["width"]


@pytest.mark.parametrize("width", [400, 1000])
def test_nothing_sticks_out(page: WebDriver, width: int) -> None:
    """On a narrow and on a wide screen the page does not scroll sideways, and no text leaves its box."""
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False})
    outside = """
        return [...document.querySelectorAll('.node text')].filter((text) => {
            const box = text.parentNode.querySelector('.body').getBBox(), own = text.getBBox();
            return own.x < box.x || own.x + own.width > box.x + box.width;
        }).map((text) => text.textContent);
    """

    assert page.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    assert page.execute_script(outside) == []


def test_light_and_dark(page: WebDriver) -> None:
    """The page follows the system until the button says otherwise."""
    emulate(page, "light")
    light = colour(page)
    emulate(page, "dark")
    dark = colour(page)
    button = page.find_element(By.ID, "theme")
    assert (light, button.text) == ("rgb(255, 255, 255)", "Light colours")
    assert dark != light
    button.click()
    assert (colour(page), button.text) == (light, "Dark colours")


CONTRASTS = """
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const channels = (colour) => {
        canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = (colour) => {
        const linear = (v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
        const [r, g, b] = channels(colour).map((v) => linear(v / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element) => {
        const body = element.closest('svg') && element.parentNode.querySelector('.body, .stripe');
        if (body) return getComputedStyle(body).fill;
        for (let at = element; at; at = at.parentElement) {
            const colour = getComputedStyle(at).backgroundColor;
            if (channels(colour)[3] === 255) return colour;
        }
        return 'white';
    };
    return [...document.querySelectorAll('body *')].filter((element) => {
        return [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) && element.getClientRects().length
            && element.tagName !== 'title';
    }).map((element) => {
        const style = getComputedStyle(element);
        const [one, two] = [light(element.closest('svg') ? style.fill : style.color), light(behind(element))];
        const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
        return [ratio, element.tagName, element.getAttribute('class'), element.textContent];
    });
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(page: WebDriver, scheme: str) -> None:
    """Every text stands out from what is behind it by 4.5 to 1, as WCAG asks for AA."""
    emulate(page, scheme)
    measured = page.execute_script(CONTRASTS)

    assert len(measured) > 100
    assert [each for each in measured if each[0] < 4.5] == []


def test_hostile_text_and_foreign_scripts_do_nothing(browser: WebDriver, tmp_path: Path) -> None:
    """Text of the project stays text, and the policy stops a script that is put in later."""
    root = make_project(tmp_path / "project", LEAK.replace('["user"] = "ada"', f'["{HOSTILE}"] = "ada"'))
    (tmp_path / "page.html").write_text(rescope(root, "check", "--output-format", "html").stdout)
    browser.get((tmp_path / "page.html").as_uri())
    assert HOSTILE in browser.find_element(By.ID, "RSC101-client").text
    assert browser.get_log("browser") == []

    browser.execute_script("const s = document.createElement('script'); s.textContent = 'window.pwned = 1'; document.body.append(s)")
    browser.execute_script("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=window.pwned=1>')")
    assert browser.execute_script("return window.pwned") is None
    assert "Content Security Policy" in browser.get_log("browser")[0]["message"]
