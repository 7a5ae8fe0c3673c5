"""A result body is read whatever its variant, and what nobody needs for the verdict never loses it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from django_copyleaks_image.copyleaks import errors
from django_copyleaks_image.copyleaks.bodies import NotJsonObject, PayloadError
from django_copyleaks_image.copyleaks.payloads import Detection, Failure, parse_callback
from django_copyleaks_image.problems import Problem
from django_copyleaks_image.setting_values import Secret

from .bodies import EDITED, NOTHING, UNTOUCHED, changed

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "recorded"


def detected(body: bytes) -> Detection:
    found = parse_callback(body)
    assert isinstance(found, Detection)
    return found


def failed(body: bytes) -> Failure:
    found = parse_callback(body)
    assert isinstance(found, Failure)
    return found


def test_edited_photo() -> None:
    found = detected(changed({}))

    assert found.model == "ai-image-1-ultra"
    assert found.is_ai_detected
    assert (found.ai_ratio, found.human_ratio) == (0.019999999, 0.98000002)
    assert found.mask is not None
    assert (list(found.mask.starts), list(found.mask.lengths), found.mask_problem) == ([10, 30], [5, 15], "")
    assert (found.width, found.height) == (50, 20)
    assert found.metadata == EDITED["imageInfo"]["metadata"]
    assert found.credits == 1
    assert found.scanned_at == datetime(2026, 7, 20, 20, 46, 58, 510474, tzinfo=UTC)
    assert found.scan_id == found.developer_payload == EDITED["developerPayload"]
    assert (found.heatmap, found.heatmap_problem) == (None, "")


def test_untouched_photo__has_an_empty_mask() -> None:
    found = detected(changed({}, UNTOUCHED))

    assert not found.is_ai_detected
    assert found.ai_ratio == 0
    assert found.mask is not None
    assert not found.mask


@pytest.mark.parametrize(("name", "share"), [("untouched_photo", 0), ("locally_edited_photo", 0.00115)])
def test_recorded_production_body(name: str, share: float) -> None:
    path = RECORDED / f"{name}.json"
    if not path.is_file():
        pytest.skip("the recorded production bodies are not part of the distribution")
    found = detected(path.read_bytes())

    assert found.is_ai_detected is (share > 0)
    assert found.ai_ratio == pytest.approx(share, rel=0.01)
    assert found.mask is not None
    assert found.width is not None
    assert found.height is not None
    assert found.mask.area / (found.width * found.height) == pytest.approx(share, rel=0.01)
    assert found.mask_problem == ""
    assert found.scanned_at is not None
    assert found.credits == 1


def test_keys__in_any_case_and_the_newer_alias() -> None:
    def shouted(value: Any) -> Any:
        return {name.upper(): shouted(member) for name, member in value.items()} if isinstance(value, dict) else value

    document = shouted(EDITED)
    document["SCANNEDIMAGE"] = document.pop("SCANNEDDOCUMENT")
    shouting, plain = detected(json.dumps(document).encode()), detected(changed({}))

    assert shouting == plain


def test_key_twice__the_last_counts() -> None:
    assert detected(b'{"isAiDetected": false, "ISAIDETECTED": true}').is_ai_detected
    assert not detected(b'{"isAiDetected": true, "isAiDetected": false}').is_ai_detected


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"isAiDetected": False}, False),
        ({"isAiDetected": True, "summary.ai": 0, "result": {}}, True),
        ({"isAiDetected": NOTHING}, True),
        ({"isAiDetected": None, "summary.ai": 0}, True),
        ({"isAiDetected": NOTHING, "result": NOTHING}, True),
        ({"isAiDetected": NOTHING, "summary": NOTHING}, True),
        ({"isAiDetected": NOTHING, "summary.ai": 0, "result": {"starts": [], "lengths": []}}, False),
        ({"isAiDetected": NOTHING, "summary": None, "result": {"starts": [], "lengths": []}}, False),
        ({"isAiDetected": NOTHING, "summary.ai": 0.0, "result": {"starts": [-1], "lengths": [5]}}, False),
    ],
)
def test_verdict__is_the_stated_one_else_from_share_and_mask(changes: dict[str, Any], verdict: bool) -> None:
    assert detected(changed(changes)).is_ai_detected is verdict


def test_share__comes_from_the_mask_when_the_summary_has_none() -> None:
    assert detected(changed({"summary": NOTHING})).ai_ratio == 20 / 1000
    assert detected(changed({"summary": NOTHING, "imageInfo": NOTHING})).ai_ratio is None
    # The documentation's own example: share and mask contradict each other, and the stated share stands.
    assert detected(changed({"summary.ai": 0.7})).ai_ratio == 0.7


@pytest.mark.parametrize(
    "runs",
    [
        {"starts": [10], "lengths": [5, 5]},
        {"starts": [990], "lengths": [11]},
        {"starts": [-1], "lengths": [5]},
        {"starts": [1.5], "lengths": [5]},
        {"starts": ["1"], "lengths": [5]},
        {"starts": [10**400], "lengths": [5]},
        {"starts": [1], "lengths": [0]},
        {"starts": [True], "lengths": [5]},
        {"starts": [1]},
        {"starts": {}, "lengths": 5},
    ],
)
def test_unusable_mask__never_loses_the_verdict(runs: dict[str, Any]) -> None:
    found = detected(changed({"result": runs}))

    assert found.is_ai_detected
    assert found.ai_ratio == 0.019999999
    assert found.mask is None
    assert 0 < len(found.mask_problem) <= 200


def test_absent_mask__is_no_problem() -> None:
    found = detected(changed({"result": NOTHING}))

    assert (found.mask, found.mask_problem) == (None, "")


@pytest.mark.parametrize(("value", "ratio"), [(-0.0005, 0), (1.0005, 1), (1, 1), (0, 0), (5e-324, 5e-324)])
def test_ratio__of_a_rounding_error_is_clamped(value: float, ratio: float) -> None:
    found = detected(changed({"summary.ai": value, "summary.human": value}))

    assert (found.ai_ratio, found.human_ratio) == (ratio, ratio)


@pytest.mark.parametrize("name", ["ai", "human"])
@pytest.mark.parametrize(
    "value",
    ["37", "-0.01", "1.01", "NaN", "Infinity", "-Infinity", "1e999", "9" * 400, "9" * 5000, "true", '"0.5"', "[]"],
)
def test_ratio__outside_its_range_is_refused(name: str, value: str) -> None:
    with pytest.raises(PayloadError) as caught:
        parse_callback(b'{"isAiDetected": true, "summary": {"%s": %s}}' % (name.encode(), value.encode()))

    assert not isinstance(caught.value, NotJsonObject)


@pytest.mark.parametrize(
    "value", ["NaN", "1e999", "9" * 400, "-" + "9" * 5000, "null", "{}", '"x"', "[[]]", "-1", "1.5"]
)
def test_number_that_nobody_can_use__in_a_field_that_nobody_needs(value: str) -> None:
    body = (
        '{"isAiDetected": true, "extra": V, "imageInfo": {"shape": {"width": V, "height": V}, "metadata": {"n": V}},'
        ' "scannedDocument": {"actualCredits": V, "expectedCredits": 3, "creationTime": V}}'
    ).replace("V", value)
    found = detected(body.encode())

    assert (found.width, found.height, found.scanned_at) == (None, None, None)
    assert found.credits == 3
    assert "nan" not in found.metadata.values()
    assert "inf" not in found.metadata.values()


@pytest.mark.parametrize("value", [0, "yes", 1, [], {}])
def test_stated_verdict__of_another_type_is_refused(value: object) -> None:
    with pytest.raises(PayloadError):
        parse_callback(changed({"isAiDetected": value}))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-07-20T20:46:58.5104745Z", datetime(2026, 7, 20, 20, 46, 58, 510474, tzinfo=UTC)),
        ("2026-07-20T22:46:58.5104745+02:00", datetime(2026, 7, 20, 20, 46, 58, 510474, tzinfo=UTC)),
        ("2026-07-20T20:46:58", datetime(2026, 7, 20, 20, 46, 58, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", None),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59.9999999-14:00", None),
        ("yesterday", None),
        ("2026-07-20T20:46:58." + "1" * 1000, None),
        ("", None),
        (1784580418, None),
    ],
)
def test_scan_time(text: object, moment: datetime | None) -> None:
    found = detected(changed({"scannedDocument.creationTime": text})).scanned_at

    assert found == moment
    if found is not None:
        assert found.utcoffset() == timedelta(0)


def test_metadata__is_bounded_cleaned_and_documented_entries_come_first() -> None:
    given: dict[str, Any] = {f"extra{number}": number for number in range(100)}
    given |= {"ISSUEDBY": "a\x00b\x1bc\ud800d\ne", "contentSummary": "x" * 5000, "yes": True, "nested": {"no": 1}}
    metadata = detected(changed({"imageInfo.metadata": given})).metadata

    assert metadata["issuedBy"] == "abcd e"
    assert metadata["contentSummary"] == "x" * 2000
    assert metadata["extra0"] == "0"
    assert "nested" not in metadata
    assert len(metadata) == 32
    json.dumps(dict(metadata), ensure_ascii=False).encode()


@pytest.mark.parametrize("metadata", [{}, None, [], "text", 5])
def test_metadata__of_nothing(metadata: object) -> None:
    assert detected(changed({"imageInfo.metadata": metadata})).metadata == {}


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"actualCredits": 0}, 0),
        ({"actualCredits": None}, 2),
        ({"actualCredits": -1, "expectedCredits": None}, None),
        ({"actualCredits": 1.0}, 1),
    ],
)
def test_credits__are_the_actual_else_the_expected(counts: dict[str, Any], expected: int | None) -> None:
    assert detected(changed({f"scannedDocument.{name}": value for name, value in counts.items()})).credits == expected


@pytest.mark.parametrize("claim", [None, "", 5, {}, ["x"]])
def test_claims__may_be_missing(claim: object) -> None:
    found = detected(changed({"developerPayload": claim, "scannedDocument.scanId": claim}))

    assert (found.developer_payload, found.scan_id) == (None, None)


def test_claims__that_are_too_long_contradict_instead_of_confirming() -> None:
    scan_id = EDITED["developerPayload"]
    found = detected(
        changed({"developerPayload": scan_id + "x" * 10_000, "scannedDocument.scanId": scan_id + "x" * 10_000})
    )

    assert found.developer_payload not in (None, scan_id)
    assert found.scan_id not in (None, scan_id)
    assert len(found.scan_id or "") <= 100


def test_failure__in_the_house_style() -> None:
    found = failed(
        b'{"status":1,"error":{"type":"invalid_request_error","code":5,"message":"Download failed."},'
        b'"developerPayload":"abc","scannedDocument":{"scanId":"def"}}'
    )

    assert isinstance(found.error, errors.TransientError)
    assert (found.error.slug, found.error.message, found.error.status) == ("download_failed", "Download failed.", None)
    assert (found.developer_payload, found.scan_id) == ("abc", "def")


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        (b'{"error":"It broke."}', errors.UnknownError, "It broke."),
        (b'{"Error":{"code":13}}', errors.PaymentError, Problem.NO_REASON_GIVEN()),
        (b'{"status":1}', errors.UnknownError, Problem.NO_REASON_GIVEN()),
        (b'{"status":"failed","message":"It broke."}', errors.UnknownError, "It broke."),
        (b'{"status":1,"error":{"code":99},"scanId":"abc"}', errors.UnknownError, Problem.NO_REASON_GIVEN()),
    ],
)
def test_failure__in_other_styles(body: bytes, kind: type[Exception], message: str) -> None:
    found = failed(body)

    assert (type(found.error), found.error.message) == (kind, message)


def test_failure__quotes_no_secret() -> None:
    found = parse_callback(
        b'{"error":"https://photos.example.org/media/x said: open sesame"}', hide=[Secret("open sesame")]
    )

    assert isinstance(found, Failure)
    assert found.error.message == "[hidden] said: [hidden]"


@pytest.mark.parametrize(
    "extra", [{"error": None}, {"error": {}}, {"error": ""}, {"status": 0}, {"status": 1}, {"error": False}]
)
def test_detection__with_an_empty_error_is_still_one(extra: dict[str, Any]) -> None:
    assert detected(changed(extra)).is_ai_detected


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"status":0}',
        b'{"model":"x"}',
        b'{"result":{}}',
        b'{"result":{"starts":[-1],"lengths":[1]}}',
        b'{"message":"hello"}',
        b'{"error":[1]}',
    ],
)
def test_object_without_verdict_or_failure__is_refused(body: bytes) -> None:
    with pytest.raises(PayloadError) as caught:
        parse_callback(body)

    assert not isinstance(caught.value, NotJsonObject)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"null",
        b"5",
        b'"text"',
        b"[]",
        b"<html></html>",
        b"\xff\xfe{\x00}\x00",
        b'{"isAiDetected": tru',
        b'{"isAiDetected": true, "model": "\xc3',
        b'{"isAiDetected": true} x',
        changed({})[:-1],
        changed({})[:100],
        b"isAiDetected=true",
    ],
)
def test_body_that_is_no_object_or_cut_short(body: bytes) -> None:
    with pytest.raises(NotJsonObject):
        parse_callback(body)


def test_byte_order_mark__is_tolerated() -> None:
    assert detected(b"\xef\xbb\xbf" + changed({})).is_ai_detected


@pytest.mark.parametrize(
    "wrap", [lambda inner: b'{"a":' + inner + b"}", lambda inner: inner], ids=["in an object", "bare"]
)
@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_deep_nesting__is_refused(wrap: Callable[[bytes], bytes], opening: bytes) -> None:
    with pytest.raises(PayloadError):
        parse_callback(wrap(opening * 200_000))


def test_refusal__quotes_nothing_of_the_payload_and_chains_nothing_that_does() -> None:
    for body in (b'{"isAiDetected": "marker"}', b'{"summary": {"ai": "marker"}}', b'{"x": "marker', b"marker\xff"):
        with pytest.raises(PayloadError) as caught:
            parse_callback(body)
        assert "marker" not in str(caught.value)
        assert len(str(caught.value)) <= 200
        assert caught.value.__context__ is None


def test_large_mask__is_read_quickly() -> None:
    runs = 200_000
    result = {"starts": list(range(0, 2 * runs, 2)), "lengths": [1] * runs}
    body = changed({"result": result, "imageInfo.shape": {"width": 1000, "height": 1000}, "summary": NOTHING})

    assert detected(body).ai_ratio == runs / 1_000_000
