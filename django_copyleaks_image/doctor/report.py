"""The contract report: what the provider's API did in a trial where its documentation says nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django_copyleaks_image.conf import conf
from django_copyleaks_image.copyleaks import contract, values
from django_copyleaks_image.copyleaks.bodies import load_object
from django_copyleaks_image.scanning import trials

# Headers that say nothing about the contract: those of HTTP itself, of proxies, and of networks of delivery.
_USUAL = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-language",
        "age",
        "alt-svc",
        "cache-control",
        "connection",
        "content-encoding",
    }
    | {"content-length", "content-type", "cookie", "date", "etag", "expires", "forwarded", "host", "pragma", "server"}
    | {"strict-transport-security", "transfer-encoding", "user-agent", "vary", "via"}
)
_USUAL_BEGINNINGS = ("x-forwarded-", "x-real-", "cf-", "x-envoy-", "x-amzn-", "access-control-")
Value = str | int | float | list[str] | None


@dataclass(kw_only=True)
class Report:
    """What was observed, by fixed names; None is what was not seen."""

    facts: dict[str, Value] = field(default_factory=dict)
    unknown_keys: tuple[str, ...] = ()
    credits: int | None = None

    def note(self, **facts: Value) -> None:
        self.facts |= facts

    def read(self, body: bytes, trial_id: str) -> None:
        """Note what a result states beyond its verdict. Raises PayloadError for a body that is no JSON object."""
        message = load_object(body)
        folded = values.folded(message)
        name = next((it for it in ("scannedDocument", "scannedImage") if folded.get(it.lower())), "")
        document = values.folded(folded.get(name.lower()))
        self.credits = values.whole_number(document.get("actualcredits"), at_least=0, at_most=1_000_000)
        self.unknown_keys = contract.unknown_keys(message)
        self.note(
            described_by=name or None,
            verdict=[it for it in ("isAiDetected", "summary", "result") if folded.get(it.lower()) is not None],
            developer_payload=_payload(folded, trial_id),
            heatmap=contract.heatmap_of(message),
            credits=self.credits,
            unknown_keys=list(self.unknown_keys),
        )


def unusual(names: str) -> list[str]:
    """Return those names of headers, separated by commas, that say something about the provider."""
    own = {name.lower() for name, _ in conf.WEBHOOK_HEADERS}
    return [
        name
        for name in names.split(", ")
        if name and name not in _USUAL | own and not name.startswith(_USUAL_BEGINNINGS)
    ]


def unusual_of(headers: Mapping[str, str]) -> list[str]:
    return unusual(trials.names(name for name in headers if name.lower() not in _USUAL))


def _payload(message: Mapping[str, object], trial_id: str) -> str:
    if "developerpayload" not in message:
        return "missing"
    value = message["developerpayload"]
    return "null" if value is None else "returned" if value == trial_id else "another one"
