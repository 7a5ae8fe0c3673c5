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
        "        raise error\n\n    def _send",
        "            return self._call(method, path, body=body, hide=hide, max_bytes=max_bytes)\n"
        "        raise error\n\n    def _send",
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
        'return cache.add(f"{self._key}:refused", "", DOUBT) and not is_second',
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
        "if not isinstance(problem, AuthenticationError | PaymentError | RateLimitError | TransientError):",
        "if False:",
        "tests/copyleaks/test_token.py -k refused_login",
    ),
    Protection(
        "account pause",
        "scanning/attempts.py",
        "    if error.pauses_account:",
        "    if False:",
        "tests/scanning/test_submit.py -k no_credits",
    ),
    Protection(
        "pause of the inline dispatcher",
        "scanning/submit.py",
        "_resubmitting_one_at_a_time(due().filter(scan_id=scan_id), 1)",
        "_resubmitting_one_at_a_time(scans().due(timezone.now()).filter(scan_id=scan_id), 1)",
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
        "scanning/account.py",
        "_row().filter(next_slot_at=seen).update",
        "_row().update",
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
        "contradicted by others",
        "scanning/circuit.py",
        "return True  # Others went through since it failed before.",
        "pass",
        "tests/scanning/test_circuit.py -k like_an_account",
    ),
    Protection(
        "contradicted by the account",
        "scanning/circuit.py",
        "return cause == Cause.ACCOUNT and probes.account_answers()",
        "return False",
        "tests/scanning/test_circuit.py -k contradicts",
    ),
    Protection(
        "contradicted by the API",
        "scanning/circuit.py",
        "        return probes.api_answers()",
        "        return False",
        "tests/scanning/test_circuit.py -k never_answers",
    ),
    Protection(
        "contradicted by another file",
        "scanning/circuit.py",
        "        return probes.another_file_opens(scan)",
        "        return False",
        "tests/scanning/test_circuit.py -k cannot_be_read",
    ),
    Protection(
        "contradicted by the database",
        "scanning/circuit.py",
        "        return probes.database_answers(scan.database)",
        "        return True",
        "tests/scanning/test_circuit.py -k database_of_the_pictures",
    ),
    Protection(
        "outage is nobody's attempt",
        "scanning/circuit.py",
        "    if state.paused_at is not None:\n        return False\n    works",
        "    if state.paused_at is not None:\n        return True\n    works",
        "tests/scanning/test_circuit.py -k ends_nothing_however_long",
    ),
    Protection(
        "several fail alike",
        "scanning/circuit.py",
        "state.failing_scan == scan.scan_id or ",
        "True or ",
        "tests/scanning/test_circuit.py -k several",
    ),
    Protection(
        "all are refused though credits are left",
        "scanning/circuit.py",
        "        cause = Cause.REFUSALS  #",
        "        pass  #",
        "tests/scanning/test_circuit.py -k although_the_account_answers",
    ),
    Protection(
        "few tries of a refused picture",
        "scanning/attempts.py",
        "if cause and cause.pauses_account else",
        "if False else",
        "tests/scanning/test_circuit.py -k contradicts",
    ),
    Protection(
        "login is nobody's fault",
        "scanning/attempts.py",
        "is_shared=error.is_of_login",
        "is_shared=False",
        "tests/scanning/test_circuit.py -k login_that_is_refused",
    ),
    Protection(
        "missing file or missing volume",
        "scanning/attempts.py",
        'if skipped.code == "missing_file" and not',
        "if False and not",
        "tests/scanning/test_circuit.py -k without_the_media",
    ),
    Protection(
        "refusal of the picture on trial",
        "scanning/attempts.py",
        "if circuit.refuses_all_alike(error.slug) and not",
        "if False and not",
        "tests/scanning/test_circuit.py -k one_code",
    ),
    Protection(
        "refusals alike",
        "scanning/attempts.py",
        "        recovery.open_on_evidence()",
        "        pass",
        "tests/scanning/test_circuit.py -k one_code",
    ),
    Protection(
        "retry-after is bounded",
        "scanning/attempts.py",
        "min(LONGEST_WAIT, max(_backoff(scan.attempts), (cause and cause.retry_after) or 0))",
        "max(_backoff(scan.attempts), (cause and cause.retry_after) or 0)",
        "tests/scanning/test_circuit.py -k at_most_ten",
    ),
    Protection(
        "retry-after of an outage is bounded",
        "scanning/attempts.py",
        "min(LONGEST_WAIT, max(wait, (cause and cause.retry_after) or 0))",
        "max(wait, (cause and cause.retry_after) or 0)",
        "tests/scanning/test_circuit.py -k at_most_ten",
    ),
    Protection(
        "probe without credits",
        "scanning/probes.py",
        "credits() > 0",
        "credits() >= 0",
        "tests/scanning/test_circuit.py -k finds_no_credits",
    ),
    Protection(
        "trial beside the credits",
        "scanning/recovery.py",
        "        if not _has_settled_by_asking(row):\n            _let_one_through(now)",
        "        _has_settled_by_asking(row)",
        "tests/scanning/test_circuit.py -k ends_by_a_picture",
    ),
    Protection(
        "trial logs in every other time",
        "scanning/recovery.py",
        " and row.trials % 2 == 0",
        "",
        "tests/scanning/test_circuit.py -k login_that_is_refused",
    ),
    Protection(
        "one on trial at a time",
        "scanning/circuit.py",
        "due.filter(scan_id=row.trial_scan, next",
        "due.filter(next",
        "tests/scanning/test_circuit.py -k ends_by_a_picture",
    ),
    Protection(
        "one trial is one attempt",
        "scanning/circuit.py",
        ", next_attempt_at__lte=row.trial_at)",
        ")",
        "tests/scanning/test_circuit.py -k one_code",
    ),
    Protection(
        "trial is overdue",
        "scanning/recovery.py",
        "is_overdue = row.probe_at is None or not",
        "is_overdue = False and not",
        "tests/scanning/test_circuit.py -k nothing_is_heard",
    ),
    Protection(
        "trial gives way",
        "scanning/recovery.py",
        "        return scan.error_code in NEUTRAL",
        "        return False",
        "tests/scanning/test_circuit.py -k gives_way_to_another",
    ),
    Protection(
        "fresh pictures on trial",
        "scanning/recovery.py",
        "each[0] is not None, each[1]",
        "each[0] is None, each[1]",
        "tests/scanning/test_circuit.py -k paid_twice",
    ),
    Protection(
        "wrong clock of a probe",
        "scanning/recovery.py",
        "| Q(probe_at__gt=now + circuit.LONGEST_INTERVAL) ",
        "",
        "tests/scanning/test_circuit.py -k wrong_clock",
    ),
    Protection(
        "trial of what comes",
        "scanning/recovery.py",
        "        circuit.same(row).update(probe_at=now, trials=row.trials)",
        "        pass",
        "tests/scanning/test_circuit.py -k comes_while_nothing",
    ),
    Protection(
        "results must come for results",
        "scanning/recovery.py",
        "or cause == Cause.RESULTS:",
        "or False:",
        "tests/scanning/test_circuit.py -k paid_twice",
    ),
    Protection(
        "late result ends a pause",
        "scanning/recovery.py",
        "        return evidence.answered_since(paused_at)",
        "        return False",
        "tests/scanning/test_circuit.py -k paid_twice",
    ),
    Protection(
        "hold is a person's",
        "scanning/recovery.py",
        "elif row.pause_cause != Cause.PERSON:",
        "else:",
        "tests/scanning/test_circuit.py -k person_only",
    ),
    Protection(
        "hold keeps its reason",
        "scanning/circuit.py",
        "        .filter(paused_at=None)\n        .update(",
        "        .update(",
        "tests/scanning/test_circuit.py -k takes_the_place",
    ),
    Protection(
        "window of the unanswered",
        "scanning/evidence.py",
        "[limit - 1 : limit]",
        "[limit : limit + 1]",
        "tests/scanning/test_circuit.py -k handful",
    ),
    Protection(
        "window after the claim",
        "scanning/submit.py",
        "    elif evidence.window_is_full():\n        raise",
        "    elif False:\n        raise",
        "tests/scanning/test_circuit.py -k handful",
    ),
    Protection(
        "patience with results",
        "scanning/recovery.py",
        "silent_since < timezone.now() - patience",
        "silent_since < timezone.now()",
        "tests/scanning/test_circuit.py -k handful",
    ),
    Protection(
        "one resubmission at a time",
        "scanning/submit.py",
        "if again and evidence.resubmission_is_out():",
        "if False:",
        "tests/scanning/test_circuit.py -k one_at_a_time",
    ),
    Protection(
        "one resubmission a claim",
        "scanning/submit.py",
        "if resubmits is None or pk == again[0]]",
        "]",
        "tests/scanning/test_circuit.py -k one_at_a_time",
    ),
    Protection(
        "resubmissions in vain",
        "scanning/lost.py",
        " or evidence.resubmissions_are_in_vain()",
        "",
        "tests/scanning/test_circuit.py -k the_last_ones",
    ),
    Protection(
        "single files are no evidence",
        "scanning/evidence.py",
        "if scan.error_code not in PICTURE_SLUGS)",
        "if True)",
        "tests/scanning/test_circuit.py -k single_pictures",
    ),
    Protection(
        "accepted meanwhile",
        "scanning/evidence.py",
        "        return accepted_since(last[-1].finished_at)",
        "        return False",
        "tests/scanning/test_circuit.py -k among_which",
    ),
    Protection(
        "evidence of before",
        "scanning/evidence.py",
        "(timezone.now() - _LATELY, row.resumed_at)",
        "(timezone.now() - _LATELY, None)",
        "tests/scanning/test_circuit.py -k from_before_a_pause",
    ),
    Protection(
        "results of later pictures",
        "scanning/evidence.py",
        "return None if _others_fared_better(last) else last[0]",
        "return last[0]",
        "tests/scanning/test_circuit.py -k do_not_pause_again",
    ),
    Protection(
        "queued again, not paid again",
        "scanning/requeue.py",
        "    if scan.may_have_arrived:\n        return False\n",
        "",
        "tests/scanning/test_requeue.py -k may_have_been_paid",
    ),
    Protection(
        "queued again, bytes in vain",
        "scanning/requeue.py",
        "return not scan.content_key or not in_vain.exists()",
        "return True",
        "tests/scanning/test_requeue.py -k may_have_been_paid",
    ),
    Protection(
        "queued again once",
        "scanning/requeue.py",
        "same_target(scan).filter(pk__gt=scan.pk).exists() or ",
        "",
        "tests/scanning/test_requeue.py -k ended_with_the_code",
    ),
    Protection(
        "queued again up to the request",
        "scanning/requeue.py",
        ".filter(pk__lt=row.requeue_mark or 0)",
        "",
        "tests/scanning/test_requeue.py -k some_at_a_time",
    ),
    Protection(
        "permission to resume",
        "admin/account.py",
        'or not is_permitted(request, "resume_accountstate"):',
        "or False:",
        "tests/admin/test_account.py -k resume",
    ),
    Protection(
        "permission to queue again",
        "admin/account.py",
        'or not is_permitted(request, "rescan_imagescan"):',
        "or False:",
        "tests/admin/test_account.py -k queue_again",
    ),
    Protection(
        "probe shows headers",
        "doors/webhook.py",
        "would_pass = carries_webhook_headers(request._request) and ",
        "would_pass = ",
        "tests/test_doctor.py -k headers",
    ),
    Protection(
        "pause after the claim",
        "scanning/submit.py",
        "        if row.trial_scan != scan.scan_id:",
        "        if False:",
        "tests/scanning/test_circuit.py -k claimed_before",
    ),
    Protection(
        "trial beside what is unanswered",
        "scanning/submit.py",
        "    elif evidence.window_is_full():\n        raise",
        "    if evidence.window_is_full():\n        raise",
        "tests/scanning/test_circuit.py -k need_not_wait",
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
