"""What must never be is refused by the database itself."""

from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from django_copyleaks_image.models import (
    AccountState,
    Decision,
    DetectionResult,
    ImageScan,
    WatchedImage,
    WebhookReceipt,
)
from tests.samples import only_scan, photo, target

pytestmark = pytest.mark.django_db(transaction=True)

NOW = timezone.now()


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "completed", "verdict": "no_ai", "finished_at": NOW},  # Without a result.
        {"status": "finished"},
        {"verdict": "no_ai"},
        {"status": "failed", "error_code": "gave_up"},  # Without its time.
        {"status": "failed", "finished_at": NOW},  # Without a reason.
        {"status": "submitted"},
        {"next_attempt_at": None},
        {"finished_at": NOW},
    ],
)
def test_impossible_scans__are_refused(changes: dict[str, Any]) -> None:
    photo()

    with pytest.raises(IntegrityError), transaction.atomic():
        ImageScan.objects.update(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"standing": "unknown"},
        {"standing": "clean"},  # Without a verdict.
        {"standing": "flagged", "verdict": "mostly_ai"},  # It must wait for somebody.
        {"standing": "escalated"},
        {"queue": "review"},  # Nothing waits for a person before its scan has ended.
        {"queue": "second_look", "standing": "not_measured"},
        {"queue": "unmeasured", "standing": "clean", "verdict": "no_ai"},
        {"queue": "escalated", "standing": "flagged", "verdict": "mostly_ai"},
    ],
)
def test_impossible_pictures__are_refused(changes: dict[str, Any]) -> None:
    photo()
    image = WatchedImage.objects.create(**target(only_scan()))

    with pytest.raises(IntegrityError), transaction.atomic():
        WatchedImage.objects.filter(pk=image.pk).update(**changes)


def test_one_row_for_each_picture() -> None:
    photo()
    WatchedImage.objects.create(**target(only_scan()))

    with pytest.raises(IntegrityError), transaction.atomic():
        WatchedImage.objects.create(**target(only_scan()))


@pytest.mark.parametrize("ratio", [-0.1, 1.1])
def test_ratio_outside_0_to_1__is_refused(ratio: float) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        DetectionResult.objects.create(is_ai_detected=True, ai_ratio=ratio)


def test_one_payer_per_content() -> None:
    photo()
    photo()
    first, second = ImageScan.objects.order_by("pk")
    ImageScan.objects.filter(pk=first.pk).update(pay_key="key")

    with pytest.raises(IntegrityError), transaction.atomic():
        ImageScan.objects.filter(pk=second.pk).update(pay_key="key")


def test_one_account() -> None:
    AccountState.objects.create()

    with pytest.raises(IntegrityError), transaction.atomic():
        AccountState.objects.create(pk=2)


def test_result_in_use__is_protected() -> None:
    photo()
    result = DetectionResult.objects.create(is_ai_detected=False)
    ImageScan.objects.update(result=result, status="completed", verdict="no_ai", finished_at=NOW)

    from django.db.models import ProtectedError

    with pytest.raises(ProtectedError):
        result.delete()


def test_payload__comes_back_as_it_was_stored() -> None:
    photo()
    body = b"\x00\xff not even text"
    WebhookReceipt.objects.create(
        scan=only_scan(), source="webhook", body=WebhookReceipt.compress(body), byte_size=len(body), digest="d"
    )

    assert WebhookReceipt.objects.get().payload() == body


def test_decisions__are_only_appended() -> None:
    photo()
    image = WatchedImage.objects.create(**target(only_scan()))
    decision = Decision.objects.create(image=image, before="flagged", kind=Decision.Kind.CLEARED)

    decision.kind = Decision.Kind.CONFIRMED
    with pytest.raises(TypeError):
        decision.save()
    with pytest.raises(TypeError):
        decision.delete()

    assert Decision.objects.get().kind == "cleared"


def test_impossible_decisions__are_refused() -> None:
    photo()
    image = WatchedImage.objects.create(**target(only_scan()))
    cleared = Decision.objects.create(image=image, before="flagged", kind=Decision.Kind.CLEARED)
    Decision.objects.create(image=image, before="flagged", kind=Decision.Kind.UNDONE, reverses=cleared)

    for impossible in (
        {"kind": "doubted"},
        {"kind": "undone"},  # It must say what it undoes.
        {"kind": "confirmed", "reverses": cleared},
        {"kind": "undone", "reverses": cleared},  # It was undone before.
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Decision.objects.create(image=image, before="flagged", **impossible)


def test_no_migration_is_missing() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_migrations__are_reversible() -> None:
    call_command("migrate", "copyleaks_image", "zero", verbosity=0)
    assert "copyleaks_image_imagescan" not in connection.introspection.table_names()

    call_command("migrate", "copyleaks_image", verbosity=0)
    assert "copyleaks_image_imagescan" in connection.introspection.table_names()
