"""What a process imports at its start: nothing that only those need who speak to Copyleaks or draw a picture."""

import json
import os
import subprocess
import sys
from pathlib import Path

from django_copyleaks_image.checks import MODULES, registering

ROOT = Path(__file__).resolve().parents[1]
START = """
import json, sys
from django.conf import settings
from tests import settings as project
names = {name: getattr(project, name) for name in dir(project) if name.isupper()}
# Django's ImageField imports Pillow by itself when it looks into a file.
settings.configure(**names)
import django
django.setup()
print(json.dumps(sorted(sys.modules)))
"""
# With what each of them brings; none is needed by a site that takes an upload.
HEAVY = ("requests", "urllib3", "PIL", "pillow_heif", "pi_heif", "numpy", "charset_normalizer", "idna", "certifi")
# What is used once somebody opens a page of the admin, runs a check or a worker, or speaks to Copyleaks.
OURS = (
    *("admin.account_page", "admin.cards", "admin.chart", "admin.figures", "admin.overview", "admin.unscanned"),
    *("admin.waiting", "alerts.channels", "alerts.rounds", "copyleaks.bodies", "copyleaks.fetch", "copyleaks.session"),
    *("copyleaks.token", "copyleaks.transport", "decoding", "emulator", "endpoints", "monitoring", "scanning.circuit"),
    *("scanning.full_scan", "scanning.receive", "scanning.submit", "worker"),
)


def test_setup__imports_neither_a_client_nor_a_decoder() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", START], cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    modules = json.loads(ran.stdout)

    assert "django_copyleaks_image.admin.desk.views" in modules
    assert [name for name in modules if name.partition(".")[0] in HEAVY] == []
    begun = tuple(f"django_copyleaks_image.{name}." for name in OURS)
    assert [name for name in modules if f"{name}.".startswith(begun)] == []
    ours = "django_copyleaks_image.checks."
    assert [name for name in modules if name.startswith(ours)] == [f"{ours}registering"]


def test_every_module_of_checks__is_imported_by_the_first_that_runs() -> None:
    there = {path.stem for path in Path(registering.__file__).parent.glob("*.py")}

    assert there - {"__init__", "registering"} == set(MODULES)


def test_patterns_of_bodies__are_compiled_at_first_use() -> None:
    """They take longer than the rest of the package."""
    counting = (
        "import codecs, json, re, django_copyleaks_image.problems; compiled = []; real = re._compile\n"
        "def count(pattern, flags):\n"
        "    compiled.append(pattern); return real(pattern, flags)\n"
        "re._compile = count\n"
        "from django_copyleaks_image.copyleaks import bodies\n"
        "print(len(compiled)); print(bodies.load_json(b'{\"a\": [1]}')); print(len(compiled) > 0)\n"
    )
    ran = subprocess.run([sys.executable, "-c", counting], cwd=ROOT, capture_output=True, text=True, check=False)

    assert ran.stdout.splitlines() == ["0", "{'a': [1]}", "True"], ran.stderr
