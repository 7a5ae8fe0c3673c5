"""Errors of database drivers, as Django raises them."""

from django.db import Error as AnyDatabaseError


def raised(error: AnyDatabaseError, *arguments: object, **codes: object) -> AnyDatabaseError:
    """Return an error as Django raises it, for one of a driver with such arguments and codes."""
    cause = Exception(*arguments)
    vars(cause).update(codes)
    error.args = cause.args
    error.__cause__ = cause
    return error
