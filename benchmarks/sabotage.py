"""``python -m benchmarks.sabotage [name …]``: disable each protection in turn and see that its tests notice.

Works on a copy of the tree. A protection is caught when the tests that guard it fail without it; they are run
unharmed first, so that a failure means what it says. The last line reads ``protections=N caught=N``; exit status 1
when one was not caught.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = "django_copyleaks_image"
COPIED = (PACKAGE, "tests", "pyproject.toml", "docs", "README.rst")


@dataclass(frozen=True)
class Protection:
    """``old`` stands exactly once in ``module`` and is replaced by ``new``; ``tests`` must then fail."""

    name: str
    module: str
    old: str
    new: str
    tests: str


PROTECTIONS = (
    Protection(
        "webhook token",
        "doors/webhook.py",
        "if not addresses.opens_webhook(scan_id, token):",
        "if False:",
        "tests/doors/test_webhook.py -k stranger",
    ),
    Protection(
        "doors sign apart",
        "scanning/addresses.py",
        '"copyleaks_image.webhook"',
        '"copyleaks_image.media"',
        "tests/doors -k stranger or identical_404",
    ),
    Protection(
        "retired keys",
        "scanning/addresses.py",
        'Signer(salt=WEBHOOK_SALT).unsign(f"{scan_id}:{token}")',
        'Signer(salt=WEBHOOK_SALT, fallback_keys=["an older key"]).unsign(f"{scan_id}:{token}")',
        "tests/doors/test_webhook.py -k stranger",
    ),
    Protection(
        "webhook headers",
        "doors/verifiers.py",
        "    return all(matches)",
        "    return any(matches) or not matches",
        "tests/doors/test_webhook.py -k configured_headers",
    ),
    Protection(
        "trusted proxy",
        "doors/verifiers.py",
        "return _comes_from_a_trusted_proxy(request) and ",
        "return ",
        "tests/doors/test_verifiers.py",
    ),
    Protection(
        "declared length",
        "doors/webhook.py",
        "if int(declared) > limit:",
        "if False:",
        "tests/doors/test_webhook.py -k oversized",
    ),
    Protection(
        "body cap",
        "doors/webhook.py",
        "stream.read(limit + 1)",
        "stream.read(limit * 100)",
        "tests/doors/test_webhook.py -k no_more_than",
    ),
    Protection(
        "body cap of a chunked body",
        "doors/webhook.py",
        "    if len(body) > limit:",
        "    if False:",
        "tests/doors/test_webhook.py -k chunked",
    ),
    Protection(
        "gzip bomb",
        "doors/webhook.py",
        "bounded_gunzip(body, limit)",
        "bounded_gunzip(body, limit * 1000)",
        "tests/doors/test_webhook.py -k gzip",
    ),
    Protection(
        "receipts per scan",
        "scanning/receive.py",
        "if _bodies_of(scan) < RECEIPTS_PER_SCAN",
        "if _bodies_of(scan) < 10_000",
        "tests/doors/test_webhook.py -k capped",
    ),
    Protection(
        "lease of a receipt",
        "scanning/inbox.py",
        "        if lease(pk):",
        "        if lease(pk) or True:",
        "tests/scanning/test_concurrency.py -k judged_by_two",
    ),
    Protection(
        "body of another scan",
        "scanning/receive.py",
        "if contradiction := _contradiction(scan, payload):",
        "if contradiction := None:",
        "tests/doors/test_webhook.py -k names_another",
    ),
    Protection(
        "applied once",
        "scanning/ends.py",
        "_COMPLETABLE = (*UNFINISHED, Status.FAILED)",
        "_COMPLETABLE = tuple(Status)",
        "tests/doors/test_webhook.py -k second_result",
    ),
    Protection(
        "settled receipts",
        "scanning/receive.py",
        ".exclude(outcome__in=SETTLED)",
        "",
        "tests/doors/test_webhook.py -k judged_twice",
    ),
    Protection(
        "pay key",
        "scanning/submit.py",
        "_store_facts(scan, pay_key=scan.content_key)",
        "_store_facts(scan)",
        "tests/scanning/test_concurrency.py -k identical_bytes",
    ),
    Protection(
        "shared result",
        "scanning/submit.py",
        "    if others and (result := bought.result_for(scan)):",
        "    if result := None:",
        "tests/scanning/test_submit.py -k result_that_exists",
    ),
    Protection(
        "paid in vain",
        "scanning/submit.py",
        "    if others and (payer := bought.in_vain_for(scan)):",
        "    if payer := None:",
        "tests/scanning/test_paid_in_vain.py",
    ),
    Protection(
        "resubmission pays for the lost one",
        "scanning/bought.py",
        ", may_have_arrived=True, resubmission=None)",
        ", may_have_arrived=True)",
        "tests/scanning/test_paid_in_vain.py -k never_sent",
    ),
    Protection(
        "later uploads pay anew",
        "scanning/bought.py",
        "failed.filter(finished_at__gte=scan.created_at)",
        "failed",
        "tests/scanning/test_paid_in_vain.py -k pays_anew",
    ),
    Protection(
        "given up after an uncertain try",
        "scanning/attempts.py",
        "    if _may_have_arrived(scan):\n        atomically",
        "    if False:\n        atomically",
        "tests/scanning/test_given_up.py",
    ),
    Protection(
        "twins of a scan that was given up",
        "scanning/ends.py",
        "Q(status__in=(Status.QUEUED, Status.FAILED))",
        "Q(status=Status.QUEUED)",
        "tests/scanning/test_given_up.py -k late_callback",
    ),
    Protection(
        "certain refusal of a replaced scan",
        "scanning/attempts.py",
        "Q(lease_owner=scan.lease_owner) | replaced, pk=scan.pk",
        "lease_owner=scan.lease_owner, pk=scan.pk",
        "tests/scanning/test_given_up.py -k frees_key",
    ),
    Protection(
        "key of a replaced scan",
        "scanning/lost.py",
        "return owner is None and give_key_up(scan)",
        "return give_key_up(scan)",
        "tests/scanning/test_given_up.py -k until_the_deadline",
    ),
    Protection(
        "arriving result",
        "scanning/submit.py",
        "bought.exists_or_arrives_for(scan)",
        "False",
        "tests/scanning/test_bought.py -k before_its_resubmission",
    ),
    Protection(
        "overdue result that is being judged",
        "scanning/sweep.py",
        "if bought.is_arriving_for(scan):",
        "if False:",
        "tests/scanning/test_sweep.py -k being_judged",
    ),
    Protection(
        "lease before the call",
        "scanning/leases.py",
        "status=Status.QUEUED, lease_owner=scan.lease_owner)\n    if not",
        "status=Status.QUEUED)\n    if not",
        "tests/scanning/test_submit.py -k lease_lost",
    ),
    Protection(
        "claims are exclusive",
        "scanning/leases.py",
        "scans().due(now).order_by()",
        "scans()",
        "tests/scanning/test_submit.py -k faster_to_take",
    ),
    Protection(
        "late 201",
        "scanning/calls.py",
        "        .filter(pk=scan.pk, status=Status.QUEUED)\n",
        "        .filter(pk=scan.pk)\n",
        "tests/scanning/test_submit.py -k early_callback",
    ),
    Protection(
        "repeated id",
        "scanning/calls.py",
        "return scan.may_have_arrived and error.status",
        "return False and error.status",
        "tests/scanning/test_submit.py -k repeated_id",
    ),
    Protection(
        "first conflict",
        "scanning/calls.py",
        "return scan.may_have_arrived and error.status",
        "return error.status",
        "tests/scanning/test_submit.py -k conflict_on_the_first",
    ),
    Protection(
        "success without a body",
        "scanning/calls.py",
        "if not (_was_accepted(error) or ",
        "if not (",
        "tests/scanning/test_submit.py -k success_whose_body",
    ),
    Protection(
        "sent or not",
        "copyleaks/transport.py",
        "content is not None and content.has_left",
        "not isinstance(error, requests.exceptions.SSLError)",
        "tests/copyleaks/test_client.py -k tls_that_breaks",
    ),
    Protection(
        "paid calls repeated by their row",
        "copyleaks/client.py",
        "        raise error\n\n\ndef client_from_settings",
        "            return self._call(method, path, body=body, hide=hide, max_bytes=max_bytes)\n"
        "        raise error\n\n\ndef client_from_settings",
        "tests/copyleaks/test_client.py -k by_the_caller_only",
    ),
    Protection(
        "any refusal drops the token",
        "copyleaks/client.py",
        "if isinstance(error, AuthenticationError) and self",
        "if answer.status == 401 and self",
        "tests/copyleaks/test_client.py -k ended_early or mended",
    ),
    Protection(
        "logins while refused",
        "copyleaks/token.py",
        'return _cache.takes(f"{self._key}:refused", uuid4().hex, DOUBT) and not is_second',
        "return True",
        "tests/copyleaks/test_client.py -k refused_too",
    ),
    Protection(
        "sync answers paid once",
        "scanning/calls.py",
        "if outcome in (Outcome.MALFORMED, Outcome.CONTRADICTS):",
        "if False:",
        "tests/scanning/test_submit.py -k that_is_no_result",
    ),
    Protection(
        "twins of an unreadable answer",
        "scanning/receive.py",
        'ends.fail_twins(scan, "unreadable_result", reason)',
        "pass",
        "tests/scanning/test_sweep.py -k ends_the_twins",
    ),
    Protection(
        "resubmission keeps the pay key",
        "scanning/lost.py",
        "pay_key=scan.pay_key,",
        "pay_key=None,",
        "tests/scanning/test_sweep.py -k resubmission_pays",
    ),
    Protection(
        "oversized result",
        "scanning/lost.py",
        " or scan.error_code == OVERSIZED",
        "",
        "tests/doors/test_webhook.py -k oversized_result",
    ),
    Protection(
        "budget of each day",
        "scanning/submit.py",
        "if scan.budget_day == day:",
        "if scan.budget_day is not None:",
        "tests/scanning/test_submit.py -k yesterdays",
    ),
    Protection(
        "login refusals are the account's",
        "copyleaks/token.py",
        "if not isinstance("
        "problem, AuthenticationError | PaymentError | RateLimitError | TokenError | TransientError):",
        "if False:",
        "tests/copyleaks/test_token.py -k refused_login",
    ),
    Protection(
        "account pause",
        "scanning/attempts.py",
        "isinstance(error, AuthenticationError | PaymentError)",
        "False",
        "tests/scanning/test_submit.py -k no_credits",
    ),
    Protection(
        "pause of the inline dispatcher",
        "scanning/submit.py",
        "    if account.is_on_hold():\n        return False\n",
        "",
        "tests/scanning/test_submit.py -k holds_the_inline",
    ),
    Protection(
        "resubmission outside the request",
        "dispatch.py",
        "if conf.DISPATCHER is not inline:",
        "if True:",
        "tests/scanning/test_submit.py -k own_request",
    ),
    Protection(
        "credit of an uncertain try",
        "scanning/attempts.py",
        "        if not _may_have_arrived(scan):\n            account",
        "        if True:\n            account",
        "tests/scanning/test_submit.py -k keeps_the_credit",
    ),
    Protection(
        "one day for all clocks",
        "scanning/account.py",
        "has_begun = Q(budget_day__range=(today, today + _CLOCKS_APART))",
        "has_begun = Q(budget_day=today)",
        "tests/scanning/test_concurrency.py -k clocks",
    ),
    Protection(
        "day on which a credit counts",
        "scanning/submit.py",
        "        if counts_on != day:",
        "        if False:",
        "tests/scanning/test_submit.py -k begun_early",
    ),
    Protection(
        "budget",
        "scanning/account.py",
        'row = row.filter(is_new | Q(LessThan(F("budget_spent") + F("budget_reserved"), budget)))',
        "pass",
        "tests/scanning/test_concurrency.py -k budget",
    ),
    Protection(
        "credit settled once",
        "scanning/account.py",
        "if day is None or not reserved.update(budget_day=None):",
        "if day is None:",
        "tests/scanning/test_concurrency.py -k credit",
    ),
    Protection(
        "rate",
        "scanning/rate.py",
        "account_row().filter(next_slot_at=seen).update",
        "account_row().update",
        "tests/scanning/test_concurrency.py -k taken_by_another",
    ),
    Protection(
        "one resubmission",
        "scanning/lost.py",
        "scan.resubmission_of_id is not None or ",
        "",
        "tests/scanning/test_sweep.py -k overdue",
    ),
    Protection(
        "supersession",
        "scanning/request.py",
        "ends.supersede(older, supersede_reason)",
        "pass",
        "tests/test_receivers.py -k replaced_file",
    ),
    Protection(
        "same-name overwrite",
        "receivers.py",
        "        _written(self.instance).add(self.field.attname)\n",
        "",
        "tests/test_receivers.py -k same_name",
    ),
    Protection(
        "media door expiry",
        "doors/media.py",
        "scans().unfinished().filter",
        "scans().filter",
        "tests/doors/test_media.py -k identical_404",
    ),
    Protection(
        "media door before sending",
        "doors/media.py",
        ", sent_at__isnull=False",
        "",
        "tests/doors/test_media.py -k identical_404",
    ),
    Protection(
        "hash while serving",
        "doors/media.py",
        "if digest.hexdigest() != scan.sha256:",
        "if False:",
        "tests/doors/test_media.py -k other_bytes",
    ),
    Protection(
        "paths out of the log",
        "doors/quiet.py",
        "response._has_been_logged = True",
        "response._has_been_logged = False",
        "tests/doors/test_quiet.py",
    ),
    Protection(
        "signal sent once",
        "notify.py",
        "filter(pk=scan_pk, notified_at=None)",
        "filter(pk=scan_pk)",
        "tests/scanning/test_sweep.py -k one_of_two",
    ),
    Protection(
        "version of a decision",
        "reviewing/decide.py",
        "pk=scan.pk, review_version=version)",
        "pk=scan.pk)",
        "tests/reviewing/test_decide.py -k stale_decision",
    ),
    Protection(
        "claims of the desk",
        "reviewing/claims.py",
        "waiting = scans().filter(free_for(user, now), pk=scan_pk)",
        "waiting = scans().filter(pk=scan_pk)",
        "tests/reviewing/test_claims.py -k exclusive",
    ),
    Protection(
        "pictures that others look at",
        "reviewing/decide.py",
        "scans().filter(free_for(user, timezone.now()), pk=",
        "scans().filter(pk=",
        "tests/reviewing/test_decide.py -k another_looks_at",
    ),
    Protection(
        "decision outlives a rescan",
        "reviewing/standing.py",
        "judgement=judgements_of(scan).first() if any(it.decision for it in met) else None,",
        "judgement=None,",
        "tests/reviewing/test_standing.py -k outlives",
    ),
    Protection(
        "contradiction re-opens",
        "reviewing/standing.py",
        "elif judgement.verdict == verdict or",
        "elif True or",
        "tests/reviewing/test_standing.py -k contradicts",
    ),
    Protection(
        "only what was seen is decided",
        "reviewing/standing.py",
        "elif judgement.verdict == verdict or",
        "elif any(it.verdict == verdict and it.decision for it in same_target(scan)) or",
        "tests/reviewing/test_standing.py -k reopened_review",
    ),
    Protection(
        "decision while a result is stored",
        "scanning/ends.py",
        "ending.filter(review_version=place.version).update",
        "ending.update",
        "tests/reviewing/test_standing.py -k between_reading_and_writing",
    ),
    Protection(
        "one decision for the same bytes",
        "reviewing/decide.py",
        'siblings.update(decision=after["decision"], **standing.off_the_desk())',
        "pass",
        "tests/reviewing/test_standing.py -k during_a_rescan or another_name",
    ),
    Protection(
        "second look by another",
        "reviewing/queue.py",
        "Q(~Exists(looks), desk=Desk.SECOND_LOOK)",
        "Q(desk=Desk.SECOND_LOOK)",
        "tests/reviewing/test_second_look.py -k who_took_the_first",
    ),
    Protection(
        "undo by the author",
        "reviewing/decide.py",
        " and decision.decided_by_id == user.pk",
        "",
        "tests/reviewing/test_undo.py -k those_who_decided",
    ),
    Protection(
        "undo of the last decision",
        "reviewing/decide.py",
        " and _is_last(decision, scan) else None",
        " else None",
        "tests/reviewing/test_undo.py -k somebody_else_decided",
    ),
    Protection(
        "one reversal",
        "reviewing/decide.py",
        "    except IntegrityError:",
        "    except ZeroDivisionError:",
        "tests/reviewing/test_undo.py -k same_moment",
    ),
    Protection(
        "replaced picture leaves the desk",
        "scanning/request.py",
        "        standing.withdraw(older.exclude(file_name=scan.file_name) if scan.is_rescan else older)",
        "        pass",
        "tests/reviewing/test_leaving.py -k replaced_picture",
    ),
    Protection(
        "deleted picture leaves the desk",
        "scanning/ends.py",
        "        **standing.off_the_desk(),\n",
        "",
        "tests/reviewing/test_leaving.py -k deleted_picture",
    ),
    Protection(
        "late result of a replaced picture",
        "reviewing/standing.py",
        "is_present=own.removed_at is None and not any(_counts_instead(it, of=own) for it in met),",
        "is_present=True,",
        "tests/reviewing/test_late_results.py -k replaced",
    ),
    Protection(
        "what was never measured",
        "reviewing/standing.py",
        "    desk = Desk.UNMEASURED\n",
        "    desk = Desk.NONE\n",
        "tests/reviewing/test_unmeasured.py -k waits_for_a_person",
    ),
    Protection(
        "pages of a queue",
        "reviewing/queue.py",
        ' | Q(**{f"pk__{beyond}": pk})',
        "",
        "tests/reviewing/test_queue.py -k same_moment",
    ),
    Protection(
        "objects closed by the admin of a proxy",
        "admin/targets.py",
        "if admin.has_view_permission(request, obj):",
        "if True:",
        "tests/admin/test_targets.py -k denies",
    ),
    Protection(
        "second looks in addresses of the list",
        "admin/scans.py",
        "not tells_of_decisions(lookup) and ",
        "",
        "tests/admin/test_filters.py -k by_hand",
    ),
    Protection(
        "append-only decisions",
        "models/decision.py",
        "if not self._state.adding:",
        "if False:",
        "tests/test_models.py -k only_appended",
    ),
    Protection(
        "owed signal of a decision",
        "scanning/sweep.py",
        "notify.send_decision(pk)",
        "pass",
        "tests/reviewing/test_signal.py -k process_that_died",
    ),
    Protection(
        "signal of a decision sent once",
        "notify.py",
        "filter(pk=decision_pk, notified_at=None)",
        "filter(pk=decision_pk)",
        "tests/reviewing/test_signal.py -k one_of_two",
    ),
    Protection(
        "erasure",
        "scanning/ends.py",
        "        erasure_due_at=now,\n",
        "",
        "tests/scanning/test_erasure.py -k forgotten",
    ),
    Protection(
        "erasure spares shared results",
        "scanning/erasure.py",
        "and not _has_living_user(scan.result_id)",
        "",
        "tests/scanning/test_erasure.py -k shared",
    ),
    Protection(
        "the upload goes on",
        "scanning/request.py",
        "    except Exception:\n        logger",
        "    except ZeroDivisionError:\n        logger",
        "tests/test_receivers.py -k our_insert",
    ),
    Protection(
        "bytes before decoding",
        "scanning/prepare.py",
        "if size > MAXIMUM_BYTES:",
        "if False:",
        "tests/scanning/test_prepare.py -k too_many_bytes",
    ),
    Protection(
        "SSRF: public addresses",
        "copyleaks/fetch.py",
        "must_be_public=origin != exempt",
        "must_be_public=False",
        "tests/copyleaks/test_fetch.py",
    ),
    Protection(
        "SSRF: the address that was checked",
        "copyleaks/fetch.py",
        "socket.create_connection((address, origin.port)",
        "socket.create_connection((origin.host, origin.port)",
        "tests/copyleaks/test_fetch.py -k checked_address",
    ),
    Protection(
        "SSRF: every address of a name",
        "copyleaks/fetch.py",
        "not all(is_public(",
        "not any(is_public(",
        "tests/copyleaks/test_fetch.py -k among_public",
    ),
    Protection(
        "SSRF: https only",
        "copyleaks/fetch.py",
        'if origin.scheme != "https" and origin != exempt:',
        "if False:",
        "tests/copyleaks/test_fetch.py -k not_https",
    ),
    Protection(
        "SSRF: no credentials",
        "copyleaks/fetch.py",
        "if has_credentials:",
        "if False:",
        "tests/copyleaks/test_fetch.py -k not_https",
    ),
    Protection(
        "SSRF: mapped addresses",
        "copyleaks/fetch.py",
        "address.ipv4_mapped or address.sixtofour",
        "None",
        "tests/copyleaks/test_fetch.py -k not_public",
    ),
    Protection(
        "SSRF: each redirect",
        "copyleaks/fetch.py",
        "        url = _redirected(url, location)",
        "        url = _redirected(url, location)\n        exempt = exempt and _Origin.of(url)",
        "tests/copyleaks/test_fetch.py -k redirect",
    ),
    Protection(
        "escaping of what a receipt holds",
        "templates/admin/copyleaks_image/webhookreceipt/change_form.html",
        "{{ body }}",
        "{{ body|safe }}",
        "tests/admin/test_receipts.py -k escaped",
    ),
    Protection(
        "escaping of provenance",
        "templates/admin/copyleaks_image/includes/facts.html",
        "{{ value }}",
        "{{ value|safe }}",
        "tests/admin/test_page.py -k escapes",
    ),
    Protection(
        "mask within the picture",
        "masks.py",
        "    _check_runs(mask, mask.end, pixels)",
        "    pass",
        "tests/test_masks.py tests/copyleaks/test_payloads.py",
    ),
    Protection(
        "secrets in settings errors",
        "conf.py",
        "return \"Secret('********')\"",
        'return f"Secret({self._text!r})"',
        "tests/test_conf.py tests/copyleaks/test_secrecy.py",
    ),
    Protection(
        "redaction of known secrets",
        "copyleaks/errors.py",
        "words = words.replace(secret.reveal(), _HIDDEN)",
        "pass",
        "tests/copyleaks/test_errors.py tests/copyleaks/test_secrecy.py",
    ),
    Protection(
        "redaction of what looks secret",
        "copyleaks/errors.py",
        "_TOKEN_LIKE.sub(_hidden, values.text(words, 4 * MESSAGE_LENGTH))",
        "values.text(words, 4 * MESSAGE_LENGTH)",
        "tests/copyleaks/test_errors.py tests/copyleaks/test_secrecy.py",
    ),
    Protection(
        "deadline of an exchange",
        "copyleaks/deadlines.py",
        "self._handle.shutdown(socket.SHUT_RDWR)",
        "pass",
        "tests/copyleaks/test_deadlines.py -k answer_that_drips",
    ),
    Protection(
        "deadline of a kept connection",
        "copyleaks/transport.py",
        "        if self.sock is not None and (deadline := deadlines.current()):",
        "        if deadline := None:",
        "tests/copyleaks/test_deadlines.py -k kept_connection",
    ),
    Protection(
        "deadline through a proxy",
        "copyleaks/transport.py",
        "        if is_new:",
        "        if False:",
        "tests/copyleaks/test_deadlines.py -k proxy",
    ),
    Protection(
        "answer that was cut",
        "copyleaks/transport.py",
        "if isinstance(received, bytes) and not deadline.has_cut:",
        "if isinstance(received, bytes):",
        "tests/copyleaks/test_deadlines.py -k answer_that_drips",
    ),
    Protection(
        "one deadline for login and call",
        "copyleaks/client.py",
        "with deadlines.within(self._transport.longest):",
        "if True:",
        "tests/copyleaks/test_deadlines.py -k together",
    ),
    Protection(
        "trailing mark of reconciliation",
        "scanning/reconcile.py",
        "    if now - seen_at < GRACE:",
        "    if False:",
        "tests/scanning/test_reconcile.py -k many_rounds",
    ),
    Protection(
        "mark trails what was seen before",
        "scanning/reconcile.py",
        "    return [candidate, _highest_key(watched), now.isoformat()]",
        "    return [_highest_key(watched), _highest_key(watched), now.isoformat()]",
        "tests/scanning/test_reconcile.py -k time_began",
    ),
    Protection(
        "candidate of a wrong clock",
        "scanning/reconcile.py",
        "    if marks.is_ahead(seen_at, now):",
        "    if False:",
        "tests/scanning/test_reconcile.py -k was_ahead",
    ),
    Protection(
        "the database's clock",
        "scanning/clock.py",
        "    return timezone.now() + known.difference",
        "    return timezone.now()",
        "tests/scanning/test_clock.py -k worker_with_a_wrong_clock",
    ),
    Protection(
        "clock that jumps",
        "scanning/clock.py",
        " and abs(time.time() - self.wall - passed) < JUMP",
        "",
        "tests/scanning/test_clock.py -k jumps",
    ),
    Protection(
        "slot, sweep and probe of a wrong clock",
        "marks.py",
        "    return moment > now + longest + APART",
        "    return False",
        "tests/scanning/test_clock.py -k further_ahead",
    ),
    Protection(
        "marks of a wrong clock",
        "marks.py",
        'return Q((f"{field}__gt", now + longest + APART))',
        'return Q((f"{field}__gt", now + timedelta(days=999)))',
        "tests/scanning/test_clock.py",
    ),
    Protection(
        "honest marks",
        "marks.py",
        'return Q((f"{field}__gt", now + longest + APART))',
        'return Q((f"{field}__gt", now))',
        "tests/scanning/test_clock.py",
    ),
    Protection(
        "scans that wait for a wrong clock",
        "scanning/sweep.py",
        "too_late | (late & is_fresh)",
        "Q(pk=None)",
        "tests/scanning/test_clock.py -k honestly",
    ),
    Protection(
        "waits of scans that were put back",
        "scanning/sweep.py",
        "too_late | (late & is_fresh)",
        "late",
        "tests/scanning/test_clock.py -k honestly",
    ),
    Protection(
        "logins of all processes",
        "copyleaks/token.py",
        "if wait := _admit():",
        "if wait := 0:",
        "tests/copyleaks/test_token.py -k one_too_many",
    ),
    Protection(
        "logins noted once each",
        "scanning/logins.py",
        "account_row().filter(logins=noted).update",
        "account_row().update",
        "tests/scanning/test_logins.py -k at_once",
    ),
    Protection(
        "wiring of the limit on logins",
        "apps.py",
        "        logins.connect()",
        "",
        "tests/scanning/test_logins.py -k locmem",
    ),
    Protection(
        "cache that stores nothing",
        "copyleaks/shared_cache.py",
        "            if self.get(key) is not None:\n                return False\n        return True",
        "            return False\n        return False",
        "tests/copyleaks/test_token.py -k stores_nothing",
    ),
    Protection(
        "rest of a cache that is down",
        "copyleaks/shared_cache.py",
        "        if time.monotonic() < self._rests_until:",
        "        if False:",
        "tests/copyleaks/test_token.py -k once_an_outage",
    ),
    Protection(
        "lifetime of a token by the vendor's clock",
        "copyleaks/token.py",
        "(time.time() if issued is None else issued.timestamp())",
        "time.time()",
        "tests/copyleaks/test_token.py -k another_day",
    ),
    Protection(
        "pace of calls that leave late",
        "scanning/rate.py",
        "            self._wait_for_turn(at_once, window)",
        "            pass",
        "tests/scanning/test_rate.py -k leave",
    ),
    Protection(
        "calls that are still leaving",
        "scanning/rate.py",
        "            self._calls[call] = inf",
        "            self._calls[call] = time.monotonic()",
        "tests/scanning/test_rate.py",
    ),
    Protection(
        "slower after a refusal for the rate",
        "scanning/submit.py",
        "        rate.slow_down(error.retry_after)",
        "        pass",
        "tests/scanning/test_rate.py -k slows_down",
    ),
    Protection(
        "refusals at once",
        "scanning/rate.py",
        '        .exclude(marks.is_recent("slowed_at", now, within=AT_ONCE))',
        "",
        "tests/scanning/test_rate.py -k at_once",
    ),
)


def main(names: list[str]) -> int:
    chosen = [protection for protection in PROTECTIONS if not names or protection.name in names]
    with tempfile.TemporaryDirectory(prefix="sabotage-") as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        guards = sorted({protection.tests for protection in chosen})
        sound = dict(zip(guards, pool.map(lambda tests: _passes(_copy(folder), tests), guards), strict=True))
        caught = list(pool.map(lambda protection: _is_caught(folder, protection, sound), chosen))
    print(f"protections={len(chosen)} caught={sum(caught)}")
    return 0 if all(caught) else 1


def _is_caught(folder: str, protection: Protection, sound: dict[str, bool]) -> bool:
    tree = _copy(folder)
    module = tree / PACKAGE / protection.module
    text = module.read_text()
    if text.count(protection.old) != 1:
        outcome = "NOT FOUND in the source"
    elif not sound[protection.tests]:
        outcome = "GUARD FAILS unharmed"
    else:
        module.write_text(text.replace(protection.old, protection.new))
        outcome = "NOT CAUGHT" if _passes(tree, protection.tests) else "caught"
    shutil.rmtree(tree)
    print(f"{protection.name:<34} {outcome}", flush=True)
    return outcome == "caught"


def _copy(folder: str) -> Path:
    tree = Path(tempfile.mkdtemp(dir=folder))
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tree / name)
    return tree


def _passes(tree: Path, tests: str) -> bool:
    paths, _, expression = tests.partition(" -k ")
    command = [sys.executable, "-m", "pytest", "-x", "-q", *paths.split(), *(["-k", expression] if expression else [])]
    finished = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False, timeout=300)
    return finished.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
