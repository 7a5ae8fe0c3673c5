"""What the app adds to the start of a project that watches a field, against an app that does nothing in its place."""

import os
import subprocess
import sys
from collections.abc import Iterator
from statistics import median

from benchmarks.figures import Figure
from benchmarks.local_copyleaks import ROOT

REPEAT = 15
# Prints processor seconds of django.setup(), and the queries made in it.
_START = """
import os, sys, time
from types import ModuleType
from django.conf import settings
from tests import settings as project
names = {name: getattr(project, name) for name in dir(project) if name.isupper()}
# The gallery's own admin uses that of the app.
sys.modules["tests.gallery.admin"] = ModuleType("tests.gallery.admin")
if sys.argv[1] == "without":
    apps = names["INSTALLED_APPS"]
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
from tests.gallery.models import Photo
assert ("django_copyleaks_image" in sys.modules) == (sys.argv[1] == "with")
assert post_save.has_listeners(Photo) == (sys.argv[1] == "with")
print(taken, queries)
"""


def measure() -> Iterator[Figure]:
    with_app, without = [], []
    queries = 0.0
    for _ in range(REPEAT):
        seconds, found = _start("with")
        queries += found
        with_app.append(seconds)
        without.append(_start("without")[0])
    added = (median(with_app) - median(without)) * 1000
    yield Figure(
        name="startup_vs_an_empty_app", value=median(with_app) / median(without), goal=3, better="lower", unit="×"
    )
    yield Figure(name="startup_added_ms", value=added, better="lower", unit="ms")
    yield Figure(name="startup_queries", value=queries, goal=0, better="lower", unit="queries")


def _start(which: str) -> tuple[float, float]:
    command = [sys.executable, "-c", _START, which]
    output = subprocess.run(command, cwd=ROOT, env=os.environ, check=True, capture_output=True, text=True).stdout
    seconds, queries = output.split()
    return float(seconds), float(queries)
