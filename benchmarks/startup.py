"""What the app adds to the start of a project that watches a field, against an app that does nothing in its place.

Both projects have Django's usual apps and Django REST framework. Everything is compiled, as where a project is in use.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from statistics import median

from benchmarks.figures import Figure
from benchmarks.local_copyleaks import ROOT

REPEAT = 15
# Prints processor seconds of django.setup(), and the queries made in it.
_START = """
import sys, time
from django.conf import settings
from tests import settings as project
names = {name: getattr(project, name) for name in dir(project) if name.isupper()}
apps = names["INSTALLED_APPS"]
apps[apps.index("tests.gallery")] = "benchmarks.watched_app"
names["COPYLEAKS_IMAGE"] = {**names["COPYLEAKS_IMAGE"], "FIELDS": ["watched_app.Poster.image"]}
if sys.argv[1] == "without":
    apps[apps.index("django_copyleaks_image")] = "benchmarks.empty_app"
settings.configure(**names)
import django
from django.db.backends.utils import CursorWrapper
queries = 0
def execute(*arguments, **options):
    global queries
    queries += 1
    raise RuntimeError("a query")
CursorWrapper.execute = execute
start = time.process_time()
django.setup()
taken = time.process_time() - start
from django.db.models.signals import post_save
from benchmarks.watched_app.models import Poster
assert ("django_copyleaks_image" in sys.modules) == (sys.argv[1] == "with")
assert post_save.has_listeners(Poster) == (sys.argv[1] == "with")
print(taken, queries)
"""


def measure() -> Iterator[Figure]:
    with_app, without = [], []
    queries = 0.0
    with tempfile.TemporaryDirectory() as compiled:
        for which in ("with", "without"):
            _start(which, compiled)
        for _ in range(REPEAT):
            seconds, found = _start("with", compiled)
            queries += found
            with_app.append(seconds)
            without.append(_start("without", compiled)[0])
    added = (median(with_app) - median(without)) * 1000
    yield Figure(
        name="startup_vs_an_empty_app", value=median(with_app) / median(without), goal=1.5, better="lower", unit="×"
    )
    yield Figure(name="startup_added_ms", value=added, better="lower", unit="ms")
    yield Figure(name="startup_queries", value=queries, goal=0, better="lower", unit="queries")


def _start(which: str, compiled: str) -> tuple[float, float]:
    command = [sys.executable, "-c", _START, which]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = compiled
    output = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout
    seconds, queries = output.split()
    return float(seconds), float(queries)
