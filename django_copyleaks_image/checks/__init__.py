"""System checks by what they are about: one id for each mistake, with its heading in ``docs/checks.rst``."""

from . import addresses, callbacks, columns, configuration, fields, progress, project, silent

__all__ = ["addresses", "callbacks", "columns", "configuration", "fields", "progress", "project", "silent"]
