"""README and reference pages say what there is: settings, signals, columns, commands, tags, blocks and addresses."""

import ast
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from django.apps import apps
from django.urls import NoReverseMatch, reverse

import django_copyleaks_image
from django_copyleaks_image import models, signals
from django_copyleaks_image.alerts.channels import SIGNALS
from django_copyleaks_image.conf import Conf
from django_copyleaks_image.standings import Kind, Queue
from django_copyleaks_image.templatetags.copyleaks_image import register
from django_copyleaks_image.verdicts import Verdict
from tests.documents import DOCS, DOCUMENTS, ROOT

PACKAGE = Path(django_copyleaks_image.__file__).parent
README = (ROOT / "README.rst").read_text()


def text_of(page: str) -> str:
    return (DOCS / f"{page}.rst").read_text()


def first_cells(text: str) -> list[str]:
    """Return the literals in the first column of the tables of a page, of cells that go over several lines as well."""
    rows = re.findall(r"^((?:``[^`]+``,? ?)+)(?: |$)", text, re.MULTILINE)
    return [literal for row in rows for literal in re.findall(r"``([^`]+)``", row)]


def test_readme__is_for_newcomers() -> None:
    assert len(README.split()) <= 900


def test_readme__leads_to_what_is_there_from_anywhere() -> None:
    """A package index shows it by itself, so that all addresses are whole ones of the project."""
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]
    repository, documentation = urls["Repository"], urls["Documentation"]
    assert documentation == django_copyleaks_image.DOCUMENTATION
    pictures = repository.replace("github.com", "raw.githubusercontent.com") + "/main/"
    addresses = re.findall(r"(?:<|image:: )([^\s<>]+)>?", README)
    assert len(addresses) > 10
    for address in addresses:
        if address.startswith(pictures):
            assert (ROOT / address.removeprefix(pictures)).is_file(), address
        elif address.startswith(documentation):
            page = address.removeprefix(documentation).partition("#")[0] or "index.html"
            assert (DOCS / page).with_suffix(".rst").is_file(), address
        else:
            assert address in (repository, "https://copyleaks.com")


def test_readme__has_eleven_lines_to_a_first_verdict() -> None:
    """Those that somebody types: what stands in a project already is not counted."""
    section = README[README.index("Eleven lines") : README.index("Now upload")]
    present = ("INSTALLED_APPS = [", "urlpatterns = [", "# …", "]")
    code = [line.strip() for line in section.splitlines() if line.startswith("       ")]
    assert len([line for line in code if line and line not in present]) == 11


