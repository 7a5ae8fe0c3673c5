"""The protections of the projects that the app is installed in, and of what is installed beside it."""

from .protection import Protection

PROTECTIONS = (
    Protection(
        "kept queries of the queue",
        "checks/caching.py",
        'if profile and _ASKED & set(profile["ops"]):',
        "if False:",
        "tests/checks/test_caching.py",
    ),
    Protection(
        "admins of a site's own",
        "admin/sites.py",
        "        if not site.is_registered(model):\n",
        "        if True:\n",
        "tests/admin/test_sites.py -k keeps",
    ),
    Protection(
        "sites without a desk",
        "checks/admin_sites.py",
        "admin_for(site, WatchedImage, DeskViews) is None",
        "False",
        "tests/admin/test_sites.py -k without_desk",
    ),
    Protection(
        "worker without an account",
        "management/commands/copyleaks_worker.py",
        "[*check_credentials(), *check_public_url_is_set()]",
        "[]",
        "tests/checks/test_checks.py -k does_not_start_without",
    ),
    Protection(
        "migrations without an account",
        "checks/configuration.py",
        "@register(Tags.security, deploy=True)\ndef check_credentials",
        "@register(Tags.security)\ndef check_credentials",
        "tests/checks/test_checks.py -k only_a_worker_needs",
    ),
    Protection(
        "no client at the start",
        "copyleaks/transport.py",
        "from . import deadlines\n",
        "from . import deadlines, session\n",
        "tests/test_startup.py -k imports_neither",
    ),
    Protection(
        "no decoder at the start",
        "heatmap.py",
        "from zlib import Z_RLE\n",
        "from zlib import Z_RLE\n\nimport PIL.Image\n",
        "tests/test_startup.py -k imports_neither",
    ),
    Protection(
        "patterns at first use",
        "copyleaks/bodies.py",
        "    return lambda document, at: compiled()",
        "    compiled()\n    return lambda document, at: compiled()",
        "tests/test_startup.py -k first_use",
    ),
    Protection(
        "webhook out of the host's schema",
        "endpoints/webhook.py",
        "    schema = None\n",
        "",
        "tests/endpoints/test_schema.py",
    ),
    Protection(
        "bodies of callbacks out of Sentry",
        "recorders.py",
        'if name != "data"}',
        'if name != "body"}',
        "tests/test_recorders.py -k body",
    ),
    Protection(
        "deep variables out of Sentry",
        "recorders.py",
        "DEPTH = 24",
        "DEPTH = 8",
        "tests/test_recorders.py -k frames",
    ),
    Protection(
        "requests of ours out of silk",
        "recorders.py",
        "return redacted(path) is path",
        "return True",
        "tests/test_recorders.py -k silk",
    ),
    Protection(
        "log of daphne",
        "recorders.py",
        "write_entry(self, *redacted(args), **redacted(kwargs))",
        "write_entry(self, *args, **kwargs)",
        "tests/test_recorders.py -k daphne",
    ),
    Protection(
        "recorders without a filter",
        "checks/recorders.py",
        "return _TOKEN in str(left)",
        "return False",
        "tests/test_recorders.py -k sentry_without",
    ),
)
