"""The page of a listening test in a real browser: it plays, switches, asks, hides and hands out."""

import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

import mixtrace
from mixtrace.listening import Rating, read_ratings

RATE_HZ = 44_100
SECONDS = 3.0
SYSTEMS = ("our system", "<script>alert(1)</script>", 'with "quotes", a comma')
TEST = "window.mixtraceListeningTest"


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of a song in noise, with three systems that are other noises."""
    folder = tmp_path_factory.mktemp("test")
    rng = np.random.default_rng(0)
    swell = 0.5 + 0.5 * np.sin(np.linspace(0.0, 9.0, round(SECONDS * RATE_HZ)))[:, None]
    versions = []
    for number, name in enumerate(("the mix", *SYSTEMS)):
        file = folder / f"{number}.wav"
        soundfile.write(file, 0.1 * swell * rng.standard_normal((len(swell), 2)), RATE_HZ)
        versions.append(f"{name}={file}")
    test = mixtrace.listening_test(
        versions[1:], folder / "OUT", reference=folder / "0.wav", length_s=SECONDS, start_s=0.0
    )
    return test.page


@pytest.fixture
def page(browser: Browser, page_file: Path) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1000, "height": 900})
    visited = context.new_page()
    problems: list[str] = []
    asked: list[str] = []
    visited.on("console", lambda message: problems.append(message.text))
    visited.on("pageerror", lambda error: problems.append(str(error)))
    visited.on("request", lambda request: asked.append(request.url))
    visited.goto(page_file.as_uri())
    yield visited
    assert problems == []
    assert all(url.startswith(("file:", "data:", "blob:")) for url in asked)
    context.close()


def wait(page: Page, condition: str) -> None:
    """Wait until the test is in a state; the page's policy lets a browser wait for no text."""
    ends = time.monotonic() + 20.0
    while not page.evaluate(f"{TEST}.{condition}"):
        assert time.monotonic() < ends, f"never came: {condition}"
        page.wait_for_timeout(20)


def start(page: Page, listener: str = "Listener 1") -> None:
    page.get_by_label("Your name or number").fill(listener)
    page.get_by_role("button", name="Start").click()
    wait(page, "player?.current === 'reference'")


def rated(page: Page, ratings: Mapping[str, int]) -> None:
    """Play all versions and rate each as its letter says."""
    for letter, rating in ratings.items():
        page.get_by_role("button", name=f"Play {letter}", exact=True).click()
        page.get_by_label(f"Rating of {letter}").fill(str(rating))


def levels(page: Page, name: str) -> float:
    return page.evaluate(f"{TEST}.player.sounds.get('{name}').gain.gain.value")


def test_a_listener_hears_rates_and_downloads(page: Page, tmp_path: Path):
    start(page)
    ratings = dict(zip("ABCDEF", (91, 20, 35, 60, 75, 100), strict=True))
    rated(page, ratings)
    page.get_by_role("button", name="Finish").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download the ratings").click()
    assert waiting.value.suggested_filename == "ratings Listener 1.csv"
    waiting.value.save_as(tmp_path / "one.csv")
    found = read_ratings([tmp_path / "one.csv"])
    assert len({rating.test for rating in found}) == 1
    assert all((rating.listener, rating.song) == ("Listener 1", "0") for rating in found)
    assert [rating.position for rating in found] == [1, 2, 3, 4, 5, 6]
    assert [rating.rating for rating in found] == list(ratings.values())
    expected = {"reference", "low anchor", "mid anchor", *SYSTEMS}
    assert {rating.system for rating in found} == expected
    assert {rating.role for rating in found if rating.system in SYSTEMS} == {"system"}
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT[\d:.]+Z", found[0].time)


def order_of(browser: Browser, file: Path, listener: str) -> list[str]:
    """Return the systems in the order in which a listener has them, by their audio blocks."""
    page = browser.new_page()
    page.goto(file.as_uri())
    start(page, listener)
    rated(page, dict.fromkeys("ABCDEF", 50))
    rated(page, dict.fromkeys("ABCDEF", 51))
    page.get_by_role("button", name="Finish").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download the ratings").click()
    ratings: tuple[Rating, ...] = read_ratings([Path(waiting.value.path())])
    page.close()
    return [rating.system for rating in ratings]


def test_the_order_is_each_listeners_own(browser: Browser, page_file: Path):
    first, again, other = (order_of(browser, page_file, name) for name in ("1", "1", "2"))
    assert first == again != other
    assert sorted(first) == sorted(other)


def test_nothing_tells_what_is_what(page: Page):
    start(page)
    text = page.content()
    for secret in (*SYSTEMS, "low anchor", "mid anchor", "our system"):
        assert secret not in text
    assert page.evaluate("document.querySelectorAll('script[id^=a0]').length") == 6


