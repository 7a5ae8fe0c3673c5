"""System checks by what they are about: one id for each mistake, with its heading in ``docs/checks.rst``."""

from . import (
    addresses,
    admin_sites,
    caching,
    callbacks,
    columns,
    configuration,
    fields,
    monitoring,
    progress,
    project,
    recorders,
    silent,
    tenants,
)

__all__ = [
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
    "silent",
    "tenants",
]
