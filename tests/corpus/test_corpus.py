"""Every file of the corpus: what is sent of it, and that Copyleaks would take what is sent."""

from io import BytesIO
from typing import Literal

import pytest

from django_copyleaks_image import formats
from django_copyleaks_image.decoding import pool
from django_copyleaks_image.decoding.pool import Patience
from django_copyleaks_image.emulator.answers import Refusal
from django_copyleaks_image.emulator.pictures import CHECK_FORMATS, SUBMIT_FORMATS, measure
from django_copyleaks_image.limits import LIMITS, NotTaken, copy_to_send
from tests.corpus.files import Sample, corpus

PATIENT = Patience(cpu_seconds=10, seconds=120)
Mode = Literal["async", "sync"]
SAMPLES = [pytest.param(sample, id=sample.name) for sample in corpus()]


def what_is_sent(content: bytes, mode: Mode) -> bytes:
    """Return the bytes that Copyleaks gets; raise NotTaken or UnreadablePicture."""
    facts = pool.inspecting.ask("inspect", BytesIO(content), PATIENT).facts
    assert facts is not None
    order = copy_to_send(facts, len(content), LIMITS[mode], fits=True, enlarges=False)
    return content if order is None else pool.copy(BytesIO(content), order)[1]


def was_measured(content: bytes) -> bool:
    """Return whether Copyleaks was sent a file, and could read it, before there were copies."""
    try:
        facts = pool.inspecting.ask("inspect", BytesIO(content), PATIENT).facts
        assert facts is not None
        copy_to_send(facts, len(content), LIMITS["async"], fits=False, enlarges=False)
        measure(content, SUBMIT_FORMATS)
    except (NotTaken, Refusal, formats.UnreadablePicture):
        return False
    return True


def test_there_are_enough_of_them_and_no_name_twice() -> None:
    names = [sample.name for sample in corpus()]
    assert len(names) == len(set(names)) >= 120


@pytest.mark.parametrize("mode", ["async", "sync"])
@pytest.mark.parametrize("sample", SAMPLES)
def test_sample__is_measured_as_the_table_says(sample: Sample, mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "FOR_A_COPY", PATIENT)
    if "heic" in sample.name:
        pytest.importorskip("pillow_heif")
    if sample.is_large and mode == "sync":
        pytest.skip("the limits of size are the same")
    content = sample.make()
    if mode == "async":
        assert was_measured(content) == sample.before
    expected = (sample.in_sync or sample.sent) if mode == "sync" else sample.sent
    if expected == "nothing":
        with pytest.raises((NotTaken, formats.UnreadablePicture)) as refused:
            what_is_sent(content, mode)
        if isinstance(refused.value, NotTaken):
            assert refused.value.code == sample.code
        return

    sent = what_is_sent(content, mode)

    assert (sent == content) == (expected == "as it is")
    width, height = measure(sent, SUBMIT_FORMATS if mode == "async" else CHECK_FORMATS)
    assert min(width, height) >= 512


@pytest.mark.parametrize("sample", [pytest.param(each, id=each.name) for each in corpus() if each.code != "empty_file"])
def test_sample_that_is_a_picture__is_drawn_for_the_desk(sample: Sample) -> None:
    if "heic" in sample.name:
        pytest.importorskip("pillow_heif")
    if sample.code == "unreadable_image":
        with pytest.raises(formats.UnreadablePicture):
            pool.drawing.ask("picture", BytesIO(sample.make()), PATIENT)
        return
    drawn = pool.drawing.ask("picture", BytesIO(sample.make()), PATIENT).drawn
    assert list(drawn) == ["page", "panel", "thumbnail"]


def test_table__before_and_after() -> None:
    """In the documents, see ``docs/fitting.rst``."""
    pictures = [sample for sample in corpus() if sample.code not in ("unreadable_image", "empty_file")]
    before = sum(sample.before for sample in pictures)
    after = sum(sample.sent != "nothing" for sample in pictures)
    assert after > before
    assert after / len(pictures) >= 0.95
