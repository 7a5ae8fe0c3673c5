"""Children that read pictures: their limits, their death, and what becomes of both."""

import os
import signal
import struct
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from threading import Thread, Timer
from time import monotonic, sleep
from typing import Any

import pytest
from PIL import ExifTags, Image, ImageCms

from django_copyleaks_image import formats
from django_copyleaks_image.decoding import messages, process
from django_copyleaks_image.decoding import pool as decoding_pool
from django_copyleaks_image.decoding.child import NICENESS
from django_copyleaks_image.decoding.pool import (
    BRIEF,
    LONG,
    DecodingFailed,
    Patience,
    Pool,
    Stopped,
    TookTooLong,
)
from tests.decoding import hostile
from tests.samples import picture

ROOT = Path(__file__).resolve().parents[2]
needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
# A busy machine is no reason to fail.
PATIENT = Patience(cpu_seconds=5, seconds=60)


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool(children=2)
    yield made
    made.close()


def inspect(pool: Pool, data: bytes | None = None, patience: Patience = PATIENT) -> formats.PictureFacts | None:
    return pool.ask("inspect", BytesIO(picture() if data is None else data), patience).facts


def children() -> set[int]:
    """Return the process ids of our own children that are no zombies."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rsplit(")", 1)[1].split()[:2]
        except OSError:
            continue
        if int(parent) == os.getpid() and state != "Z":
            found.add(int(stat.parent.name))
    return found


def test_ordinary_picture__is_read_and_drawn(pool: Pool) -> None:
    content = picture(size=(2000, 1000))
    facts, drawn, _ = pool.ask("picture", BytesIO(content), PATIENT)
    assert facts == formats.PictureFacts(format="JPEG", width=2000, height=1000, animated=False, orientation=1)
    assert list(drawn) == ["page", "panel", "thumbnail"]
    assert all(part.startswith(b"RIFF") for part in drawn.values())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no nice()")
def test_child_that_draws__lets_others_go_first(pool: Pool) -> None:
    inspect(pool)
    (child,) = pool._idle
    assert os.getpriority(os.PRIO_PROCESS, child.pid) == os.getpriority(os.PRIO_PROCESS, 0)
    for _ in range(2):
        pool.ask("picture", BytesIO(picture()), PATIENT)

    assert os.getpriority(os.PRIO_PROCESS, child.pid) == min(19, os.getpriority(os.PRIO_PROCESS, 0) + NICENESS)


def test_bytes_that_are_no_picture__are_told_in_a_sentence(pool: Pool) -> None:
    with pytest.raises(formats.UnreadablePicture, match="The file is none of JPEG"):
        inspect(pool, b"no picture")
    assert inspect(pool) is not None


@needs_proc
def test_children__are_used_again_and_replaced_after_many_pictures(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    before = children()
    inspect(pool)
    first = children() - before
    inspect(pool)
    assert children() - before == first
    monkeypatch.setattr("django_copyleaks_image.decoding.pool.PICTURES_PER_CHILD", 3)
    inspect(pool)
    inspect(pool)
    assert len(children() - before) == 1
    assert children() - before != first


def test_child_that_has_grown_large__is_replaced(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    inspect(pool)
    (first,) = pool._idle
    monkeypatch.setattr("django_copyleaks_image.decoding.pool.LARGE_CHILD", 1)

    inspect(pool)

    assert pool._idle == []
    assert not _is_alive(first.pid)


def test_picture_that_needs_more_memory_than_one_may_have__is_too_complex(pool: Pool) -> None:
    with pytest.raises(formats.TooComplex, match="more memory") as refused:
        pool.ask("picture", BytesIO(hostile.png(8000, 8000, 16, 6)), Patience(cpu_seconds=20, seconds=60))
    assert not isinstance(refused.value, TookTooLong)
    assert inspect(pool) is not None


def test_transparent_greys__are_reduced_before_they_become_colours(pool: Pool) -> None:
    answer = pool.ask("picture", BytesIO(hostile.png(8000, 6000, 8, 4)), PATIENT)

    assert answer.drawn["page"].startswith(b"RIFF")


def test_scan_of_deep_greys__takes_no_multiple_of_its_own_memory(pool: Pool) -> None:
    data = hostile.png(8000, 8000, 16, 0)

    answer = pool.ask("picture", BytesIO(data), PATIENT)

    assert answer.facts is not None
    assert answer.facts.width == 8000
    assert 0 <= answer.peak < 300_000_000


def test_all_pixels_of_a_turned_picture__are_never_there_three_times(pool: Pool) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    turned = Image.Exif()
    turned[ExifTags.Base.Orientation] = 6
    data = picture("PNG", (8000, 6000), mode="RGBA", icc_profile=profile, exif=turned, compress_level=1)

    answer = pool.ask("full", BytesIO(data), PATIENT)

    assert answer.drawn["full"].startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize("sides", [(12_000, 9000), (16_320, 12_240), (11_000, 8000)])
def test_jpeg_of_more_pixels_than_there_is_memory_for__is_copied(pool: Pool, sides: tuple[int, int]) -> None:
    data = picture("JPEG", sides, mode="L", colour=99)
    order = {"width": sides[0] // 2, "height": sides[1] // 2, "most_bytes": 10_000_000}

    answer = pool.ask("copy", BytesIO(data), PATIENT, order=order)

    assert answer.facts is not None
    assert (answer.facts.width, answer.facts.height) == (sides[0] // 2, sides[1] // 2)
    assert answer.drawn["copy"].startswith(b"\xff\xd8\xff")
    assert answer.peak < 200_000_000


@pytest.mark.parametrize(
    ("width", "format_name", "length", "is_taken"),
    [(9, "PNG", 26, True), (6, "JPEG", 26, True), (9, "PNG", 27, False), (9, "TIFF", 26, False), (8, "PNG", 26, False)],
)
def test_copy_that_is_not_as_ordered__is_none(
    width: int, format_name: str, length: int, is_taken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a child would give it that a picture has taken over: more bytes, another format or size."""
    height = 6 if width == 9 else 9
    facts = formats.PictureFacts(format=format_name, width=width, height=height, animated=False, orientation=1)
    given = decoding_pool.Answer(facts, {"copy": bytes(length)}, 1)
    monkeypatch.setattr(decoding_pool.copying, "ask", lambda *arguments, **named: given)
    order = formats.CopyOrder(width=9, height=6, most_bytes=26)
    if is_taken:
        assert decoding_pool.copy(BytesIO(b""), order) == (facts, bytes(length))
        return
    with pytest.raises(DecodingFailed):
        decoding_pool.copy(BytesIO(b""), order)


