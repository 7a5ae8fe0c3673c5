"""The protections of ``alerts/``."""

from .protection import Protection

PROTECTIONS = (
    Protection(
        "one message of all who have read that it is due",
        "alerts/telling.py",
        "    if not ours.update(due_at=now + lease, tries=tries):\n        return False\n",
        "    row.update(due_at=now + lease, tries=tries)\n",
        "tests/alerts/test_concurrency.py",
    ),
    Protection(
        "a pause that is over begins no second alert",
        "alerts/noticing.py",
        "name = alert.incident if alert.kind == Kind.PAUSED else None",
        "name = None",
        "tests/alerts/test_noticing.py -k read_of_a_pause",
    ),
    Protection(
        "an alert and its messages are made together",
        "alerts/noticing.py",
        "        atomically(partial(_insert",
        "        (lambda work: work())(partial(_insert",
        "tests/alerts/test_noticing.py -k together",
    ),
    Protection(
        "no flood of mails while something comes and goes",
        "alerts/noticing.py",
        "return now if last is None else min(last, now) + AGAIN_AFTER",
        "return now",
        "tests/alerts/test_noticing.py -k comes_again",
    ),
    Protection(
        "a chat that is down is left alone after a few tries",
        "alerts/telling.py",
        "is_last = tries >= TRIES",
        "is_last = False",
        "tests/alerts/test_channels.py -k given_up",
    ),
    Protection(
        "the address of the webhook is in no log",
        "alerts/channels.py",
        "return not _is_posting.get()",
        "return True",
        "tests/alerts/test_channels.py -k no_log",
    ),
    Protection(
        "the address of the webhook is in no report",
        "debug.py",
        '        lambda: [("", conf.ALERTS.webhook)],\n',
        "",
        "tests/alerts/test_channels.py -k no_log",
    ),
    Protection(
        "a mail server that never answers holds up no round",
        "alerts/channels.py",
        "thread.join(MAIL_SECONDS)",
        "thread.join()",
        "tests/alerts/test_channels.py -k holds_up_no_round",
    ),
    Protection(
        "a site that wants no alerts is asked nothing after requests",
        "alerts/rounds.py",
        "if channels.wanted_for(Kind.SILENT) and noticing.notice_silence():",
        "if noticing.notice_silence():",
        "tests/alerts/test_lookout.py -k asked_nothing",
    ),
    Protection(
        "a database that fails breaks no request",
        "alerts/rounds.py",
        "    except AnyDatabaseError as error:\n",
        "    except ZeroDivisionError as error:\n",
        "tests/alerts/test_lookout.py -k breaks_no_request",
    ),
    Protection(
        "the state of the account is told to those who may see it",
        "admin/banner.py",
        "if account is None or not account.has_view_permission(request):",
        "if account is None:",
        "tests/admin/test_banner.py -k what_it_means",
    ),
    Protection(
        "results that are lost by accident alarm nobody",
        "scanning/losses.py",
        "self.lost * _ONE_IN >= self.sent",
        "True",
        "tests/scanning/test_losses.py -k accident",
    ),
)
