"""Keeps configured header values out of error reports and the debug page."""

import re

from django.views.debug import SafeExceptionReporterFilter


class ExceptionReporterFilter(SafeExceptionReporterFilter):
    """Django's own filter, which also hides the header values of this app.

    Set ``DEFAULT_EXCEPTION_REPORTER_FILTER = "django_copyleaks_image.debug.ExceptionReporterFilter"``.
    """

    hidden_settings = re.compile(
        SafeExceptionReporterFilter.hidden_settings.pattern + "|FETCH_HEADERS|WEBHOOK_HEADERS", re.IGNORECASE
    )
