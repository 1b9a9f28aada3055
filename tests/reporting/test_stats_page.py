"""The page of statistics in a real browser: it can be read by all, and fits a phone."""

from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from graph_dataset import PlannedSong, desk, write_dataset
from playwright.sync_api import Browser

import mixtrace
from mixtrace.interpret import node_of


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of three songs with processors on tracks, a bus, a return and the master."""
    folder = tmp_path_factory.mktemp("set")
    songs = {}
    for number in range(3):
        tone = node_of(
            "parametric_equalizer", bell_hz=[400.0], bell_db=[number - 4.0], bell_q=[1.0]
        )
        made = desk(
            {"kick": [tone, node_of("compressor")], "a_long_name_of_a_voice": [tone]},
            sends={"kick": {"echo": node_of("send", level_db=-9.0 - number)}},
            returns={"echo": [node_of("feedback_delay", 1.0)]},
            master=[node_of("limiter")],
        )
        facts = {"seconds": 100.0 + number, "l_a": 0.3 + 0.1 * number, "l_a_sum": 3.0 + number}
        removed = [("compressor", "kick")] * number
        songs[f"song_{number}"] = PlannedSong(made, facts, removed)
    write_dataset(folder, songs)
    return mixtrace.stats(folder).page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_is_accessible_and_as_wide_as_the_window(
    browser: Browser, page_file: Path, width: int, scheme: Literal["light", "dark"]
):
    # The checker is a script, which the page's policy would not let run.
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
    )
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(page_file.as_uri())
    found = Axe().run(page).response["violations"]
    assert [(v["id"], [n["target"] for n in v["nodes"]][:3]) for v in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert said == []
    context.close()


def test_its_own_policy_lets_it_look_as_it_should(browser: Browser, page_file: Path):
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(page_file.as_uri())
    shades = "[...document.querySelectorAll('.heat td')].map(c => getComputedStyle(c).background)"
    assert len(set(page.evaluate(shades))) > 2  # kept wholly, in part, and cells of nothing
    assert said == []
    page.close()
