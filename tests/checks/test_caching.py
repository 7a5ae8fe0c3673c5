"""django-cacheops, played: tests/neighbours has the real one."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps

from django_copyleaks_image.checks.caching import check_kept_queries


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


def test_nothing_is_told__without_cacheops() -> None:
    assert check_kept_queries() == []
