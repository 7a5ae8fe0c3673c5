"""What is about all pictures holds them, and ends none; what is about one ends that one, and holds no other."""

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.management import call_command
from django.db import OperationalError
from django.utils import timezone

from django_copyleaks_image.copyleaks.errors import (
    AuthenticationError,
    CopyleaksError,
    PaymentError,
    PermanentError,
    RateLimitError,
    TokenError,
    TransientError,
    UnknownError,
)
from django_copyleaks_image.models import AccountState, ImageScan
from django_copyleaks_image.models.account import Cause
from django_copyleaks_image.models.receipt import Source
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.scanning import (
    account,
    attempts,
    circuit,
    evidence,
    probes,
    receive,
    recovery,
    stored_files,
    submit,
    sweep,
    unmeasured,
)
from tests.gallery.models import Photo
from tests.samples import as_json, clean, only_scan, photo, picture

from .fake_provider import Provider, work

WINDOW = 10

pytestmark = pytest.mark.django_db(transaction=True)

DENIED = AuthenticationError("Denied.", status=403, code=37, slug="authorization_denied")
UNREACHABLE = TransientError("Refused at api.copyleaks.com", slug="connection_failed")
RETIRED = PermanentError("There is no such model.", status=400, code=30, slug="bad_parameter")
_colours = iter(range(10_000))


