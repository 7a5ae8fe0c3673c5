from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from django_copyleaks_image.models import AccountState, ImageScan
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.scanning import account, circuit
from tests.admin.inline_code import inline_code
from tests.samples import photo

ACCOUNT = "/admin/copyleaks_image/accountstate/"

pytestmark = pytest.mark.django_db


def test_account__is_one_page_that_exists_before_any_worker_ran(staff: Any) -> None:
    photo()
    response = staff("view_accountstate").get(ACCOUNT, follow=True)
    page = response.content.decode()
    assert "No worker has been seen yet" in page
    assert "<dt>Worker last seen</dt><dd><bdi>never</bdi></dd>" in page
    assert "no limit" in page
    assert "<dt>Queued</dt><dd><bdi>1, the oldest of <time" in page
    assert inline_code(response) == []


def test_account__shows_pause_budget_and_worker(staff: Any, configure: Any) -> None:
    configure(DAILY_BUDGET=100)
    row = account.state()
    row.paused_at = row.worker_seen_at = timezone.now()
    row.pause_reason, row.pause_message = "invalid_credentials", "Invalid <b>login</b>"
    row.budget_day, row.budget_spent, row.budget_reserved = timezone.now().date(), 41, 2
    row.save()
    page = staff("view_accountstate").get(ACCOUNT, follow=True).content.decode()
    assert "The provider does not accept the credentials." in page
    assert "Invalid &lt;b&gt;login&lt;/b&gt;" in page
    for credits_ in ("100 credits", "41 credits", "2 credits"):
        assert credits_ in page
    assert "Check EMAIL and API_KEY" in page
    assert "No worker" not in page


def test_account__does_not_count_yesterdays_credits(staff: Any) -> None:
    account.state()
    yesterday = timezone.now().date() - timedelta(days=1)
    AccountState.objects.update(budget_day=yesterday, budget_spent=41, worker_seen_at=timezone.now())
    page = staff("view_accountstate").get(ACCOUNT, follow=True).content.decode()
    assert "41 credits" not in page
    assert "Nothing holds scans back." in page


def test_account__counts_the_credits_of_a_day_that_another_clock_has_begun(staff: Any) -> None:
    account.state()
    tomorrow = timezone.now().date() + timedelta(days=1)
    AccountState.objects.update(budget_day=tomorrow, budget_spent=41, worker_seen_at=timezone.now())

    assert "41 credits" in staff("view_accountstate").get(ACCOUNT, follow=True).content.decode()


def test_account__is_closed_and_made_for_nobody_without_permission(moderator: Client) -> None:
    assert moderator.get(ACCOUNT).status_code == 403
    assert not AccountState.objects.exists()


def test_account__cannot_be_edited(admin_client: Client) -> None:
    row = account.state()
    assert admin_client.post(f"{ACCOUNT}{row.pk}/change/", {"budget_spent": 0}).status_code == 403


def test_resume__lets_submissions_go_on_and_is_logged(staff: Any) -> None:
    circuit.hold("restored_backup", "A backup was restored.")
    person = staff("view_accountstate", "resume_accountstate")
    page = person.get(ACCOUNT, follow=True)
    assert "Let submissions go on" in page.content.decode()
    assert inline_code(page) == []
    assert person.get(f"{ACCOUNT}resume/").status_code == 405

    answer = person.post(f"{ACCOUNT}resume/", follow=True)

    assert not circuit.is_open()
    assert "Submissions go on." in answer.content.decode()
    assert "restored_backup" in LogEntry.objects.get().change_message
    person.post(f"{ACCOUNT}resume/")
    assert LogEntry.objects.count() == 1


def test_resume__is_closed_to_whoever_may_not(staff: Any) -> None:
    circuit.hold("restored_backup", "A backup was restored.")
    person = staff("view_accountstate", "rescan_imagescan")

    assert "Let submissions go on" not in person.get(ACCOUNT, follow=True).content.decode()
    assert person.post(f"{ACCOUNT}resume/").status_code == 403
    assert circuit.is_open()


def failed(code: str) -> None:
    photo()
    now = timezone.now()
    unfinished = ImageScan.objects.filter(finished_at=None)
    unfinished.update(status=Status.FAILED, error_code=code, finished_at=now, notified_at=now)


def test_queue_again__leaves_a_request_for_the_worker_and_is_logged(staff: Any) -> None:
    failed("bad_parameter")
    person = staff("view_accountstate", "rescan_imagescan")
    page = person.get(ACCOUNT, follow=True)
    assert '<option value="bad_parameter">The provider does not accept a parameter of the request. (1)' in (
        page.content.decode()
    )
    assert inline_code(page) == []

    question = person.post(f"{ACCOUNT}requeue/", {"code": "bad_parameter"}).content.decode()
    assert "This costs at most" in question
    assert account.state().requeue_code == ""
    person.post(f"{ACCOUNT}requeue/", {"code": "bad_parameter", "confirmed": "yes"})

    assert account.state().requeue_code == "bad_parameter"
    assert "bad_parameter" in LogEntry.objects.get().change_message
    assert "Being queued again" in person.get(ACCOUNT, follow=True).content.decode()
    person.post(f"{ACCOUNT}requeue/", {"code": "made_up", "confirmed": "yes"})
    assert account.state().requeue_code == "bad_parameter"


def test_queue_again__is_closed_to_whoever_may_not(staff: Any) -> None:
    failed("bad_parameter")
    person = staff("view_accountstate", "resume_accountstate")

    assert "Queue again" not in person.get(ACCOUNT, follow=True).content.decode()
    assert person.post(f"{ACCOUNT}requeue/", {"code": "bad_parameter", "confirmed": "yes"}).status_code == 403
    assert account.state().requeue_code == ""