def test_picture_that_takes_the_processor_for_too_long__is_too_complex(pool: Pool) -> None:
    with pytest.raises(TookTooLong):
        pool.ask("picture", BytesIO(hostile.scans(6000, 5900, 4400)), Patience(cpu_seconds=1, seconds=60))
    assert inspect(pool) is not None


def test_time_on_the_clock__ends_even_a_child_that_does_nothing(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without using the processor: then the machine is to blame, and not the picture."""
    given: list[float] = []

    def soon(seconds: float, end: Callable[[], None]) -> Timer:
        given.append(seconds)
        return Timer(0.2, end)

    inspect(pool)
    (child,) = pool._idle
    os.kill(child.pid, signal.SIGSTOP)
    with monkeypatch.context() as patch, pytest.raises(DecodingFailed, match="too busy"):
        patch.setattr(process, "Timer", soon)
        inspect(pool, patience=Patience(cpu_seconds=5, seconds=7.5))
    assert given == [7.5]
    assert inspect(pool) is not None


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGXCPU])
def test_child_that_somebody_has_killed_while_it_was_idle__is_replaced(pool: Pool, number: int) -> None:
    inspect(pool)
    (child,) = pool._idle
    os.kill(child.pid, number)
    _until(lambda: child._process.poll() is not None, seconds=30)
    assert inspect(pool) is not None


@pytest.mark.parametrize(("deaths", "is_blamed"), [(1, False), (2, True)])
def test_picture_that_kills_the_decoder_twice__is_to_blame(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, deaths: int, is_blamed: bool
) -> None:
    receive, left = messages.receive, [deaths]

    def die(stream: Any) -> messages.Message:
        if left[0]:
            left[0] -= 1
            raise messages.BrokenMessage
        return receive(stream)

    monkeypatch.setattr(messages, "receive", die)
    if is_blamed:
        with pytest.raises(formats.TooComplex, match="makes the program that reads it fail"):
            inspect(pool)
    else:
        assert inspect(pool) is not None


@pytest.mark.parametrize("lengths", [(messages.MAX_HEAD + 1, 0), (2, formats.MAX_BYTES + 1)])
def test_message_that_is_too_long__is_not_read(lengths: tuple[int, int]) -> None:
    stream = BytesIO(struct.pack(">II", *lengths) + b"{}" * messages.MAX_HEAD)
    with pytest.raises(messages.BrokenMessage):
        messages.receive(stream)
    assert stream.tell() == 8


@pytest.mark.parametrize("head", [b"[]", b"[" * 9, b""])
def test_message_that_is_no_object__is_refused(head: bytes) -> None:
    with pytest.raises(messages.BrokenMessage):
        messages.receive(BytesIO(struct.pack(">II", len(head), 0) + head))


@pytest.mark.parametrize(
    "head",
    [
        {},
        {"parts": {}, "peak": 0, "cpu": 0, "facts": {"format": "EXE"}},
        {"parts": {"page": 4}, "peak": 0, "cpu": 0},
        {"parts": [], "peak": 0, "cpu": 0},
        {"parts": {}, "peak": "much", "cpu": 0},
        {
            "parts": {},
            "peak": 0,
            "cpu": 0,
            "facts": {"format": "PNG", "width": -1, "height": 1, "animated": False, "orientation": 1},
        },
        {"parts": {}, "peak": 0, "cpu": 0, "error": "UnreadablePicture"},
        {"parts": {}, "peak": 0, "cpu": 0, "error": "UnreadablePicture", "problem": "<html>"},
        {"parts": {}, "peak": 0, "cpu": 0, "error": "UnreadablePicture", "problem": {"code": "<html>"}},
    ],
)
def test_child_that_was_taken_over__cannot_say_what_it_likes(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, head: dict[str, Any]
) -> None:
    monkeypatch.setattr(messages, "receive", lambda stream: messages.Message(head, b"<html>"))
    with pytest.raises(formats.TooComplex):
        inspect(pool)


@needs_proc
def test_child__holds_no_secret_and_no_connection_of_ours(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPYLEAKS_API_KEY", "hush-hush")
    with socket_of_ours():
        inspect(pool)
        (child,) = pool._idle
        assert b"hush" not in Path(f"/proc/{child.pid}/environ").read_bytes()
        opened = [str(fd.readlink()) for fd in Path(f"/proc/{child.pid}/fd").iterdir()]
        assert not any(name.startswith("socket:") for name in opened)
        limits = Path(f"/proc/{child.pid}/limits").read_text()
        assert f"Max address space         {600_000_000}" in limits
        assert "Max file size             0" in limits


def socket_of_ours() -> Any:
    import socket

    return socket.create_server(("127.0.0.1", 0))


@needs_proc
def test_child__imports_no_django(pool: Pool) -> None:
    code = "import sys, django_copyleaks_image.decoding.child; print('django' in sys.modules)"
    finished = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == "False"


def test_stop__ends_a_child_that_is_busy_at_once(pool: Pool) -> None:
    raised: list[BaseException] = []

    def draw() -> None:
        try:
            pool.ask("picture", BytesIO(bomb), Patience(cpu_seconds=60, seconds=120))
        except DecodingFailed as error:
            raised.append(error)

    bomb = hostile.scans(6000, 5900, 4400)
    thread = Thread(target=draw)
    thread.start()
    _until(lambda: pool._busy)
    pool.close()
    thread.join(30)
    assert [type(error) for error in raised] == [Stopped]
    assert inspect(pool) is not None


@needs_proc
def test_others__do_not_wait_for_a_hostile_one(pool: Pool) -> None:
    bomb = hostile.scans(6000, 5900, 4400)

    def draw() -> None:
        with pytest.raises(Stopped):
            pool.ask("picture", BytesIO(bomb), Patience(cpu_seconds=60, seconds=120))

    thread = Thread(target=draw)
    thread.start()
    _until(lambda: pool._busy)
    for _ in range(3):
        assert inspect(pool) is not None
    assert thread.is_alive()
    pool.close()
    thread.join(30)


@needs_proc
@pytest.mark.parametrize("is_busy", [False, True])
def test_children__die_with_whoever_started_them(is_busy: bool, tmp_path: Path) -> None:
    (tmp_path / "bomb.jpg").write_bytes(hostile.scans(6000, 5900, 4400))
    code = f"""
        import os, threading, time
        from django_copyleaks_image.decoding.pool import Patience, drawing
        bomb = open({str(tmp_path / "bomb.jpg")!r}, "rb")
        task = {"picture" if is_busy else "inspect"!r}
        thread = threading.Thread(target=drawing.ask, args=(task, bomb, Patience(cpu_seconds=2, seconds=8)))
        thread.start()
        while not (drawing._busy if {is_busy} else drawing._idle):
            time.sleep(0.01)
        time.sleep(0.5)
        print((*drawing._busy, *drawing._idle)[0].pid, flush=True)
        os.kill(os.getpid(), 9)
    """
    finished = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    pid = int(finished.stdout)
    _until(lambda: not _is_alive(pid), seconds=30)


def test_forked_process__has_children_of_its_own(pool: Pool) -> None:
    inspect(pool)
    code = """
        import os, sys
        from io import BytesIO
        from django_copyleaks_image.decoding.pool import LONG, Pool
        from tests.samples import picture
        pool = Pool(children=1)
        def first():
            pool.ask("inspect", BytesIO(picture(size=(640, 600))), LONG)
            return pool._idle[0].pid
        before = first()
        forked = os.fork()
        if not forked:
            os._exit(0 if not pool._idle and first() != before else 1)
        for _ in range(20):
            assert pool.ask("inspect", BytesIO(picture(size=(700, 600))), LONG).facts.width == 700
        _, status = os.waitpid(forked, 0)
        assert first() == before
        sys.exit(os.waitstatus_to_exitcode(status))
    """
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    code = "import django; django.setup()\n" + textwrap.dedent(code)
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True, timeout=60)


def test_no_child_can_be_started__is_not_the_pictures_fault(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **named: Any) -> None:
        raise BlockingIOError("Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(DecodingFailed):
        inspect(pool)


def test_no_clock_can_be_started__is_not_the_pictures_fault(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Timer, "start", refuse)
    with pytest.raises(DecodingFailed):
        inspect(pool)
    monkeypatch.undo()
    assert inspect(pool) is not None


def test_more_bytes_than_any_upload_may_have__are_not_sent(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "MAX_BYTES", 100)
    with pytest.raises(formats.UnreadablePicture, match="larger than 100 bytes"):
        inspect(pool)


def test_header__is_given_little_time_and_drawing_no_more_than_ten_seconds() -> None:
    assert (BRIEF.cpu_seconds, BRIEF.seconds) == (1, 4)
    assert (LONG.cpu_seconds, LONG.seconds) == (7, 9.5)


def _until(condition: Any, *, seconds: float = 20) -> None:
    deadline = monotonic() + seconds
    while not condition():
        assert monotonic() < deadline, "it did not happen in time"
        sleep(0.02)


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
