"""What a project shows of its pictures in an API of its own."""

import typing
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework import serializers

from django_copyleaks_image.api import prefetch_standings, with_standing
from django_copyleaks_image.rest import standing
from django_copyleaks_image.rest.fields import CopyleaksStandingField
from django_copyleaks_image.standings import DECIDED, Standing
from django_copyleaks_image.verdicts import Verdict
from tests.admin.scans_to_show import measured_photo
from tests.gallery.models import Photo
from tests.neighbours.conftest import need
from tests.samples import photo

pytestmark = pytest.mark.django_db

FLAGGED = {"standing": "flagged", "verdict": "partly_ai", "decision": "", "ai_share": 0.37}
WAITING = {"standing": "waiting", "verdict": "", "decision": "", "ai_share": None}


class PhotoSerializer(serializers.ModelSerializer[Photo]):
    copyleaks = CopyleaksStandingField("image")

    class Meta:
        model = Photo
        fields = ("title", "copyleaks")


def pictures() -> None:
    for number in range(8):
        measured_photo(f"{number}.jpg")
    photo("waiting.jpg")


def test_field__says_how_a_picture_stands() -> None:
    measured_photo("meadow.jpg")
    waiting = photo("waiting.jpg")

    assert PhotoSerializer(Photo.objects.earliest("pk")).data["copyleaks"] == FLAGGED
    assert PhotoSerializer(waiting).data["copyleaks"] == WAITING


def test_field__is_not_written() -> None:
    given = PhotoSerializer(data={"title": "Meadow", "copyleaks": WAITING})

    assert given.is_valid()
    assert given.validated_data == {"title": "Meadow"}


def test_field__costs_no_query_for_each_object() -> None:
    pictures()
    annotated = with_standing(Photo.objects.order_by("pk"), "image")
    prefetched = list(Photo.objects.order_by("pk"))
    prefetch_standings(prefetched, "image")

    for objects, queries in ((annotated, 1), (prefetched, 0)):
        with CaptureQueriesContext(connection) as captured:
            told = [row["copyleaks"] for row in PhotoSerializer(objects, many=True).data]
        assert told == [FLAGGED] * 8 + [WAITING]
        assert len(captured) == queries


def test_prefix_of_the_annotation__is_told() -> None:
    measured_photo("meadow.jpg")

    class FrontSerializer(PhotoSerializer):
        copyleaks = CopyleaksStandingField("image", prefix="front")

    with CaptureQueriesContext(connection) as captured:
        told = FrontSerializer(with_standing(Photo.objects.all(), "image", prefix="front"), many=True).data

    assert (told[0]["copyleaks"], len(captured)) == (FLAGGED, 1)


def test_schema_of_ninja__is_filled_without_a_query_for_each_object() -> None:
    need("ninja")
    import ninja
    from ninja.testing import TestClient

    class PhotoOut(ninja.Schema):  # type: ignore[misc]
        title: str
        copyleaks: standing.CopyleaksStanding

        @staticmethod
        def resolve_copyleaks(photo: Any) -> Any:
            return standing.standing_told(photo, "image")

    api = ninja.NinjaAPI(urls_namespace="photos")

    @api.get("/photos", response=list[PhotoOut])
    def photos(request: Any) -> Any:
        return with_standing(Photo.objects.order_by("pk"), "image")

    pictures()
    with CaptureQueriesContext(connection) as captured:
        told = TestClient(api).get("/photos").json()

    assert [row["copyleaks"] for row in told] == [FLAGGED] * 8 + [WAITING]
    assert len(captured) == 1


def test_words_of_a_schema__are_those_of_the_models() -> None:
    assert set(typing.get_args(standing.Standing)) == set(Standing.values)
    assert set(typing.get_args(standing.Verdict)) == set(Verdict.values)
    assert set(typing.get_args(standing.Decision)) == {"", *DECIDED}
