"""System checks by what they are about: one id for each mistake, with its heading in ``docs/checks.rst``.

Their modules are imported when the first of them runs, which no web process waits for: see :mod:`.registering`.
"""

MODULES = (
    "addresses",
    "admin_sites",
    "caching",
    "callbacks",
    "columns",
    "configuration",
    "fields",
    "monitoring",
    "progress",
    "project",
    "recorders",
    "rest",
    "silent",
    "tenants",
)
