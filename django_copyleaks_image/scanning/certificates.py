"""The thumbprints of the vendor's TLS client certificates, fetched daily by the worker where they are used."""

import logging
from datetime import timedelta

from django.db.models import Q

from django_copyleaks_image import clock_skew
from django_copyleaks_image.conf import conf
from django_copyleaks_image.copyleaks.client import client_from_settings
from django_copyleaks_image.copyleaks.errors import CopyleaksError
from django_copyleaks_image.models import account_row

from . import account, clock

logger = logging.getLogger(__name__)

REFRESH = timedelta(days=1)
RETRY = timedelta(minutes=10)


def known_thumbprints() -> frozenset[str]:
    """Return the thumbprints as last fetched: 40 or 64 lower-case hexadecimal digits."""
    return frozenset(account.state().certificate_thumbprints)


def refresh_if_due() -> None:
    """Fetch the list if it is used and a day old; a failure, or an empty list, keeps the old one."""
    if not conf.CLIENT_CERTIFICATE_HEADER:
        return
    now = clock.now()
    account.state()
    is_due = Q(certificates_due_at=None) | clock_skew.has_passed("certificates_due_at", now, longest=REFRESH)
    if not account_row().filter(is_due).update(certificates_due_at=now + RETRY):
        return
    try:
        thumbprints = client_from_settings().client_certificates()
    except CopyleaksError as error:
        logger.warning(
            "The list of client certificates could not be fetched (%s).",
            error.slug,
            extra={"event": "certificates_not_fetched", "code": error.slug},
        )
        return
    if not thumbprints:
        logger.error(
            "The list of client certificates is empty; the known ones are kept.", extra={"event": "certificates_empty"}
        )
        return
    account_row().update(certificate_thumbprints=sorted(thumbprints), certificates_due_at=now + REFRESH)
