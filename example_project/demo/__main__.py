"""The demo's course: start everything, upload, wait, report, and keep serving until Ctrl-C."""

import argparse
import fcntl
import os
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

import django
from django.core.management import call_command
from django.urls import reverse

from .pictures import PICTURES, Picture
from .processes import LOOPBACK, DemoError, Process, free_port, is_free
from .visitor import Visitor

PROJECT = Path(__file__).resolve().parent.parent
REPOSITORY = PROJECT.parent
DATA = REPOSITORY / ".demo"
USUAL_PORT = 8000
SCAN_SECONDS = 120
ADMINISTRATOR, MODERATOR, PASSWORD = "admin", "moderator", "demo"


def main() -> int:
    """Run the demo and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the table, 1 unless all is as expected")
    parser.add_argument("--port", type=int, help=f"port of the site ({USUAL_PORT}, or a free one if that is taken)")
    parser.add_argument("--screenshots", type=Path, help="take pictures of the admin into this folder, and end")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return play(once=arguments.once, port=arguments.port, screenshots=arguments.screenshots)
    except DemoError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.")
        return 0


def play(*, once: bool, port: int | None, screenshots: Path | None) -> int:
    """Play the demo; return 0 when every scan ended as expected."""
    site_port, emulator_port = choose_port(port), free_port()
    site, emulator = f"http://{LOOPBACK}:{site_port}", f"http://{LOOPBACK}:{emulator_port}"
    # The site has another threshold than the worker that judges: there is something to see on the page about them.
    site_settings = {} if screenshots is None else {"COPYLEAKS_REVIEW_AREA": "0.2"}
    with only_demo_in(DATA), ExitStack() as running:
        set_environment(site, emulator)
        django.setup()
        print("Preparing the database …", flush=True)
        prepare_database()

        def start(name: str, *command: str, **more: str) -> Process:
            environment = {**os.environ, **more}
            return running.enter_context(Process(name, *command, project=PROJECT, environment=environment, logs=DATA))

        processes = [
            start("emulator", "copyleaks_emulator", "--port", str(emulator_port)),
            start("site", "runserver", "--noreload", f"{LOOPBACK}:{site_port}", **site_settings),
            start("worker", "copyleaks_worker", "--poll", "0.2"),
        ]
        processes[0].wait_for(emulator_port)
        processes[1].wait_for(site_port)
        visitor = Visitor(site)
        visitor.log_in(ADMINISTRATOR, PASSWORD)
        upload_all(visitor)
        wait_for_scans(processes)
        all_as_expected = report(Visitor(site))
        if screenshots is not None:
            from .screenshots import take  # noqa: PLC0415 - needs Playwright

            take(site, screenshots, name=ADMINISTRATOR, password=PASSWORD)
        if once or screenshots is not None:
            return 0 if all_as_expected else 1
        tell_addresses(site)
        while True:
            time.sleep(1)
            for process in processes:
                process.check()


def choose_port(wanted: int | None) -> int:
    """Return the port to serve on; raise DemoError when the one that was asked for is taken."""
    if wanted is None:
        return USUAL_PORT if is_free(USUAL_PORT) else free_port()
    if not is_free(wanted):
        raise DemoError(f"Port {wanted} is taken. Stop what listens there, or choose another: make demo PORT=8080")
    return wanted


@contextmanager
def only_demo_in(folder: Path) -> Iterator[None]:
    """Empty the folder and keep other demos out of it; raise DemoError when one is running there."""
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError(f"Another demo is running in {folder}. Stop it first.") from None
        for entry in folder.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry.name != "lock":
                entry.unlink()
        yield


def set_environment(site: str, emulator: str) -> None:
    """Set what this process, the site and the worker read their settings from; whatever the shell has set yields."""
    for name in [name for name in os.environ if name.startswith("COPYLEAKS_")]:
        del os.environ[name]
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONPATH": str(REPOSITORY),
        "DATA_DIR": str(DATA),
        "DATABASE_URL": f"sqlite:///{DATA / 'db.sqlite3'}",
        "SECRET_KEY": secrets.token_urlsafe(40),
        "DEBUG": "true",
        "COPYLEAKS_API_URL": emulator,
        "COPYLEAKS_ID_URL": emulator,
        "COPYLEAKS_PUBLIC_URL": site,
        # What is on this machine is not asked of a proxy.
        "NO_PROXY": LOOPBACK,
        "no_proxy": LOOPBACK,
    }


def prepare_database() -> None:
    """Create the tables and the users."""
    from .moderator import create_moderator  # noqa: PLC0415 - models can be imported only after the set-up

    os.environ["DJANGO_SUPERUSER_PASSWORD"] = PASSWORD
    call_command("migrate", verbosity=0)
    call_command("createsuperuser", username=ADMINISTRATOR, email="admin@example.org", interactive=False, verbosity=0)
    create_moderator(MODERATOR, PASSWORD)


def upload_all(visitor: Visitor) -> None:
    """Paint and upload every picture; while one is uploaded, the next are painted."""
    painters = ThreadPoolExecutor(max_workers=2)
    try:
        painted = painters.map(Picture.encode, PICTURES)
        for number, (picture, content) in enumerate(zip(PICTURES, painted, strict=True), start=1):
            print(f"Uploading {number} of {len(PICTURES)}: {picture.file_name}", flush=True)
            visitor.upload(
                title=picture.title,
                file_name=picture.file_name,
                content=content,
                is_private=picture.is_private,
            )
    finally:
        painters.shutdown(cancel_futures=True)


def wait_for_scans(processes: list[Process]) -> None:
    """Wait until every scan has ended, or long enough to call it an error that one did not."""
    from .outcomes import is_over  # noqa: PLC0415 - as above

    print("Waiting for the callbacks …", flush=True)
    deadline = time.monotonic() + SCAN_SECONDS
    while time.monotonic() < deadline and not all(map(is_over, PICTURES)):
        for process in processes:
            process.check()
        time.sleep(0.3)


def report(visitor: Visitor) -> bool:
    """Let the moderator begin, and print how every scan ended; return whether all did as expected."""
    from .moderator import decide_first  # noqa: PLC0415 - as above
    from .outcomes import outcome_of, table  # noqa: PLC0415

    decide_first(MODERATOR)
    front_page = visitor.page("/")
    outcomes = [outcome_of(picture, front_page) for picture in PICTURES]
    print(f"\n{table(outcomes)}\n")
    surprises = [outcome.picture.title for outcome in outcomes if not outcome.is_as_expected]
    paid = sum(outcome.ending.paid for outcome in outcomes)
    if paid != (expected := sum(picture.ending.paid for picture in PICTURES)):
        surprises.append(f"{paid} credits instead of {expected}")
    if surprises:
        print(f"Not as expected: {', '.join(surprises)}.")
    else:
        print(f"All as expected: {len(outcomes)} pictures, {paid} credits.")
    return not surprises


def tell_addresses(site: str) -> None:
    """Print where to look, and as whom."""
    review_desk = reverse("admin:copyleaks_image_watchedimage_review")
    print(f"\n  The site           {site}/")
    print(f"  The review desk    {site}{review_desk}   {MODERATOR} / {PASSWORD}")
    print(f"  Its admin          {site}/admin/   {ADMINISTRATOR} / {PASSWORD}, who also decides what was escalated")
    print(f"  Logs               {DATA}/*.log\n\nCtrl-C ends it all.", flush=True)


def _interrupt(signum: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
