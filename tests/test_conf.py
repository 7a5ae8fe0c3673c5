import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_copyleaks_image.conf import Conf, conf
from django_copyleaks_image.review_keys import DEFAULT_KEYS
from django_copyleaks_image.review_reasons import Reason
from django_copyleaks_image.setting_values import Secret


def test_dictionary_wins_over_environment_over_default(
    configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert conf.RATE_LIMIT == 10

    monkeypatch.setenv("COPYLEAKS_RATE_LIMIT", "2.5")
    assert conf.RATE_LIMIT == 2.5

    configure(RATE_LIMIT=7)
    assert conf.RATE_LIMIT == 7


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        (
            "FIELDS",
            "gallery.Photo.image,gallery.Listing.front",
            ("gallery.Photo.image", "gallery.Listing.front"),
        ),
        ("FIELDS", " gallery.Photo.image, gallery.Listing.front", ("gallery.Photo.image", "gallery.Listing.front")),
        ("SANDBOX", "true", True),
        ("SANDBOX", "off", False),
        ("TIMEOUT", "[1, 2]", (1, 2)),
        ("DAILY_BUDGET", "250", 250),
        ("DAILY_BUDGET", "null", None),
        ("MAX_ATTEMPTS", '{"unknown": 3}', {"transient": 30, "unknown": 3}),
        ("WEBHOOK_HEADERS", '[["X-Endpoint", "secret"]]', (("X-Endpoint", Secret("secret")),)),
        ("WEBHOOK_VERIFIERS", "builtins.bool, builtins.callable", (bool, callable)),
        ("MODE", "sync", "sync"),
        ("REVIEW_KEYS", '{"confirm": "k"}', {**DEFAULT_KEYS, "confirm": "k"}),
        ("REVIEW_NOTES", '["Asked the author, twice"]', ("Asked the author, twice",)),
        (
            "REVIEW_REASONS",
            '{"clear": ["Too smooth, too clean"]}',
            {
                "confirm": (),
                "clear": (Reason(name="Too smooth, too clean", label="Too smooth, too clean"),),
                "escalate": (),
            },
        ),
    ],
)
def test_environment__is_decoded_by_type(
    key: str, text: str, value: object, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.COPYLEAKS_IMAGE = {}
    monkeypatch.setenv(f"COPYLEAKS_{key}", text)

    assert getattr(conf, key) == value


@pytest.mark.parametrize(
    ("key", "text"), [("SANDBOX", "maybe"), ("TIMEOUT", "[1,"), ("RATE_LIMIT", "fast"), ("MODE", "ASYNC")]
)
def test_environment__that_cannot_be_decoded_names_the_key(
    key: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"COPYLEAKS_{key}", text)

    with pytest.raises(ImproperlyConfigured, match=key):
        getattr(conf, key)


WRONG: dict[str, list[object]] = {
    "ENABLED": ["no", None, 0],
    "EMAIL": [None, 3],
    "API_KEY": [None, 5, ["key"]],
    "PUBLIC_URL": [
        "photos.example.org",
        "ftp://example.org",
        "https://u:p@example.org",
        "https://:p@example.org",
        "https://e.org/?a=1",
        3,
    ],
    "FIELDS": [
        "gallery.Photo.image",
        ["Photo.image"],
        [3],
        None,
        {"Photo.image": {}},
        {"gallery.Photo.image": "title"},
    ],
    "MODE": ["both", None, ["sync"]],
    "SANDBOX": ["yes", 1, None],
    "MODEL": [None],
    "MASK_TYPE": ["gradient"],
    "API_URL": ["api.copyleaks.com"],
    "ID_URL": [None],
    "FETCH_HEADERS": [[["a"]], [["a", 1]], "no.such.callable", [["a", "b\r\nc"]], {"a": "b"}],
    "FETCH_HEADERS_KEY": [3],
    "WEBHOOK_HEADERS": ["X: y", [["", "b"]], [["a", "b", "c"]]],
    "WEBHOOK_VERIFIERS": ["tests.test_conf.headers_for", [None], ["no.such.function"], ["tests.test_conf.WRONG"]],
    "CLIENT_CERTIFICATE_HEADER": [None],
    "TRUSTED_PROXIES": ["10.0.0.1", ["10.0.0.300"], [3]],
    "MEDIA_ACCESS": ["public"],
    "DISPATCHER": ["no.such.module", ".inline", "inline", "django_copyleaks_image.conf.DICT_NAME", None],
    "RATE_LIMIT": [0, -1, "10", True, float("nan"), float("inf")],
    "TIMEOUT": [5, [5], [0, 1], [1, 2, 3], [5, 300]],
    "MAX_ATTEMPTS": [3, {"permanent": 1}, {"transient": 0}, {"unknown": 1.5}],
    "RESULT_WINDOW": [0, -1, 1.5, True, "10"],
    "RESULT_DEADLINE": [0, "1h"],
    "REFETCH_SECONDS": [-1, 2.5, "15m", True],
    "ON_LOST_RESULT": ["retry"],
    "DAILY_BUDGET": [-1, 2.5, True],
    "BALANCE_WARNING_DAYS": [-1, 2.5, True],
    "REVIEW_AREA": [-0.1, 1.1, "0.5", None],
    "MOSTLY_AI_AREA": [50],
    "WEBHOOK_MAX_BYTES": [0, None, 1.5],
    "METRICS_TOKEN": [None, 1],
    "ALERTS": [
        *["wrong", ["mail"], {"mails": True}, {"mail": "yes"}, {"webhook": 3}, {"webhook": "hooks.example.org"}],
        *[{"webhook": "ftp://e.org"}, {"webhook": "https://u:p@e.org"}, {"webhook": "https://e.org/a b"}],
        {"site": "admin.example.org"},
    ],
    "RETENTION_DAYS": [-1, "30"],
    "DELETED_MODERATORS": ["delete", None, True],
    "ERASE_KEEPS": ["sha256", ["hash"], [None], [["note"]], None],
    "OVERDUE_HOURS": [-1, "30", 1.5],
    "RENDITION_STORAGE": [None, 1],
    "RENDITION_CACHE": [None, 1],
    "PICTURE_ACCESS": ["no.such.module", 1, "django_copyleaks_image.conf.DICT_NAME"],
    "REST_ADMIN_SITE": [None, 1],
    "REVIEW_REASONS": [
        *["wrong", [1], [""], ["a", "a"], ["x" * 101], list("0123456789")],
        *[{"skip": ["a"]}, {"clear": "a"}, {"escalate": [1]}, {"clear": ["a", "a"]}],
    ],
    "REVIEW_KEYS": [
        "wrong",
        {"decide": "k"},
        {"confirm": "K"},
        {"confirm": "ü"},
        {"confirm": "1"},
        {"confirm": 1},
        {"confirm": "kk"},
        {"confirm": "c"},
        {"confirm": "k", "clear": "k"},
        {"confirm": "z"},
    ],
    "REVIEW_NOTES": ["wrong", [1], [""], ["x" * 501]],
    "FIT": ["yes", 1, None],
    "SMALL_PICTURES": ["shrink", None, True],
    "SECOND_LOOK_SHARE": [-0.1, 1.1, "half", None],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in WRONG.items() for value in values])
