"""A typed project finds the app's types: nothing to complain of, and whatever is wrong is found."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from .optional_packages import needed

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "tests" / "typed_project"
# Each wrong line says which error it must be.
WRONG = """
from django_copyleaks_image.api import latest_scan, request_scan
from django_copyleaks_image.emulator import Emulator
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.registry import register, scan_images
from shop.models import Article, Brand


def ask(article: Article) -> None:
    request_scan(article, 1)  # arg-type
    request_scan(article, "picture", forced=True)  # call-arg
    request_scan(article, "picture").nothing  # attr-defined
    latest_scan(article, "picture").verdict  # union-attr
    latest_scan("article", "picture")  # arg-type
    register(Brand, "logo", review_area="1 %")  # arg-type
    register(Brand, "logo", review=0.1)  # call-arg
    register(Brand, "photo_key", source="media")  # arg-type
    scan_images("logo")("Brand")  # type-var
    scan_images("logo", review=0.1)  # call-arg
    ImageScan.objects.unfinished(1)  # call-arg
    ImageScan.objects.filter(state="queued")  # misc
    number: int = request_scan(article, "picture").scan_id  # assignment
    with Emulator() as copyleaks:
        copyleaks.address  # attr-defined
"""

needed("mypy", package="mypy")
needed("mypy_django_plugin", package="django-stubs")
needed("mypy_drf_plugin", package="djangorestframework-stubs")


def test_typed_project(tmp_path: Path) -> None:
    project = shutil.copytree(PROJECT, tmp_path / "project")
    (project / "wrong.py").write_text(WRONG)
    # In a folder of its own, so that the app is the installed one, which is typed only by its py.typed.
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", f"--cache-dir={ROOT / '.mypy_cache' / 'typed_project'}", "shop", "wrong.py"],
        cwd=project,
        env={name: value for name, value in os.environ.items() if name not in ("MYPYPATH", "PYTHONPATH")},
        capture_output=True,
        text=True,
        check=False,
    )

    found = re.findall(r"^(\S+\.py):(\d+): error: .*\[([a-z-]+)\]$", checked.stdout, re.MULTILINE)
    expected = [
        ("wrong.py", str(number), code)
        for number, line in enumerate(WRONG.splitlines(), 1)
        for code in re.findall(r"  # ([a-z-]+)$", line)
    ]
    assert found == expected, checked.stdout + checked.stderr
