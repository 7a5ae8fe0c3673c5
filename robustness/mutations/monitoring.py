"""The protections of ``monitoring/``, and of what it counts."""

from .protection import Protection

PROTECTIONS = (
    Protection(
        "metrics for whoever has the token",
        "monitoring/metrics_view.py",
        "    if not is_known:\n",
        "    if False:\n",
        "tests/monitoring/test_metrics.py -k token__is_needed",
    ),
    Protection(
        "no metrics without a token of the site",
        "monitoring/metrics_view.py",
        "    if not token:\n",
        "    if False:\n",
        "tests/monitoring/test_metrics.py -k without_a_token_of_the_site",
    ),
    Protection(
        "database that hangs is not waited for",
        "monitoring/bounded.py",
        "answers.get(timeout=seconds)",
        "answers.get(timeout=60)",
        "tests/monitoring/test_health.py -k database_that_hangs",
    ),
    Protection(
        "few threads for a database that hangs",
        "monitoring/bounded.py",
        "    if not _places.acquire(timeout=seconds):\n",
        "    if False:\n",
        "tests/monitoring/test_health.py -k database_that_hangs",
    ),
    Protection(
        "credits are nobody's business",
        "monitoring/health_view.py",
        "        del told[name]\n",
        "        pass\n",
        "tests/monitoring/test_health.py -k answers_200_to_anybody",
    ),
    Protection(
        "a pause is a failure",
        "monitoring/health.py",
        "Failing.PAUSED: row.paused_at is not None,",
        "Failing.PAUSED: False,",
        "tests/monitoring/test_health.py -k pause__says_why",
    ),
    Protection(
        "counted after the commit alone",
        "scanning/tallies.py",
        "    tenants.after_commit(count, using=home_database())\n",
        "    count()\n",
        "tests/monitoring/test_tallies.py -k waits_for_the_commit",
    ),
    Protection(
        "a count that fails changes nothing",
        "tenants.py",
        "robust=True)\n",
        "robust=False)\n",
        "tests/monitoring/test_tallies.py -k count_that_fails",
    ),
    Protection(
        "corrected credits are not counted twice",
        "scanning/tallies.py",
        "    if credits_charged > 0:\n",
        "    if True:\n",
        "tests/monitoring/test_tallies.py -k corrected",
    ),
    Protection(
        "no label for each number of the provider",
        "scanning/tallies.py",
        "code if code in Code.values else OTHER",
        "code",
        "tests/monitoring/test_tallies.py -k code_of_nobody",
    ),
)
