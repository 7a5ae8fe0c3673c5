"""What records requests keeps no secret address: each recorder is run, and what it has kept is searched."""

import http.client
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .conftest import ROOT, RunScript, need

SENTRY = """
import json, sys
import sentry_sdk
from sentry_sdk.transport import Transport
from tests.neighbours.site import secret_paths, set_up

kept = []

class Keep(Transport):
    def capture_envelope(self, envelope):
        kept.append(envelope.serialize().decode("latin-1"))

from django_copyleaks_image.recorders import before_send, before_send_transaction
hiding = {"before_send": before_send, "before_send_transaction": before_send_transaction}
sentry_sdk.init(
    dsn="https://key@sentry.example/1", transport=Keep, traces_sample_rate=1.0, send_default_pii=True,
    max_request_body_size="always", **(hiding if sys.argv[1] == "hiding" else {}),
)
set_up()
from django.core import checks
from django.core.management import call_command
from django.core.handlers.wsgi import WSGIHandler
from django.test import RequestFactory
from django_copyleaks_image.endpoints import webhook
call_command("migrate", verbosity=0)

def fail(self, request, scan_id, token):
    inner = {"of": {"a": {"deep": [token, {"structure": token}]}}}
    raise ZeroDivisionError(f"at {request.get_full_path()}")

webhook.WebhookView.authentic_scan = fail
# The test client does without the part of a site that Sentry has wrapped.
served = WSGIHandler()
for path in secret_paths().values():
    request = RequestFactory().post(path, {"a callback": "whose body is long"}, content_type="application/json")
    b"".join(served(request.environ, lambda *arguments: None))
sentry_sdk.flush()
found = [it.id for it in checks.run_checks(databases=[]) if it.id == "copyleaks_image.W063"]
print(json.dumps({"kept": kept, "tokens": list(secret_paths()), "found": found}))
"""

SILK = """
import json, sys
from tests.neighbours.site import FOLDER, secret_paths, set_up
from django_copyleaks_image.recorders import silk_intercepts
hiding = {"SILKY_INTERCEPT_FUNC": silk_intercepts} if sys.argv[1] == "hiding" else {}
set_up(apps=("silk",), middleware=("silk.middleware.SilkyMiddleware",), **hiding)
from django.core import checks
from django.core.management import call_command
from django.test import Client
call_command("migrate", verbosity=0)
client = Client(raise_request_exception=False)
for path in secret_paths().values():
    client.post(path, {"a callback": "whose body is long"}, content_type="application/json")
client.get("/admin/login/", {"next": "a page of the site"})
from django.db import connection
connection.close()
found = [it.id for it in checks.run_checks(databases=[]) if it.id == "copyleaks_image.W063"]
kept = (FOLDER / "site.sqlite3").read_bytes().decode("latin-1")
print(json.dumps({"kept": [kept], "tokens": list(secret_paths()), "found": found}))
"""


@pytest.mark.parametrize(
    ("packages", "code", "warnings", "own"),
    [(("sentry_sdk",), SENTRY, 2, "ZeroDivisionError"), (("silk",), SILK, 1, "a page of the site")],
    ids=["sentry", "silk"],
)
def test_recorder__with_our_filter_keeps_no_secret_and_the_check_is_silent(
    packages: tuple[str, ...], code: str, warnings: int, own: str, run_script: RunScript
) -> None:
    import json

    need(*packages)
    hiding, plain = (json.loads(run_script(code, how).splitlines()[-1]) for how in ("hiding", "plain"))

    assert [token for token in hiding["tokens"] if token in "".join(hiding["kept"])] == []
    assert "whose body is long" not in "".join(hiding["kept"])
    assert own in "".join(hiding["kept"]).replace("%20", " ").replace("+", " ")
    assert hiding["found"] == []
    # Or nothing would have been tested.
    assert [token for token in plain["tokens"] if token in "".join(plain["kept"])] == plain["tokens"]
    assert plain["found"] == ["copyleaks_image.W063"] * warnings


TOKENS = """
from tests.neighbours.site import secret_paths, set_up
set_up()
from django.core.management import call_command
call_command("migrate", verbosity=0)
for token, path in secret_paths().items():
    print(token, path)
"""
SERVED = "tests.neighbours.served"
# Which package, its command line with the port, and whether our addresses stand in its log with their tokens hidden.
SERVERS = {
    "uvicorn": ("uvicorn", ("-m", "uvicorn", "--port={port}", f"{SERVED}:asgi"), True),
    "gunicorn": (
        "gunicorn",
        ("-m", "gunicorn", "--bind=127.0.0.1:{port}", "--access-logfile=-", f"{SERVED}:wsgi"),
        True,
    ),
    "daphne": ("daphne", ("-m", "daphne", "--port={port}", f"{SERVED}:asgi"), True),
    "uwsgi": (
        "uwsgidecorators",
        (
            "uwsgi",
            "--http-socket=127.0.0.1:{port}",
            f"--module={SERVED}:wsgi",
            "--log-format=%(addr) %(method) at the door: %(status)",
            "--need-app",
        ),
        False,
    ),
}


def ask(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.sockets
@pytest.mark.parametrize("name", SERVERS)
def test_access_log__has_no_secret(
    name: str, run_script: RunScript, environment: dict[str, str], tmp_path: Path
) -> None:
    package, command, shows_ours = SERVERS[name]
    need(package)
    tokens = dict(line.split() for line in run_script(TOKENS).splitlines())
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = [argument.format(port=port) for argument in command]
    program = [sys.executable] if arguments[0] == "-m" else [str(Path(sys.executable).with_name(arguments.pop(0)))]
    log = tmp_path / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*program, *arguments], cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            deadline = time.monotonic() + 60
            while True:
                try:
                    assert ask(port, "/nowhere/") == 404
                    break
                except OSError:
                    assert server.poll() is None, log.read_text()
                    assert time.monotonic() < deadline, log.read_text()
                    time.sleep(0.2)
            assert [ask(port, path) for path in tokens.values()] == [404, 404]
            assert ask(port, "/elsewhere/") == 404
            while log.read_text().count("404") < 4 and time.monotonic() < deadline:
                time.sleep(0.1)
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()

    written = log.read_text()
    assert [token for token in tokens if token in written] == []
    assert ("/elsewhere/" if shows_ours else "at the door: 404") in written
    assert (written.count("[hidden]") >= len(tokens)) is shows_ours