def written(value: object) -> str:
    """Return a default as a project would write it."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(written, value))}]"
    return json.dumps(value) if isinstance(value, str) else repr(value)


def test_settings__each_has_an_entry() -> None:
    entries = re.findall(
        r"^``([A-Z_]+)``\n-+\n\n(?:.+\n)+\n:Default: ``(.*)``\n:Type: .+\n(?: .+\n)*:Applies: .+\n",
        text_of("settings"),
        re.MULTILINE,
    )
    assert sorted(entries) == sorted((setting.key, written(setting.default)) for setting in Conf.settings())


def test_settings__name_the_checks_that_speak_of_them() -> None:
    checks = re.split(r"^``copyleaks_image\.([EW]\d+)``\n=+\n", text_of("checks"), flags=re.MULTILINE)[1:]
    spoken = list(zip(checks[::2], checks[1::2], strict=True))
    entries = re.split(r"^``([A-Z_]+)``\n-+\n", text_of("settings"), flags=re.MULTILINE)[1:]
    for key, entry in zip(entries[::2], entries[1::2], strict=True):
        about = {check for check, text in spoken if re.search(rf"\b{key}\b", text)}
        assert set(re.findall(r"`([EW]\d+) <", entry)) == about, key


def test_signals__are_told_with_their_arguments() -> None:
    documented: dict[str, set[str]] = {}
    name = ""
    for line in text_of("signals").splitlines():
        if begins := re.fullmatch(r"``(\w+)`` *", line[:20]):
            name = begins[1]
        elif line[:20].strip():
            continue
        documented.setdefault(name, set()).update(re.findall(r"``(\w+)``", line[20:65]))
    documented.pop("", None)
    assert documented.keys() == set(signals.__all__)
    sent = {name: arguments for name, arguments in _sent().items() if name not in SIGNALS}
    assert {name: documented[name] for name in sent} == sent


def _sent() -> Mapping[str, set[str]]:
    """Return the arguments with which the package sends its signals; those of alerts have theirs from facts."""
    sent: dict[str, set[str]] = {}
    for path in (PACKAGE / "notify.py", PACKAGE / "scanning" / "overdue.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "send_robust":
                name = ast.unparse(call.func.value).removeprefix("signals.")
                names = ("scan_completed", "scan_failed") if name == "signal" else (name,)
                sent |= dict.fromkeys(names, {str(it.arg) for it in call.keywords} - {"sender"})
    return sent


@pytest.mark.parametrize("name", ["WatchedImage", "ImageScan", "DetectionResult", "Decision"])
def test_columns_that_may_be_relied_on__are_there(name: str) -> None:
    section = re.search(rf"^``{name}``\n=+\n(.*?)(?=^``\w+``\n=|\Z)", text_of("models"), re.MULTILINE | re.DOTALL)
    assert section
    model = getattr(models, name)
    columns = first_cells(section[1])
    assert len(columns) > 10
    assert [it for it in columns if not hasattr(model, it.removesuffix("()"))] == []


def test_values_of_columns__are_those_that_there_are() -> None:
    text = text_of("models")
    told = set(re.findall(r'``"(\w+)"``', text))
    choices = {value for kind in (Verdict, Queue, Kind, models.ImageScan.Status) for value in kind.values if value}
    assert choices <= told


def commands() -> Iterator[tuple[str, Path]]:
    for path in sorted((PACKAGE / "management" / "commands").glob("copyleaks_*.py")):
        yield path.stem, path


def test_commands__exit_codes_are_told() -> None:
    text = text_of("commands")
    table = text[: text.index("Commands and options")]
    rows = dict(re.findall(r"^(\d+) +(.+(?:\n  .*)*)", table, re.MULTILINE))
    interrupted = {name for name, path in commands() if "returncode=130" in path.read_text()}
    assert set(re.findall(r"copyleaks_\w+", rows["130"])) == interrupted
    assert {code for _, path in commands() for code in re.findall(r"returncode=(\d+)", path.read_text())} <= rows.keys()
    assert ".. commands::" in text


def test_permissions__those_that_pages_name_are_there() -> None:
    there = {
        codename
        for model in apps.get_app_config("copyleaks_image").get_models()
        for codename in (
            *(f"{action}_{model._meta.model_name}" for action in model._meta.default_permissions),
            *(codename for codename, _ in model._meta.permissions),
        )
    }
    named = set(
        re.findall(r"``(?:copyleaks_image\.)?((?:view|decide|release|rescan|resume|rejudge)_\w+)``", all_pages())
    )
    assert named
    assert named <= there


def all_pages() -> str:
    return "\n".join(document.read_text() for document in DOCUMENTS)


def test_templates__tags_classes_and_blocks_are_there() -> None:
    text = text_of("templates")
    assert set(re.findall(r"^``{% (\w+) photo", text, re.MULTILINE)) == set(register.tags)
    folder = PACKAGE / "templates"
    with_blocks = {
        str(path.relative_to(folder)) for path in folder.rglob("*.html") if "{% block copyleaks_" in path.read_text()
    }
    assert set(re.findall(r"^- ``(admin/.+)``$", text, re.MULTILINE)) == with_blocks
    blocks = {
        name for path in with_blocks for name in re.findall(r"{% block (copyleaks_\w+)", (folder / path).read_text())
    }
    assert blocks == set(re.findall(r"``(copyleaks_aside_\w+)``", text))
    decided = {"flagged", "cleared", "confirmed", "escalated"}
    verdicts = {value.replace("_", "-") or "not-measured" for value in Verdict.values}
    assert set(re.findall(r"^``copyleaks-label-([\w-]+)``", text, re.MULTILINE)) == verdicts | decided


def test_url_names__lead_somewhere() -> None:
    names = [name for name in first_cells(text_of("templates")) if ":" in name]
    assert len(names) > 5
    modules: dict[str, ModuleType] = {
        f"copyleaks_image{suffix}": import_module(f"django_copyleaks_image.{module}")
        for suffix, module in (("", "urls"), ("_health", "health"), ("_metrics", "metrics"))
    }
    for name in names:
        namespace, _, view = name.partition(":")
        if namespace == "admin":
            assert any(_leads_somewhere(name, *args) for args in ((), (1,))), name
        else:
            module = modules[namespace]
            assert module.app_name == namespace
            assert view in [pattern.name for pattern in module.urlpatterns]


def _leads_somewhere(name: str, *args: int) -> bool:
    try:
        return bool(reverse(name, args=args))
    except NoReverseMatch:
        return False
