"""``python -m robustness.chaos``: run, print the table, end with 1 when anything was lost, paid twice or wrong."""

import argparse
import os
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import django
import environ

from benchmarks.databases import own_database
from tests.processes import LOOPBACK, RunFailed, free_port

if TYPE_CHECKING:
    from .conductor import Conductor
    from .judge import Judgement

ROOT = Path(__file__).resolve().parent.parent.parent
# Findings that are explained by what was logged about their scan; of the others only the first line is shown.
EXPLAINED = 5
INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM)


def main() -> int:
    """Run the chaos and return its exit status: 2 when the run itself broke down."""
    arguments = _parser().parse_args()
    for number in INTERRUPTIONS:
        signal.signal(number, _interrupt)
    try:
        return play(arguments)
    except RunFailed as error:
        print(f"The run broke down: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    env = environ.Env()
    parser = argparse.ArgumentParser(
        prog="python -m robustness.chaos",
        description="Upload pictures while workers are killed and Copyleaks misbehaves, and audit what became of them.",
        epilog="Environment: UPLOADS and SEED are defaults of the options; DATABASE_URL is a PostgreSQL server on "
        "which a database is created for the run (without it: SQLite); RESTART_DATABASE is the command that restarts "
        "that server, or 'terminate' to end only the connections of the run.",
    )
    parser.add_argument("--uploads", type=int, default=env.int("UPLOADS", 2000), help="pictures to upload (2000)")
    parser.add_argument("--seed", type=int, default=env.int("SEED", 1), help="what is drawn by lot follows from it (1)")
    parser.add_argument("--workers", type=int, default=2, help="worker processes (2)")
    parser.add_argument(
        "--repeated",
        choices=("free", "charged", "409", "400"),
        default="free",
        help="what the emulator does with a scan id that it has accepted before (free)",
    )
    parser.add_argument("--keep", action="store_true", help="keep logs, pictures and an SQLite database")
    return parser


def play(arguments: argparse.Namespace) -> int:
    """Run in a folder of its own; return 0 when nothing was lost, paid twice, unfinished or wrong."""
    env = environ.Env()
    server, restart = env.str("DATABASE_URL", ""), env.str("RESTART_DATABASE", None)
    with _folder(keep=arguments.keep) as folder, own_database(folder, server=server, restart_command=restart) as own:
        site_port, emulator_port = free_port(), free_port()
        _set_environment(
            CHAOS_FOLDER=str(folder),
            CHAOS_SECRET_KEY=secrets.token_urlsafe(40),
            CHAOS_DATABASE_URL=own.url,
            CHAOS_SITE=f"http://{LOOPBACK}:{site_port}",
            CHAOS_COPYLEAKS=f"http://{LOOPBACK}:{emulator_port}",
        )
        django.setup()
        from .conductor import Addresses, Conductor, Options  # noqa: PLC0415 - models come after the set-up

        conductor = Conductor(
            Options(
                uploads=arguments.uploads,
                seed=arguments.seed,
                workers=arguments.workers,
                repeated=arguments.repeated,
            ),
            folder=folder,
            database=own,
            addresses=Addresses(site_port=site_port, emulator_port=emulator_port),
            environment=dict(os.environ),
        )
        judgement = conductor.run()
        _print_findings(judgement, conductor)
        uploads = conductor.uploads()
    _print_table(judgement, uploads)
    return 0 if judgement.is_clean and uploads == arguments.uploads else 1


@contextmanager
def _folder(*, keep: bool) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="copyleaks-chaos-"))
    try:
        yield folder
    finally:
        if keep:
            print(f"Kept: {folder}")
        else:
            shutil.rmtree(folder)


def _set_environment(**names: str) -> None:
    """Set what every process of the run reads its settings from; the app's own variables of this shell are removed."""
    for name in [name for name in os.environ if name.startswith("COPYLEAKS_")]:
        del os.environ[name]
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "robustness.chaos.settings",
        "PYTHONPATH": str(ROOT),
        # What is on this machine is not asked of a proxy.
        "NO_PROXY": LOOPBACK,
        "no_proxy": LOOPBACK,
        **names,
    }


def _print_findings(judgement: "Judgement", conductor: "Conductor") -> None:
    for kind, findings in judgement.kinds().items():
        for number, finding in enumerate(findings):
            print(f"{kind}: {finding}")
            if number < EXPLAINED and finding.scan_id:
                print("\n".join(f"    {line}" for line in conductor.log_lines_about(finding.scan_id)))


def _print_table(judgement: "Judgement", uploads: int) -> None:
    width = max(map(len, judgement.facts))
    print("\n" + "\n".join(f"{name:<{width}}  {value}" for name, value in judgement.facts.items()) + "\n")
    counts = {kind: len(findings) for kind, findings in judgement.kinds().items()}
    print(f"uploads={uploads} " + " ".join(f"{kind}={count}" for kind, count in counts.items()), flush=True)


def _interrupt(signum: int, frame: FrameType | None) -> NoReturn:
    # The second Ctrl-C of an impatient person must not spoil the tidying up.
    for number in INTERRUPTIONS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
