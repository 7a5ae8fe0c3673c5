"""Django logs the path of every 4xx; the mark that stops it is private, so each version is held to it."""

import logging

import pytest
from django.test import Client


def test_mark__keeps_django_silent(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="django.request")

    Client().get("/somewhere/else/")
    assert "/somewhere/else/" in caplog.text
    caplog.clear()

    assert Client().get("/copyleaks/media/secret-token/a.jpg").status_code == 404
    assert Client().post("/copyleaks/webhook/some-scan/secret-token/").status_code == 404
    assert "secret-token" not in caplog.text
