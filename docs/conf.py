"""Builds the documents as HTML: ``make docs``. Links that GitHub follows, such as ``<alerts.rst>``, work there too."""

import os
import posixpath
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import django
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "docs" / "_ext")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

import django_copyleaks_image  # noqa: E402 - as every module of an app, it needs Django to be set up

project = "django-copyleaks-image"
author = copyright = "the maintainers of django-copyleaks-image"  # noqa: A001 - Sphinx names it so
release = version = django_copyleaks_image.__version__
extensions = ["sphinx.ext.autodoc", "from_code"]
exclude_patterns = ["_build", "_ext", "screenshots"]
html_theme = "furo"
html_title = f"{project} {release}"
# Sentences quote code in which quotation marks matter.
smartquotes = False
autodoc_typehints = "description"
autodoc_member_order = "bysource"
# What README and other files of the folder above say, seen from here: pictures and documents of the repository, and
# pages of these documents by their address, which a package index needs.
_URLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]
_PICTURES = _URLS["Repository"].replace("github.com", "raw.githubusercontent.com") + "/main/docs/"
_PAGE = re.compile(re.escape(_URLS["Documentation"]) + r"(?:(?P<name>\w+)\.html)?(?P<fragment>#[\w-]+)?")
_IN_DOCS = re.compile(r"\bdocs/(?=[\w/-]+\.(?:rst|png|svg))")
_DOCUMENT = re.compile(r"^(?P<name>[\w./-]+)\.rst(?P<fragment>#.*)?$")
# Files of the folder above, which documents of these names include.
_INCLUDED = {"README": "introduction", "CHANGELOG": "changelog", "SECURITY": "security", "CONTRIBUTING": "contributing"}


def _as_seen_from_docs(app: Sphinx, path: Path, parent: str, content: list[str]) -> None:
    """Let the links and pictures of the README lead from this folder."""
    text = _PAGE.sub(lambda page: f"{page['name'] or 'index'}.rst{page['fragment'] or ''}", content[0])
    content[0] = _IN_DOCS.sub("", text.replace(_PICTURES, ""))


def _lead_to_pages(app: Sphinx, tree: nodes.document, docname: str) -> None:
    """Let links to sources lead to what is made of them; one that leads nowhere fails the build."""
    for reference in list(tree.findall(nodes.reference)):
        address = reference.get("refuri", "")
        if address and (ROOT / address).is_dir():  # A folder of the sources has no page.
            reference.replace_self(reference.children)
            continue
        match = _DOCUMENT.match(address)
        if match is None:
            continue
        name = posixpath.normpath(posixpath.join(posixpath.dirname(docname), match["name"])).removeprefix("../")
        target, fragment = _INCLUDED.get(name, name), match["fragment"] or ""
        if target not in app.env.found_docs:
            raise ExtensionError(f"{docname}: there is no {name}.rst")
        if fragment and fragment[1:] not in app.env.get_doctree(target).ids:
            raise ExtensionError(f"{docname}: {name}.rst has no {fragment}")
        reference["refuri"] = app.builder.get_relative_uri(docname, target) + fragment


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("include-read", _as_seen_from_docs)
    app.connect("doctree-resolved", _lead_to_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
