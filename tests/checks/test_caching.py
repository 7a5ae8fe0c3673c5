"""django-cacheops and django-cachalot, played: tests/neighbours has the real ones."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps

from django_copyleaks_image.checks.caching import check_kept_queries, check_kept_tables


@pytest.mark.parametrize(
    ("profiles", "kept"),
    [
        ({}, ""),
        ({"ImageScan": {"ops": {"count"}}}, "(ImageScan)"),
        ({"ImageScan": {"ops": set()}, "Day": None}, ""),
        ({"WatchedImage": {"ops": {"get", "fetch"}}, "ImageScan": {"ops": {"get"}}}, "(ImageScan, WatchedImage)"),
    ],
)
def test_kept_queries__are_told(profiles: dict[str, Any], kept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    is_installed = apps.is_installed
    monkeypatch.setattr(apps, "is_installed", lambda name: name == "cacheops" or is_installed(name))
    conf = SimpleNamespace(model_profile=lambda model: profiles.get(model.__name__))
    monkeypatch.setitem(sys.modules, "cacheops", SimpleNamespace(conf=conf))
    monkeypatch.setitem(sys.modules, "cacheops.conf", conf)

    messages = check_kept_queries()

    assert [message.id for message in messages] == (["copyleaks_image.W061"] if kept else [])
    assert all(kept in message.msg for message in messages)


@pytest.mark.parametrize(
    ("enabled", "left_out", "is_told"),
    [(True, "auth_", True), (True, "copyleaks_image_", False), (False, "auth_", False)],
)
def test_kept_tables__are_told(enabled: bool, left_out: str, is_told: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    is_installed = apps.is_installed
    monkeypatch.setattr(apps, "is_installed", lambda name: name == "cachalot" or is_installed(name))
    settings = SimpleNamespace(CACHALOT_ENABLED=enabled)
    monkeypatch.setitem(sys.modules, "cachalot", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "cachalot.settings", SimpleNamespace(cachalot_settings=settings))
    filtered = SimpleNamespace(filter_cachable=lambda tables: {it for it in tables if not it.startswith(left_out)})
    monkeypatch.setitem(sys.modules, "cachalot.utils", filtered)

    assert [message.id for message in check_kept_tables()] == ["copyleaks_image.W076"] * is_told


def test_nothing_is_told__without_either() -> None:
    assert check_kept_queries() == check_kept_tables() == []