def new_photo(name: str = "meadow.jpg") -> Photo:
    """Upload a picture with bytes of its own."""
    number = next(_colours)
    return photo(name, picture("PNG", (512, 512), colour=(number % 256, number // 256, 7)))


def photos(count: int) -> None:
    for _ in range(count):
        new_photo()


def go_on(rounds: int = 1) -> None:
    """Let time pass: each round a probe is due, and every scan that waits."""
    for _ in range(rounds):
        AccountState.objects.exclude(paused_at=None).exclude(probe_at=None).update(probe_at=timezone.now())
        recovery.step()
        work()


def counted(**filters: Any) -> int:
    return ImageScan.objects.filter(**filters).count()


def paused_for() -> str:
    state = account.state()
    return state.pause_reason if state.paused_at else ""


def answer(scan: ImageScan) -> None:
    """Let the result of a scan come."""
    receive.deliver(scan, as_json(clean(scan)), Source.WEBHOOK)


def answer_all() -> None:
    for scan in ImageScan.objects.filter(status=Status.SUBMITTED):
        answer(scan)


def measured_photo() -> Photo:
    uploaded = new_photo("measured.jpg")
    work()
    answer_all()
    return uploaded


@pytest.fixture
def media(settings: Any) -> Iterator[Callable[[bool], None]]:
    """Take the volume with the media away, or bring it back."""
    here = Path(settings.MEDIA_ROOT)
    away = here.with_name("away")

    def mount(is_there: bool) -> None:
        source, target = (away, here) if is_there else (here, away)
        source.rename(target)

    yield mount
    shutil.rmtree(away, ignore_errors=True)


# The account


@pytest.mark.parametrize(
    "told",
    [
        Decimal(100),
        Decimal(0),
        UnknownError(status=404, slug="http_404"),
        AuthenticationError(status=403),
        UnknownError(slug="unreadable_answer"),
    ],
)
def test_one_picture_that_is_refused_like_an_account__ends_by_itself(
    told: Decimal | CopyleaksError, provider: Provider
) -> None:
    provider.credits = told
    provider.refuse("bad", DENIED)
    bad = new_photo("bad.jpg")

    for _ in range(15):
        new_photo()
        go_on()
        answer_all()
    go_on(3)

    scan = ImageScan.objects.get(object_id=str(bad.pk))
    assert (scan.status, scan.error_code) == (Status.FAILED, "authorization_denied")
    assert provider.sent.count(scan.scan_id) <= 10
    assert counted(status=Status.QUEUED) == 0
    assert counted(status=Status.FAILED) == 1
    assert not circuit.is_open()


def test_picture_that_the_account_contradicts__pauses_nothing(provider: Provider) -> None:
    provider.refuse("bad", DENIED)
    new_photo("bad.jpg")

    work(rounds=attempts.CONTRADICTED_TRIES)

    assert only_scan().status == Status.FAILED
    assert not circuit.is_open()


def test_account_that_is_refused__ends_nothing_however_long(provider: Provider) -> None:
    provider.always = provider.credits = PaymentError("No credits.")
    photos(20)

    go_on(20)

    assert paused_for() == "payment_required"
    assert counted(status=Status.QUEUED) == 20
    assert set(ImageScan.objects.values_list("attempts", "unclassified_attempts")) == {(0, 0)}
    provider.always, provider.credits = None, Decimal(5)
    go_on(2)
    assert not circuit.is_open()
    assert counted(status=Status.SUBMITTED) == WINDOW


def test_probe__that_finds_no_credits_does_not_resume(provider: Provider) -> None:
    circuit.open_for(Cause.ACCOUNT, "payment_required", "No credits.")
    provider.credits = Decimal(0)
    AccountState.objects.update(probe_at=timezone.now())

    recovery.step()

    assert circuit.is_open()


@pytest.mark.parametrize("told", [UnknownError(status=404, slug="http_404"), Decimal(0), AuthenticationError()])
def test_pause_of_the_account__ends_by_a_picture_that_is_accepted(
    told: Decimal | CopyleaksError, provider: Provider
) -> None:
    circuit.open_for(Cause.ACCOUNT, "payment_required", "No credits.")
    provider.credits = told
    photos(5)

    for _ in range(2):
        if not provider.sent:
            go_on()
    assert len(provider.sent) == 1
    assert circuit.is_open()
    assert counted(error_code="submissions_paused") == 0  # The others were not even begun.
    go_on()

    assert not circuit.is_open()
    assert counted(status=Status.SUBMITTED) == 5


def test_login_that_is_refused__is_not_asked_about_for_every_picture(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def ask() -> bool:
        asked.append(1)
        raise AuthenticationError

    def refuse(client: object) -> None:
        raise AuthenticationError

    monkeypatch.setattr(probes, "has_credits", ask)
    monkeypatch.setattr("django_copyleaks_image.copyleaks.client.Client.log_in", refuse)
    photos(5)

    work(rounds=5)

    assert circuit.is_open()
    assert asked == []
    assert counted(attempts=0, error_code="authentication_failed") >= 1
    # A trial would log in as well, so it comes with every other probe only.
    go_on()
    assert (asked, account.state().trial_scan) == ([1], "")
    go_on()
    assert account.state().trial_scan != ""


def test_all_pictures_are_refused_although_the_account_answers__ends_none(provider: Provider) -> None:
    provider.always = DENIED
    photos(10)

    go_on(20)

    assert paused_for() == "authorization_denied"
    assert account.state().pause_cause == Cause.REFUSALS
    assert counted(status=Status.QUEUED) == 10


# Outages of what is shared


def test_storage_that_is_down__ends_nothing_however_long(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    measured_photo()

    def refuse(file: object) -> Iterator[bytes]:
        yield from ()
        raise unmeasured.StorageFailed("The storage raised ConnectionError while the file was read.")

    photos(4)
    with monkeypatch.context() as patch:
        patch.setattr(stored_files, "read_chunks", refuse)
        go_on(20)
        assert (paused_for(), account.state().pause_cause) == ("storage_failed", Cause.STORAGE)
        assert counted(status=Status.QUEUED, attempts=0) == 4
    go_on(2)

    assert not circuit.is_open()
    assert counted(status=Status.SUBMITTED) == 4


def test_one_file_that_cannot_be_read__ends_by_itself(
    provider: Provider, configure: Callable[..., None], settings: Any
) -> None:
    configure(MAX_ATTEMPTS={"transient": 4, "unknown": 4})
    measured_photo()
    broken = new_photo("broken.jpg")
    path = Path(broken.image.path)
    path.unlink()
    path.mkdir()

    work(rounds=4)

    scan = ImageScan.objects.get(object_id=str(broken.pk))
    assert (scan.status, scan.error_code) == (Status.FAILED, "storage_failed")
    assert not circuit.is_open()


def test_one_file_that_nobody_may_read__ends_after_few_tries(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured_photo()
    locked = new_photo("locked.jpg")
    read = FileSystemStorage.open

    def refuse(storage: FileSystemStorage, name: str, mode: str = "rb") -> Any:
        if name == locked.image.name:
            raise PermissionError(name)
        return read(storage, name, mode)

    monkeypatch.setattr(FileSystemStorage, "open", refuse)
    work(rounds=4)

    scan = ImageScan.objects.get(object_id=str(locked.pk))
    assert (scan.status, scan.error_code, scan.attempts) == (Status.FAILED, "file_not_permitted", 3)
    assert not circuit.is_open()


def test_api_that_cannot_be_reached__ends_nothing_however_long(provider: Provider) -> None:
    provider.always = provider.credits = UNREACHABLE
    photos(1)

    go_on(20)

    assert (paused_for(), account.state().pause_cause) == ("connection_failed", Cause.API)
    assert (only_scan().status, only_scan().attempts) == (Status.QUEUED, 0)
    provider.always = None
    go_on(2)
    assert only_scan().status == Status.SUBMITTED
    assert not circuit.is_open()


def test_one_picture_for_which_the_api_never_answers__ends_by_itself(
    provider: Provider, configure: Callable[..., None]
) -> None:
    configure(MAX_ATTEMPTS={"transient": 4, "unknown": 4})
    provider.refuse("bad", UNREACHABLE)
    new_photo("bad.jpg")

    work(rounds=4)

    assert (only_scan().status, only_scan().error_code) == (Status.FAILED, "connection_failed")


def test_api_that_fails_for_several_pictures__is_not_theirs_to_count(provider: Provider) -> None:
    provider.always = UNREACHABLE  # The account can still be asked.
    photos(6)

    go_on(20)

    assert account.state().pause_cause == Cause.API
    assert counted(status=Status.QUEUED) == 6


@pytest.mark.parametrize(("answers", "ended"), [(False, 0), (True, 1)])
def test_database_of_the_pictures_that_is_down__is_told_from_one_row_of_it(
    answers: bool, ended: int, provider: Provider, configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(MAX_ATTEMPTS={"transient": 4, "unknown": 4})

    def refuse(scan: ImageScan) -> None:
        raise OperationalError("server closed the connection")

    photos(1)
    ImageScan.objects.update(database="media")
    monkeypatch.setattr(stored_files, "held_file", refuse)
    monkeypatch.setattr(probes, "database_answers", lambda alias: answers)

    work(rounds=20)

    assert counted(status=Status.FAILED, error_code="database_failed") == ended
    assert (account.state().pause_cause == Cause.DATABASE) is not answers


def test_cache_that_is_down__ends_nothing_however_long(
    provider: Provider, configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(MAX_ATTEMPTS={"transient": 4, "unknown": 4})

    def refuse(client: object) -> None:
        raise ConnectionError("redis")

    photos(2)
    with monkeypatch.context() as patch:
        patch.setattr("django_copyleaks_image.copyleaks.client.Client.log_in", refuse)
        patch.setattr(probes, "cache_answers", lambda: False)
        go_on(20)
        assert paused_for() == "cache_failed"
    go_on(2)

    assert counted(status=Status.SUBMITTED) == 2


def test_worker_without_the_media__ends_nothing_and_goes_on_when_they_are_there(
    provider: Provider, media: Callable[[bool], None]
) -> None:
    measured_photo()
    photos(12)
    media(False)

    go_on(30)

    assert paused_for() == "missing_file"
    assert counted(status=Status.QUEUED) == 12
    media(True)
    for _ in range(4):
        go_on()
        answer_all()
    assert counted(status=Status.COMPLETED) == 13


def test_file_that_is_missing_where_others_are__is_skipped_at_once(provider: Provider) -> None:
    measured_photo()
    gone = new_photo("gone.jpg")
    gone.image.storage.delete(str(gone.image.name))

    work()

    scan = ImageScan.objects.get(object_id=str(gone.pk))
    assert (scan.status, scan.error_code) == (Status.SKIPPED, "missing_file")


def test_picture_over_which_workers_die__still_ends(provider: Provider) -> None:
    photos(1)
    ImageScan.objects.update(attempts=30)

    work()

    assert (only_scan().status, only_scan().error_code) == (Status.FAILED, "gave_up")


# Results that do not come


def test_no_result_comes__only_a_handful_is_submitted_and_the_rest_is_held(provider: Provider) -> None:
    photos(40)

    work(rounds=5)
    assert len(provider.sent) == WINDOW
    assert circuit.waits_for_results()
    recovery.step()
    assert not circuit.is_open()

    ImageScan.objects.filter(status=Status.SUBMITTED).update(submitted_at=timezone.now() - timedelta(minutes=3))
    recovery.step()

    assert (paused_for(), account.state().pause_cause) == ("no_results", Cause.RESULTS)
    assert counted(status=Status.QUEUED) == 30


def test_first_result__lets_the_next_ones_through(provider: Provider) -> None:
    photos(25)
    work(rounds=3)

    answer(ImageScan.objects.filter(status=Status.SUBMITTED).earliest("pk"))
    work(rounds=3)

    assert len(provider.sent) == 2 * WINDOW


def test_no_result_comes__nothing_is_paid_twice_while_there_is_something_new(
    provider: Provider, configure: Callable[..., None]
) -> None:
    photos(20)
    work(rounds=3)
    ImageScan.objects.filter(status=Status.SUBMITTED).update(submitted_at=timezone.now() - timedelta(hours=2))
    recovery.step()

    sweep.end_lost_scans(timezone.now())
    assert counted(resubmission_of__isnull=False, status=Status.QUEUED) == WINDOW
    go_on(4)

    # One trial after the other, each of a picture that was never sent.
    trials = provider.sent[WINDOW:]
    assert 1 <= len(trials) <= 4
    assert counted(scan_id__in=trials, resubmission_of=None) == len(trials)
    assert circuit.is_open()

    answer(ImageScan.objects.get(scan_id=trials[-1]))
    recovery.step()
    assert not circuit.is_open()


@pytest.mark.parametrize("body", [None, {"error": {"code": 14, "message": "Invalid file."}}])
def test_late_callback_of_any_picture__ends_a_pause_for_want_of_results(
    body: dict[str, Any] | None, provider: Provider
) -> None:
    photos(12)
    work(rounds=2)
    ImageScan.objects.filter(status=Status.SUBMITTED).update(submitted_at=timezone.now() - timedelta(minutes=3))
    recovery.step()
    assert paused_for() == "no_results"

    first = ImageScan.objects.filter(status=Status.SUBMITTED).earliest("pk")
    receive.deliver(first, as_json(body or clean(first)), Source.WEBHOOK)
    recovery.step()

    assert not circuit.is_open()


def test_what_was_lost__is_paid_again_one_at_a_time(provider: Provider) -> None:
    photos(8)
    work()
    ImageScan.objects.filter(status=Status.SUBMITTED).update(submitted_at=timezone.now() - timedelta(days=2))
    sweep.end_lost_scans(timezone.now())
    assert counted(resubmission_of__isnull=False) == 8

    work(rounds=5)
    assert len(provider.sent) == 8 + 1

    answer_all()
    work(rounds=5)
    assert len(provider.sent) == 8 + 2


def test_what_was_lost__does_not_stand_before_what_is_new(provider: Provider) -> None:
    photos(3)
    work()
    ImageScan.objects.filter(status=Status.SUBMITTED).update(submitted_at=timezone.now() - timedelta(days=2))
    sweep.end_lost_scans(timezone.now())
    work()
    new_photo("new.jpg")

    work()

    assert counted(file_name__contains="new", status=Status.SUBMITTED) == 1


def test_resubmissions_that_are_lost_as_well__are_the_last_ones(provider: Provider) -> None:
    for _ in range(evidence.VAIN_RESUBMISSIONS + 1):
        photos(1)
        work()
        for _ in range(2):
            ImageScan.objects.filter(status=Status.SUBMITTED).update(submitted_at=timezone.now() - timedelta(hours=2))
            sweep.end_lost_scans(timezone.now())
            circuit.resume()
            work()

    assert counted(resubmission_of__isnull=False) == evidence.VAIN_RESUBMISSIONS
    assert counted(status=Status.FAILED, error_code="result_lost") == 2 * evidence.VAIN_RESUBMISSIONS + 1


def lose(count: int, code: str = "result_lost") -> None:
    """End some scans that were accepted, one after the other, without a result."""
    for _ in range(count):
        photos(1)
        work()
        scan = ImageScan.objects.filter(status=Status.SUBMITTED).latest("pk")
        if code == "result_lost":
            ImageScan.objects.filter(pk=scan.pk).update(submitted_at=timezone.now() - timedelta(hours=2))
            sweep.end_lost_scans(timezone.now())
        else:
            receive.deliver(scan, as_json({"error": {"code": 5, "message": "Download failed."}}), Source.WEBHOOK)


@pytest.mark.parametrize("code", ["result_lost", "download_failed"])
def test_last_scans_all_ended_without_a_result__holds_the_next_ones(
    code: str, provider: Provider, configure: Callable[..., None]
) -> None:
    configure(ON_LOST_RESULT="fail")
    lose(evidence.ALIKE - 1, code)
    recovery.step()
    assert not circuit.is_open()

    lose(1, code)
    recovery.step()
    assert (paused_for(), account.state().pause_cause) == (code, Cause.RESULTS)

    # One picture at a time, until one is measured.
    sent = len(provider.sent)
    photos(3)
    go_on(2)
    assert len(provider.sent) in (sent + 1, sent + 2)
    answer_all()
    recovery.step()
    assert not circuit.is_open()


@pytest.mark.parametrize("code", ["result_lost", "download_failed"])
def test_lost_results__while_others_come_hold_nothing(
    code: str, provider: Provider, configure: Callable[..., None]
) -> None:
    configure(ON_LOST_RESULT="fail")
    lose(2, code)
    measured_photo()
    lose(evidence.ALIKE - 1, code)

    recovery.step()

    assert not circuit.is_open()


def test_results_that_were_lost_before__do_not_pause_again_what_works(
    provider: Provider, configure: Callable[..., None]
) -> None:
    configure(ON_LOST_RESULT="fail")
    photos(evidence.ALIKE)
    work()
    measured_photo()
    waiting = ImageScan.objects.filter(status=Status.SUBMITTED)
    assert not waiting.exists()
    lose(evidence.ALIKE)
    ImageScan.objects.filter(status=Status.FAILED).update(submitted_at=timezone.now() - timedelta(days=1))

    recovery.step()

    assert not circuit.is_open()


def test_trial__need_not_wait_until_what_was_sent_before_is_lost(provider: Provider) -> None:
    photos(15)
    work(rounds=2)
    ImageScan.objects.filter(status=Status.SUBMITTED).update(submitted_at=timezone.now() - timedelta(minutes=3))
    recovery.step()

    go_on()

    assert len(provider.sent) == WINDOW + 1


def test_scans_that_were_claimed_before_a_pause__are_not_sent(provider: Provider) -> None:
    photos(3)
    claimed = submit.claim(3)
    circuit.open_for(Cause.RESULTS, "no_results", "No result comes.")

    for scan in claimed:
        submit.work_on(scan, sleep=lambda seconds: None)

    assert provider.sent == []
    assert counted(status=Status.QUEUED, error_code="submissions_paused", attempts=0) == 3


def test_window_that_fills_while_scans_wait_for_their_slots__is_seen(provider: Provider) -> None:
    photos(WINDOW + 1)
    *others, last = submit.claim(WINDOW + 1)

    def others_are_sent(seconds: float) -> None:
        while others:
            submit.work_on(others.pop(0), sleep=lambda seconds: None)

    submit.work_on(last, sleep=others_are_sent)

    assert len(provider.sent) == WINDOW
    assert counted(status=Status.QUEUED, error_code="awaits_results", attempts=0) == 1


# Refusals that are alike


def test_all_are_refused_with_one_code__a_few_end_and_the_rest_is_held(provider: Provider) -> None:
    provider.always = RETIRED
    photos(40)

    go_on(10)

    assert (paused_for(), account.state().pause_cause) == ("bad_parameter", Cause.REFUSALS)
    assert counted(status=Status.FAILED) == evidence.ALIKE
    assert counted(status=Status.QUEUED) == 40 - evidence.ALIKE

    provider.always = None
    go_on(2)
    assert not circuit.is_open()
    call_command("copyleaks_scan", status="bad_parameter", yes=True)
    for _ in range(6):
        answer_all()
        work()
    assert counted(status=Status.SUBMITTED) + counted(status=Status.COMPLETED) == 40


def test_refusals_of_single_pictures__hold_nothing(provider: Provider) -> None:
    provider.always = PermanentError("Invalid file.", status=400, code=14, slug="invalid_file")
    photos(2 * evidence.ALIKE)

    work()
    recovery.step()

    assert counted(status=Status.FAILED) == 2 * evidence.ALIKE
    assert not circuit.is_open()


def test_refusals_among_which_others_are_accepted__hold_nothing(provider: Provider) -> None:
    provider.refuse("bad", RETIRED)
    for _ in range(evidence.ALIKE - 1):
        new_photo("bad.jpg")
    new_photo("good.jpg")
    new_photo("bad.jpg")

    work()
    recovery.step()

    assert counted(status=Status.FAILED) == evidence.ALIKE
    assert not circuit.is_open()


def test_refusals_from_before_a_pause_ended__count_no_more(provider: Provider) -> None:
    provider.always = RETIRED
    photos(evidence.ALIKE)
    work()
    assert circuit.resume()

    recovery.step()

    assert not circuit.is_open()


# Holding and resuming


def test_hold_by_a_reason_of_its_own__is_ended_by_a_person_only(
    provider: Provider, capsys: pytest.CaptureFixture[str]
) -> None:
    photos(2)
    circuit.hold("restored_backup", "A backup was restored.")
    AccountState.objects.update(probe_at=timezone.now() - timedelta(days=1))

    go_on(3)
    assert provider.sent == []
    assert paused_for() == "restored_backup"

    call_command("copyleaks_resume")
    assert "Submissions go on." in capsys.readouterr().out
    work()
    assert len(provider.sent) == 2
    call_command("copyleaks_resume")
    assert "were not paused" in capsys.readouterr().out


def test_hold__takes_the_place_of_a_pause_that_would_end_by_itself(provider: Provider) -> None:
    circuit.open_for(Cause.ACCOUNT, "payment_required", "No credits.")
    since = account.state().paused_at

    circuit.hold("restored_backup", "A backup was restored.")
    circuit.open_for(Cause.ACCOUNT, "payment_required", "No credits.")
    go_on(2)

    assert (paused_for(), account.state().paused_at) == ("restored_backup", since)


def test_hold_that_probes__ends_by_a_picture_that_is_accepted(provider: Provider) -> None:
    photos(3)
    circuit.hold("strange", "Something is strange.", probes=True)

    go_on(2)
    assert len(provider.sent) == 3


def test_probe__that_a_wrong_clock_has_put_off_is_due(provider: Provider) -> None:
    circuit.open_for(Cause.ACCOUNT, "payment_required", "No credits.")
    AccountState.objects.update(probe_at=timezone.now() + timedelta(days=1))

    recovery.step()

    assert not circuit.is_open()


def test_trial__that_must_wait_for_something_else_gives_way_to_another(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos(2)
    circuit.open_for(Cause.STORAGE, "storage_failed", "Down.")
    AccountState.objects.update(probe_at=timezone.now())
    recovery.step()
    first = account.state().trial_scan
    ImageScan.objects.filter(scan_id=first).update(
        error_code="waits_for_duplicate", next_attempt_at=timezone.now() + timedelta(seconds=30)
    )

    recovery.step()

    assert account.state().trial_scan not in ("", first)
    assert account.state().trials == 1


@pytest.mark.parametrize("cause", [Cause.API, Cause.REFUSALS, Cause.STORAGE])
def test_trial_whose_token_had_ended__is_followed_by_one_with_a_new_token_at_once(
    cause: Cause, provider: Provider
) -> None:
    photos(2)
    circuit.open_for(cause, "http_503", "Down.")
    AccountState.objects.update(probe_at=timezone.now())
    recovery.step()
    provider.fail_next([TokenError(status=401)])
    work()

    recovery.step()
    assert (account.state().trial_scan != "", account.state().trials) == (True, 1)
    work()
    recovery.step()

    assert not circuit.is_open()


def test_trial__of_which_nothing_is_heard_gives_way_when_the_next_is_due(provider: Provider) -> None:
    photos(2)
    circuit.open_for(Cause.STORAGE, "storage_failed", "Down.")
    go_probe = AccountState.objects.update
    go_probe(probe_at=timezone.now())
    recovery.step()
    first = account.state().trial_scan
    ImageScan.objects.filter(scan_id=first).update(lease_until=timezone.now() + timedelta(seconds=90))

    recovery.step()
    assert account.state().trial_scan == first
    go_probe(probe_at=timezone.now())
    recovery.step()

    assert account.state().trial_scan not in ("", first)


def test_trial__whose_end_a_wrong_clock_put_far_ahead_gives_way(provider: Provider) -> None:
    photos(2)
    circuit.open_for(Cause.STORAGE, "storage_failed", "Down.")
    AccountState.objects.update(probe_at=timezone.now())
    recovery.step()
    first = account.state().trial_scan
    ImageScan.objects.filter(scan_id=first).update(lease_until=timezone.now() + timedelta(seconds=90))
    AccountState.objects.update(probe_at=timezone.now() + timedelta(days=1))

    recovery.step()

    assert account.state().trial_scan not in ("", first)


def test_trial_once_the_budget_is_used_up__is_one_whose_credit_is_reserved(
    provider: Provider, configure: Callable[..., None]
) -> None:
    configure(DAILY_BUDGET=1)
    photos(3)
    reserved = ImageScan.objects.latest("pk")
    today = timezone.now().date()
    ImageScan.objects.filter(pk=reserved.pk).update(budget_day=today)
    account.state()
    AccountState.objects.update(budget_day=today, budget_reserved=1)
    circuit.open_for(Cause.STORAGE, "storage_failed", "Down.")

    go_on(2)

    assert provider.sent == [reserved.scan_id]
    assert not circuit.is_open()


def test_failures_between_which_others_are_accepted__are_not_in_a_row(provider: Provider) -> None:
    provider.credits = UNREACHABLE
    for number in range(2 * circuit.FAILURES):
        provider.fail_next([UNREACHABLE])
        new_photo(f"bad{number}.jpg")
        work()
        ImageScan.objects.filter(status=Status.QUEUED).delete()
        new_photo()
        work()
        answer_all()

    assert not circuit.is_open()


def trial_that_ends(cause: Cause, reason: str, **columns: object) -> str:
    """Let a picture through, and have it end so before the next is due; return its id."""
    photos(2)
    circuit.open_for(cause, reason, "All fail.")
    AccountState.objects.update(probe_at=timezone.now())
    recovery.step()
    first = account.state().trial_scan
    now = timezone.now()
    ended = {"status": Status.FAILED, "next_attempt_at": None, "finished_at": now, "notified_at": now}
    ImageScan.objects.filter(scan_id=first).update(**ended, **columns)
    return first


def test_trial__that_fails_for_the_reason_of_the_pause_is_followed_by_no_other_at_once(provider: Provider) -> None:
    trial_that_ends(Cause.STORAGE, "storage_failed", error_code="storage_failed")

    recovery.step()

    assert (account.state().trial_scan, account.state().trials) == ("", 1)


def test_trial__that_is_refused_for_another_reason_ends_no_pause_of_refusals(provider: Provider) -> None:
    first = trial_that_ends(Cause.REFUSALS, "bad_parameter", error_code="invalid_file", sent_at=timezone.now())

    recovery.step()

    assert paused_for() == "bad_parameter"
    assert account.state().trial_scan not in ("", first)


def test_two_workers_that_let_one_through__agree_on_the_first() -> None:
    circuit.open_for(Cause.STORAGE, "storage_failed", "Down.")

    circuit.let_through("first", timezone.now())
    circuit.let_through("second", timezone.now())

    assert account.state().trial_scan == "first"


def test_end_of_a_pause__ends_no_other_that_has_begun_since() -> None:
    circuit.open_for(Cause.STORAGE, "storage_failed", "Down.")
    row = account.state()
    circuit.hold("restored_backup", "A backup was restored.")

    circuit.close(row)

    assert paused_for() == "restored_backup"


def test_duplicate_that_shares_an_older_result__ends_no_pause_for_want_of_results(provider: Provider) -> None:
    measured_photo()
    photo("copy.jpg", picture("PNG", (512, 512), colour=(7, 7, 7)))
    copy = ImageScan.objects.latest("pk")
    circuit.open_for(Cause.RESULTS, "download_failed", "No picture is fetched.")
    now = timezone.now()
    ended = {"status": Status.COMPLETED, "next_attempt_at": None, "finished_at": now, "notified_at": now}
    shared = ImageScan.objects.exclude(pk=copy.pk).latest("pk")
    ImageScan.objects.filter(pk=copy.pk).update(**ended, result=shared.result, verdict=shared.verdict)

    recovery.step()

    assert paused_for() == "download_failed"


def test_pause_that_a_person_has_ended__does_not_begin_anew_for_what_was_sent_before(provider: Provider) -> None:
    photos(12)
    work(rounds=2)
    ImageScan.objects.filter(status=Status.SUBMITTED).update(submitted_at=timezone.now() - timedelta(minutes=3))
    recovery.step()
    assert circuit.resume()

    recovery.step()

    assert not circuit.is_open()
    assert not circuit.waits_for_results()


def test_results_that_come_as_answers__are_waited_for_by_nobody(
    provider: Provider, configure: Callable[..., None]
) -> None:
    photos(12)
    work(rounds=2)
    assert circuit.waits_for_results()

    configure(MODE="sync")

    assert not circuit.waits_for_results()


def test_resubmission_that_another_worker_is_sending__is_the_only_one(provider: Provider) -> None:
    photos(4)
    work()
    ImageScan.objects.filter(status=Status.SUBMITTED).update(submitted_at=timezone.now() - timedelta(days=2))
    sweep.end_lost_scans(timezone.now())
    ImageScan.objects.filter(status=Status.QUEUED).update(next_attempt_at=timezone.now())

    assert len(submit.claim(10)) == 1
    assert submit.claim(10) == []


def test_large_results_that_are_lost__are_told_once_small_ones_have_come(
    provider: Provider, configure: Callable[..., None]
) -> None:
    configure(ON_LOST_RESULT="fail")
    lose(evidence.VAIN_RESUBMISSIONS)
    assert evidence.lost_large_results() == 0

    measured_photo()

    assert evidence.lost_large_results() == evidence.VAIN_RESUBMISSIONS


def test_trial_that_is_put_back__is_not_tried_again_before_the_next_probe(provider: Provider) -> None:
    photos(1)
    circuit.open_for(Cause.API, "connection_failed", "Down.")
    provider.always = provider.credits = UNREACHABLE
    go_on()
    assert len(provider.sent) == 1

    work(rounds=3)

    assert len(provider.sent) == 1


def test_trials__come_less_often_the_longer_they_are_in_vain() -> None:
    waits = [circuit.interval(Cause.RESULTS, in_vain) for in_vain in range(40)]

    assert waits[0] == timedelta(minutes=5)
    assert waits[1] == 2 * waits[0]
    assert max(waits) == timedelta(hours=6)
    assert circuit.interval(Cause.ACCOUNT, 9) == circuit.PROBE_INTERVAL
    # As many logins as Copyleaks allows, some of which others may need.
    assert timedelta(minutes=15) / circuit.PROBE_INTERVAL <= 12 - 2


def test_picture_that_comes_while_nothing_waits__is_the_trial_at_once(provider: Provider) -> None:
    circuit.open_for(Cause.REFUSALS, "bad_parameter", "There is no such model.")
    AccountState.objects.update(probe_at=timezone.now())
    recovery.step()
    photos(1)

    recovery.step()
    work()
    recovery.step()

    assert only_scan().status == Status.SUBMITTED
    assert not circuit.is_open()


# How long a single scan waits


@pytest.mark.parametrize("error", [RateLimitError(retry_after=3000), TransientError(retry_after=3000)])
@pytest.mark.parametrize("told", [Decimal(100), UNREACHABLE])
def test_wait_that_the_provider_asks_for__is_at_most_ten_minutes(
    error: CopyleaksError, told: Decimal | CopyleaksError, provider: Provider
) -> None:
    provider.fail_next([error])
    provider.credits = told
    photos(1)
    before = timezone.now()

    for scan in submit.claim(1):
        submit.work_on(scan, sleep=lambda seconds: None)

    waits_until = only_scan().next_attempt_at
    assert waits_until is not None
    assert timedelta(minutes=9) < waits_until - before < timedelta(minutes=11)
