"""Keeps the development server's request log free of the secrets that our doors have in their paths."""

from logging import Filter, LogRecord


class NoDoorSecrets(Filter):
    """Drop a request line of ``copyleaks/``, behind which the doors lie."""

    def filter(self, record: LogRecord) -> bool:
        return record.name != "django.server" or " /copyleaks/" not in record.getMessage()
