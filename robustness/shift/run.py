"""The run: draw the pictures, start the server, let two moderators work at once, and compare."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from time import monotonic

from tests.processes import LOOPBACK, Process, free_port

from . import site
from .moderator import Moderator
from .pictures import kind_of

_SERVER = ("gunicorn", "--workers", "1", "--threads", "8", "benchmarks.review_speed.wsgi:application", "--bind")


def run(folder: Path, pictures: int) -> int:
    """Print the figures last; return the exit status."""
    kinds = {kind_of(number).name for number in range(pictures)}
    print(f"Drawing {pictures} pictures of {len(kinds)} kinds …", flush=True)
    site.set_up(folder, pictures)
    sessions = {name: site.session_of(name) for name in ("anna", "bert")}
    port = free_port()
    # The pictures whose decoder was there are drawn already.
    environment = site.without_heif(folder)
    with (
        Process("server", *_SERVER, f"{LOOPBACK}:{port}", folder=folder, environment=environment) as server,
        Process("drawing", "robustness.shift.drawing", folder=folder, environment=environment),
    ):
        server.wait_for(port)
        print("Deciding …", flush=True)
        begun = monotonic()
        address = f"http://{LOOPBACK}:{port}"
        over = Event()
        people = [Moderator(name=name, site=address, session=it, over=over) for name, it in sessions.items()]
        with ThreadPoolExecutor(len(people)) as pool:
            for work in [pool.submit(person.work) for person in people]:
                work.result()
        minutes = (monotonic() - begun) / 60
    return compare(people, pictures, len(kinds), minutes)


def compare(people: list[Moderator], pictures: int, kinds: int, minutes: float) -> int:
    """Print what differs between what was seen and pressed and what is stored; return the exit status."""
    wrong = 0
    for person in people:
        stored = site.decisions_of(person.name)
        differing = [(seen, made) for seen, made in zip(person.steps, stored, strict=False) if seen != made]
        wrong += len(differing) + abs(len(person.steps) - len(stored))
        print(f"{person.name}: {len(person.steps)} steps, {person.presses} presses, {len(stored)} in the database")
        for seen, made in differing[:5]:
            print(f"  seen and pressed {seen}, stored {made}")
    unseen = sum(person.unseen for person in people)
    left = site.undecided()
    print(
        f"pictures={pictures} kinds={kinds} minutes={minutes:.1f} decisions_on_another_picture={wrong} "
        f"decided_unseen={unseen} undecided={left}"
    )
    return 1 if wrong or unseen or left else 0
