"""The protections of ``task_backends/``."""

from .protection import Protection

PROTECTIONS = (
    Protection(
        "message that wakes for others",
        "task_backends/steps.py",
        "        worked_on += _work_on_others(until=sleeps_at)",
        "        pass",
        "tests/task_backends/test_steps.py -k others_that_are_due",
    ),
    Protection(
        "turn of the task backend's other tasks",
        "task_backends/steps.py",
        "may_claim=monotonic() < until",
        "may_claim=True",
        "tests/task_backends/test_steps.py -k no_more_after_a_while",
    ),
    Protection(
        "visitor who waits for the own scan alone",
        "task_backends/celery.py",
        ", and_others=not work_on_scan.request.is_eager",
        "",
        "tests/task_backends/test_in_process.py -k test_celery__that_runs_at_once",
    ),
    Protection(
        "message for another that is put back",
        "task_backends/steps.py",
        "again = _put_back(worked_on)",
        "again = _put_back([scan_id])",
        "tests/task_backends/test_steps.py -k error_of_another",
    ),
    Protection(
        "what is claimed for all threads",
        "task_backends/claims.py",
        "if may_claim and not waiting:",
        "if not may_claim:\n            return None\n        if not waiting:",
        "tests/task_backends/test_steps.py -k claim_together",
    ),
    Protection(
        "what nobody took because of an error",
        "task_backends/claims.py",
        "                attempts.give_back(scan)",
        "                pass",
        "tests/task_backends/test_steps.py -k nobody_took",
    ),
    Protection(
        "what others who are awake may take",
        "task_backends/claims.py",
        "left = [] if _awake[tenant] else list(_waiting.pop(tenant, ()))",
        "left = list(_waiting.pop(tenant, ()))",
        "tests/task_backends/test_steps.py -k nobody_took",
    ),
)