def test_wrong_value__names_the_key_and_what_it_must_be(
    key: str, value: object, configure: Callable[..., None]
) -> None:
    configure(**{key: value})

    with pytest.raises(ImproperlyConfigured, match=rf"COPYLEAKS_IMAGE\['{key}'\] must be "):
        getattr(conf, key)


def test_every_setting_has_wrong_values_above_and_a_sentence() -> None:
    assert {setting.key for setting in Conf.settings()} == set(WRONG)
    assert all(setting.__doc__ for setting in Conf.settings())


@pytest.mark.parametrize("key", ["API_KEY", "WEBHOOK_HEADERS", "FETCH_HEADERS"])
def test_wrong_value__is_quoted_nowhere(key: str, configure: Callable[..., None]) -> None:
    configure(**{key: [["X-Endpoint", "hush-hush", "three"]]})

    with pytest.raises(ImproperlyConfigured) as caught:
        getattr(conf, key)

    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    ours = [frame for frame in shown.stack if "django_copyleaks_image" in frame.filename]
    assert ours
    assert "hush-hush" not in str(caught.value) + repr([frame.locals for frame in ours])


@pytest.mark.parametrize("header", ["Bearer hush-hush", "Bearer hush-hush.token", "json.hush-hush"])
def test_header_in_the_place_of_a_dotted_path__is_quoted_nowhere(header: str, configure: Callable[..., None]) -> None:
    configure(FETCH_HEADERS=header)

    with pytest.raises(ImproperlyConfigured) as caught:
        _ = conf.FETCH_HEADERS

    assert "hush-hush" not in str(caught.value)


def test_dotted_path__whose_module_needs_another_that_is_missing_names_it(
    configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "their_dispatch.py").write_text("import no_such_broker")
    monkeypatch.syspath_prepend(tmp_path)
    configure(DISPATCHER="their_dispatch.wake")

    with pytest.raises(ImproperlyConfigured, match="needs the module 'no_such_broker'"):
        _ = conf.DISPATCHER


@pytest.mark.parametrize("value", ["half", 2])
def test_number__outside_its_bounds_or_none_at_all_is_told_them_in_a_sentence(
    value: object, configure: Callable[..., None]
) -> None:
    configure(REVIEW_AREA=value)

    with pytest.raises(ImproperlyConfigured, match=r"must be a number of at least 0 and of at most 1\.$"):
        _ = conf.REVIEW_AREA


def test_environment__that_is_no_json_says_what_is_wanted(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.COPYLEAKS_IMAGE = {}
    monkeypatch.setenv("COPYLEAKS_RATE_LIMIT", "fast")

    with pytest.raises(ImproperlyConfigured, match=r"must be a number above 0, as JSON \(in .* COPYLEAKS_RATE_LIMIT\)"):
        _ = conf.RATE_LIMIT


def test_environment__names_a_callable_without_quotation_marks(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.COPYLEAKS_IMAGE = {}
    monkeypatch.setenv("COPYLEAKS_FETCH_HEADERS", "tests.test_conf.headers_for")

    assert conf.FETCH_HEADERS is headers_for


def test_secret__shows_itself_to_nobody() -> None:
    secret = Secret("hush-hush")

    assert "hush" not in f"{secret!r} {secret} {[secret]}"
    assert secret.reveal() == "hush-hush"
    assert secret == Secret("hush-hush")
    assert secret != Secret("other")
    assert not Secret("")


def test_fetch_headers__from_a_dotted_callable(configure: Callable[..., None]) -> None:
    configure(FETCH_HEADERS="tests.test_conf.headers_for")

    assert conf.FETCH_HEADERS is headers_for


def headers_for(scan: object) -> list[list[str]]:
    return [["X-Scan", str(scan)]]