def test_switching_keeps_the_position_and_never_mixes_two(page: Page):
    start(page)
    page.keyboard.press("Space")
    wait(page, "player.position > 0.2")
    before = page.evaluate(f"[{TEST}.player.position, {TEST}.player.context.currentTime]")
    page.keyboard.press("2")
    after = page.evaluate(f"[{TEST}.player.position, {TEST}.player.context.currentTime]")
    # The same clock tells both; the position is read a moment before it.
    moved = after[0] - before[0] - (after[1] - before[1])
    assert abs(moved) < 0.02 or abs(abs(moved) - SECONDS) < 0.02
    page.wait_for_timeout(200)
    assert levels(page, "reference") == pytest.approx(0.0, abs=1e-6)
    assert levels(page, "B") == pytest.approx(1.0, abs=1e-6)
    wait(page, "player.level > 0.001")
    for key in "345r1":  # faster than fades are long
        page.keyboard.press(key)
    page.wait_for_timeout(300)
    names = page.evaluate(f"[...{TEST}.player.sounds.keys()]")
    assert [name for name in names if levels(page, name) > 0.5] == ["A"]


def test_a_part_can_be_repeated(page: Page):
    start(page)
    page.evaluate(f"{TEST}.player.resting = 1.0")
    page.get_by_role("button", name="Repeat from here").click()
    page.evaluate(f"{TEST}.player.resting = 1.1")
    page.keyboard.press("]")
    # Half a second is the shortest that may be repeated.
    assert page.evaluate(f"{TEST}.player.loop") == pytest.approx([1.0, 1.5])
    page.keyboard.press("Space")
    page.wait_for_timeout(300)  # the first pass begins
    for _ in range(10):
        page.wait_for_timeout(120)
        # A pass is scheduled 30 ms ahead of its sound.
        assert 0.99 <= page.evaluate(f"{TEST}.player.position") <= 1.5
    page.keyboard.press("Escape")
    loop = page.evaluate(f"{TEST}.player.loop")
    assert loop == pytest.approx([0.0, SECONDS], abs=0.01)
    assert page.get_by_text("The whole excerpt repeats.").is_visible()


def test_nobody_goes_on_before_all_is_heard_and_rated(page: Page):
    page.get_by_role("button", name="Start").click()
    assert page.get_by_text("Expected your name or number").is_visible()
    start(page)
    rated(page, dict.fromkeys("ABC", 40))
    page.get_by_label("Rating of D").fill("40")
    page.get_by_role("button", name="Finish").click()
    said = page.get_by_role("status").inner_text()
    assert "not rated: E, F" in said and "A" not in said.split("not rated:")[1]
    assert page.get_by_role("button", name="Download").count() == 0


def test_a_slider_brings_its_version_by_keyboard(page: Page):
    start(page)
    page.get_by_label("Rating of C").focus()
    assert page.evaluate(f"{TEST}.player.current") == "C"
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert page.evaluate(f"{TEST}.ratings.get('C')") == 53
    slider = page.get_by_label("Rating of C")
    assert slider.get_attribute("aria-valuetext") == "53, fair"
    page.keyboard.press("5")  # a slider leaves the digits to the test
    assert page.evaluate(f"{TEST}.player.current") == "E"


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(browser: Browser, page_file: Path, width: int, scheme: Any):
    """axe-core finds nothing, before the test and in it; and nothing sticks out of a phone."""
    # The checker is a script, which the page's policy would not let run.
    context = browser.new_context(
        viewport={"width": width, "height": 844}, color_scheme=scheme, bypass_csp=True
    )
    page = context.new_page()
    page.goto(page_file.as_uri())
    for step in ("welcome", "test"):
        if step == "test":
            start(page)
        found = Axe().run(page).response["violations"]
        assert [(v["id"], [n["target"] for n in v["nodes"]][:3]) for v in found] == [], step
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_firefox_decodes_plays_and_switches(firefox: Any, page_file: Path):
    firefox.open(page_file, 1280)
    firefox.evaluate("document.querySelector('[data-listener]').value = 'fox'")
    firefox.click("[data-form] button")
    firefox.wait(f"{TEST}.player?.current === 'reference'")
    assert firefox.evaluate(f"{TEST}.player.duration") == pytest.approx(SECONDS, abs=1e-3)
    firefox.click("[data-play]")
    firefox.click('[data-stimulus="B"] button')
    assert firefox.evaluate(f"[{TEST}.player.playing, {TEST}.player.current]") == [True, "B"]
    assert firefox.messages(page_file.name) == []
