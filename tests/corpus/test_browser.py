"""Which files of the corpus Chromium shows, and whether the desk shows the same, compared as pictures."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat

from django_copyleaks_image.decoding import pool
from tests.admin.browsing import CHROMIUM
from tests.corpus.files import Sample, corpus
from tests.corpus.test_corpus import PATIENT

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="needs Chromium")]

SIDE = 48
# Of 255, in the mean over all pixels: colours are converted, and pictures reduced, by different programs.
DIFFERENCE = 12
# Neither drawn nor measured, with the reason that the file is no picture that can be read.
NOT_DRAWN = {"cut.webp", "drawing.svg", "favicon.ico"}
# The rest of what was not received has the first colour of the palette, not that of the page.
OTHER_REST = {"cut-at-70-percent.gif"}
# Reduced and drawn on the grey of the desk; null if it is not shown.
SHOWN = """async ([url, side]) => {
    const image = new Image();
    image.src = url;
    try { await image.decode(); } catch { return null; }
    const canvas = new OffscreenCanvas(side, side);
    const context = canvas.getContext("2d");
    context.fillStyle = "#808080";
    context.fillRect(0, 0, side, side);
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, side, side);
    const data = context.getImageData(0, 0, side, side).data;
    return {width: image.naturalWidth, height: image.naturalHeight, pixels: Array.from(data)};
}"""


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    """A page that gets every file of the corpus by its number, and no hint of what it is."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"], timeout=60_000)
        page = browser.new_page()
        page.set_default_timeout(120_000)
        page.route("http://corpus.example/", lambda route: route.fulfill(body="<p>", content_type="text/html"))
        page.goto("http://corpus.example/")
        yield page
        browser.close()


def shown_by_browser(page: Any, sample: Sample) -> tuple[tuple[int, int], Image.Image] | None:
    """Return the sides and a small picture of what Chromium shows, None if it shows nothing."""
    url = f"http://corpus.example/{corpus().index(sample)}"  # Another each time, since pictures are cached.
    content_type = "image/svg+xml" if sample.name.endswith(".svg") else "image/unknown"
    page.route(url, lambda route: route.fulfill(body=sample.make(), content_type=content_type))
    found = page.evaluate(SHOWN, [url, SIDE])
    page.unroute(url)
    if found is None:
        return None
    small = Image.frombytes("RGBA", (SIDE, SIDE), bytes(found["pixels"]))
    return (found["width"], found["height"]), small.convert("RGB")


def test_desk__shows_what_chromium_shows_and_nearly_all_of_it_is_measured(page: Any) -> None:
    shown, unmeasured, unlike = 0, [], []
    for sample in corpus():
        by_browser = shown_by_browser(page, sample)
        if by_browser is None:
            continue
        shown += 1
        if sample.name in NOT_DRAWN:
            unmeasured.append(sample.name)
            continue
        if sample.sent == "nothing":
            assert sample.code
            unmeasured.append(sample.name)
        sides, small = by_browser
        answer = pool.drawing.ask("picture", BytesIO(sample.make()), PATIENT)
        drawn = Image.open(BytesIO(answer.drawn["page"]))
        ours = drawn.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX)
        difference = max(ImageStat.Stat(ImageChops.difference(ours, small)).mean)
        is_turned = (drawn.width > drawn.height) != (sides[0] > sides[1]) and sides[0] != sides[1]
        if (difference > DIFFERENCE or is_turned) and sample.name not in OTHER_REST:
            unlike.append((sample.name, f"{sides} and {drawn.size}", round(difference, 1)))
    assert shown >= 100
    assert len(unmeasured) <= 0.05 * shown, unmeasured
    assert unlike == []
