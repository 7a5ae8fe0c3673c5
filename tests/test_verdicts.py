import pytest
from django.utils import translation

from django_copyleaks_image.verdicts import Policy, Verdict, finding_in_words, judge, share_in_words

POLICY = Policy(review_area=0.1, mostly_ai_area=0.5)


@pytest.mark.parametrize(
    ("detected", "ratio", "verdict", "needs_review"),
    [
        (False, 0.0, Verdict.NO_AI, False),
        (False, 0.9, Verdict.NO_AI, False),
        (True, None, Verdict.PARTLY_AI, True),
        (True, 0.0, Verdict.PARTLY_AI, True),
        (True, 0.1, Verdict.PARTLY_AI, False),
        (True, 0.1001, Verdict.PARTLY_AI, True),
        (True, 0.5, Verdict.PARTLY_AI, True),
        (True, 0.5001, Verdict.MOSTLY_AI, True),
    ],
)
def test_judge(detected: bool, ratio: float | None, verdict: Verdict, needs_review: bool) -> None:
    assert judge(detected=detected, ai_ratio=ratio, policy=POLICY) == (verdict, needs_review)


def test_policy__names_override_the_settings() -> None:
    assert Policy.from_settings() == Policy(review_area=0.0, mostly_ai_area=0.5)
    assert Policy.from_settings(review_area=0.0, mostly_ai_area=0.0) == Policy(review_area=0.0, mostly_ai_area=0.0)


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (0.0, "0 %"),
        (0.0000001, "less than 0.1 %"),
        (0.0004, "less than 0.1 %"),
        (0.001, "0.1 %"),
        (0.0151, "1.5 %"),
        (0.0996, "10.0 %"),
        (0.37, "37 %"),
        (0.994, "99 %"),
        (0.9956, "99.6 %"),
        (0.9995, "more than 99.9 %"),
        (1.0, "100 %"),
    ],
)
def test_share_in_words(ratio: float, words: str) -> None:
    assert share_in_words(ratio) == words


def test_share_in_words__uses_the_languages_numbers() -> None:
    with translation.override("de"):
        assert share_in_words(0.0151) == "1,5 %"


@pytest.mark.parametrize(
    ("detected", "ratio", "has_mask", "places", "words"),
    [
        (False, 0.0, False, "", "No AI detected"),
        (False, 0.0, True, "one region at the top", "No AI detected"),
        (True, 0.37, True, "one region at the top", "AI share of the area: 37 %, one region at the top"),
        (True, 0.0003, True, "one region at the top", "AI share of the area: less than 0.1 %, one region at the top"),
        (True, 0.37, True, "", "AI share of the area: 37 %"),
        (True, 0.37, False, "", "AI share of the area: 37 %, place not given"),
        (True, 0.0, True, "one region at the top", "AI detected, one region at the top"),
        (True, None, True, "", "AI detected"),
        (True, 0.0, False, "", "AI detected, place not given"),
        (True, None, False, "", "AI detected, place not given"),
    ],
)
def test_finding_in_words(detected: bool, ratio: float | None, has_mask: bool, places: str, words: str) -> None:
    assert finding_in_words(detected=detected, ai_ratio=ratio, has_mask=has_mask, places=places) == words
