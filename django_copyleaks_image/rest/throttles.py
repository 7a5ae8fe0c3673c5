"""How often one user may ask: for reading, for what changes something, and for what may cost credits, each by itself.

A project says otherwise in Django REST framework's ``DEFAULT_THROTTLE_RATES`` under the name of a scope; ``None`` there
takes the limit away.
"""

from typing import Any

from rest_framework.settings import api_settings
from rest_framework.throttling import UserRateThrottle


class _OwnRateThrottle(UserRateThrottle):
    scope: str
    otherwise: str

    def get_rate(self) -> str | None:
        rates: dict[str, Any] = api_settings.DEFAULT_THROTTLE_RATES or {}
        rate: str | None = rates.get(self.scope, self.otherwise)
        return rate


class ReadThrottle(_OwnRateThrottle):
    scope = "copyleaks_read"
    otherwise = "600/minute"


class WriteThrottle(_OwnRateThrottle):
    scope = "copyleaks_write"
    otherwise = "120/minute"


class PaidThrottle(_OwnRateThrottle):
    scope = "copyleaks_paid"
    otherwise = "60/minute"
