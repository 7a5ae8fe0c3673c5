"""The steps of the README are found by what they do, so that its headings and numbers may change."""

from pathlib import Path

import pytest

pytest.importorskip("docutils")

from release import readme
from release.problem import Problem

ROOT = Path(__file__).resolve().parents[2]
STEPS = """
Try it
======

1. Something else.

Begin
=====

1. Install::

       pip install django-copyleaks-image

2. Settings:

   .. code-block:: python

       INSTALLED_APPS = [
           # …
           "django_copyleaks_image",
       ]
       COPYLEAKS_IMAGE = {}

3. Addresses:

   .. code-block:: python

       from django.urls import include, path

       urlpatterns = [
           # …
           path("copyleaks/", include("django_copyleaks_image.urls")),
       ]

4. Tables::

       python manage.py migrate

5. Worker and site::

       python manage.py copyleaks_emulator --with-worker
       python manage.py runserver
"""


def test_steps_of_this_readme__are_complete() -> None:
    steps = readme.read_steps((ROOT / "README.rst").read_text())

    assert steps[0].commands == ("pip install django-copyleaks-image",)
    assert [step.file for step in steps if step.python] == ["settings.py", "urls.py"]
    assert [step.is_endless for step in steps] == [False] * (len(steps) - 1) + [True]


def test_python_of_a_step__comes_into_the_file_of_the_project(tmp_path: Path) -> None:
    _, _, urls, *_ = readme.read_steps(STEPS)
    file = tmp_path / "urls.py"
    file.write_text(
        '"""Addresses."""\nfrom django.urls import path\n\nurlpatterns = [\n    path("admin/", admin),\n]\n'
    )

    readme.apply(urls.python, file)

    assert file.read_text() == (
        '"""Addresses."""\nfrom django.urls import include, path\nfrom django.urls import path\n\nurlpatterns = [\n'
        '    path("admin/", admin),\n    path("copyleaks/", include("django_copyleaks_image.urls")),\n]\n'
    )


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("pip install", "pip show", "no numbered list whose first step is pip install"),
        ("urlpatterns", "patterns", r"(?s)does not say where this belongs.*patterns"),
        ("python manage.py migrate", "python manage.py check", "do not call migrate"),
        ("copyleaks_emulator --with-worker", "copyleaks_worker", "do not call copyleaks_emulator"),
    ],
)
def test_readme_without_a_step__is_refused(old: str, new: str, says: str) -> None:
    with pytest.raises(Problem, match=says):
        readme.read_steps(STEPS.replace(old, new))
