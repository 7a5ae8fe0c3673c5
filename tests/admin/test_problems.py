"""What is raised and stored in English about masks, pictures and heatmaps is shown in the reader's language."""

import ast
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.test import Client

from django_copyleaks_image import masks, pictures
from django_copyleaks_image.admin import problems
from django_copyleaks_image.admin.problems import problem_in_words
from django_copyleaks_image.copyleaks import fetch, heatmaps
from django_copyleaks_image.scanning import prepare
from tests.admin.desk_requests import SCANS, next_items
from tests.admin.drawn_pictures import get_drawn
from tests.admin.scans_to_show import failed, measured_photo
from tests.samples import photo


def texts(node: ast.expr) -> Iterator[str]:
    """Yield the sentences of an expression, with something in the place of each value."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "length" for part in node.values)
    elif isinstance(node, ast.BinOp) and isinstance(node.left, ast.BinOp):
        yield from (f"{text}JPEG." for text in texts(node.left.left))


def raised_in(module: ModuleType) -> list[str]:
    tree = ast.parse(Path(str(module.__file__)).read_text())
    calls = (node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call))
    found = (text for call in calls for argument in call.args for text in texts(argument))
    return [text for text in found if text.endswith(".")]


@pytest.fixture(autouse=True)
def _translated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Translate every sentence into itself in quotation marks."""
    monkeypatch.setattr(problems, "gettext", lambda sentence: f"«{sentence}»")


@pytest.mark.parametrize(
    ("module", "least"), [(masks, 13), (pictures, 9), (prepare, 8), (heatmaps, 8), (fetch, 13)], ids=str
)
def test_every_sentence_is_known(module: ModuleType, least: int) -> None:
    found = raised_in(module)
    assert len(found) >= least
    assert [problem_in_words(sentence) for sentence in found] == [f"«{sentence}»" for sentence in found]


@pytest.mark.parametrize("text", ["", "Something else.", "The file is empty. Or not.", "a\nThe file is empty."])
def test_what_is_not_known__is_returned_as_it_is(text: str) -> None:
    assert problem_in_words(text) == text


@pytest.mark.django_db
def test_pages__say_in_the_readers_language_what_is_wrong_with_mask_and_picture(staff: Any) -> None:
    client: Client = staff("view_imagescan", "decide_watchedimage", "view_photo")
    measured_photo(
        mask=None,
        mask_problem="The mask ends at pixel 500000, outside the picture's 409600.",
        heatmap_problem="The host is not on the public internet.",
    )
    broken = failed(photo("broken.jpg", b"\xff\xd8\xff\xe0garbage"), error_message="The file is empty.")
    (item,) = next_items(client)
    assert "«The mask ends at pixel 500000, outside the picture&#x27;s 409600.»" in item["html"]
    assert "«The host is not on the public internet.»" in item["html"]
    answer = get_drawn(client, f"{SCANS}rendition/{broken.pk}/page/")
    assert answer.content.decode() == "«The JPEG file is broken or cut short.»"
    page = client.get(f"{SCANS}{broken.pk}/change/").content.decode()
    assert "«The JPEG file is broken or cut short.»" in page
    assert "«The file is empty.»" in page
