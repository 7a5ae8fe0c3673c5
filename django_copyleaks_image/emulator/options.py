"""Every switch of the emulator: one field is its default, its command-line option and its help."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

from .faults import FAULTS, SWITCH_FAULTS, SWITCHES
from .vendors import VENDORS


def _option(default: Any, help: str, *, show: bool = True, **argument: Any) -> Any:  # noqa: A002
    argument.setdefault("type", type(default))
    return field(default=default, repr=show, metadata={"help": help, **argument})


def fault_chance(text: str) -> tuple[str, float]:
    """Parse ``NAME=PROBABILITY``; anything else is an ``argparse.ArgumentTypeError`` that lists the names."""
    name, _, chance = text.partition("=")
    try:
        pair = name, float(chance)
        check_faults(dict([pair]))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"expected NAME=PROBABILITY: {error}") from error
    return pair


def check_faults(faults: Mapping[str, float]) -> None:
    """Raise ValueError for a fault that does not exist or a probability outside 0 to 1."""
    for name, chance in faults.items():
        if name not in FAULTS:
            raise ValueError(f"unknown fault {name!r}; there are {', '.join(sorted(FAULTS))}")
        if not 0 <= chance <= 1:
            raise ValueError(f"the probability of {name!r} must lie between 0 and 1")


def _seconds_list(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(",") if part.strip())


def _offset(text: str) -> tzinfo:
    """Parse ``+02:00``; ``Z`` is UTC itself."""
    zone = datetime.fromisoformat(f"2000-01-01T00:00:00{text}").tzinfo
    if zone is None:
        raise ValueError(text)
    return zone


@dataclass(frozen=True, kw_only=True)
class Options:
    """How the emulator behaves. Times are seconds; a limit of 0 switches that limit off."""

    host: str = _option("127.0.0.1", "address to listen on")
    port: int = _option(0, "port to listen on, 0 for any free one")
    public_url: str = _option("", "origin written into heatmap addresses, when something stands in front")
    email: str = _option("", "the only e-mail address that may log in; empty accepts any")
    key: str = _option("", "the only key that may log in; empty accepts any", show=False)
    token_lifetime: float = _option(48 * 3600.0, "validity of a token in seconds")
    utc_offset: tzinfo = _option(  # noqa: RUF009 - it returns a field
        UTC, "offset in which a login states its times, such as +02:00", type=_offset
    )
    login_limit: int = _option(
        12,
        "logins in 15 minutes; one more blocks logins for 5 minutes. A limit counts what came before and belongs to "
        "the account, so no file name sets it; fault-login-status-429 in the e-mail address plays its answer",
    )
    rate_limit: int = _option(0, "API requests a second (the account limit is documented as 10)")
    check_limit: int = _option(0, "synchronous checks in 15 minutes (documented as 900)")
    credits: int = _option(1_000_000, "credits of the account")
    credits_answer: str = _option(
        "amount",
        "what a question for the credits is answered: their amount, none, another shape, or a refusal",
        choices=("amount", "none", "shape", "403", "404"),
    )
    latency: float = _option(0.5, "seconds between a submission and the fetch of its picture")
    fetches: int = _option(1, "how often a picture is fetched, one time after the other")
    answer_delay: float = _option(0.0, "seconds before each answer")
    retry_after: float = _option(5.0, "seconds that the faults with retry-after in their name ask to wait")
    late: float = _option(5.0, "seconds by which late, and at most reordered, callbacks are held back")
    hang: float = _option(35.0, "seconds an unanswered connection is kept open")
    webhook_timeout: float = _option(70.0, "seconds a webhook may take to answer")
    webhook_retries: tuple[float, ...] = _option(
        (1.0, 2.0, 4.0),
        "pauses before each retry of a callback that was not answered 2xx",
        type=_seconds_list,
    )
    repeated: str = _option(
        "free",
        "a scan id that was accepted before is answered 201 and not scanned again (free), is scanned and "
        "charged again (charged), or is refused with 409 or 400",
        choices=SWITCHES["repeated"],
    )
    fetch_headers_key: str = _option("headers", "JSON key of the headers sent when a picture is fetched")
    webhook_headers_key: str = _option("headers", "JSON key, in webhooks, of the headers sent with a callback")
    heatmap_key: str = _option("heatmap", "JSON key of the heatmap", choices=SWITCHES["heatmap_key"])
    heatmap_place: str = _option("top", "object that holds the heatmap", choices=SWITCHES["heatmap_place"])
    heatmap_encoding: str = _option("data-uri", "how the heatmap is given", choices=SWITCHES["heatmap_encoding"])
    heatmap_format: str = _option("png", "kind of picture that the heatmap is", choices=SWITCHES["heatmap_format"])
    faults: Mapping[str, float] = field(
        default_factory=dict,
        metadata={
            "help": "strike a share of the requests with a fault; may be repeated",
            "metavar": "NAME=PROBABILITY",
            "type": fault_chance,
            "action": "append",
            "flag": "--fault",
        },
    )
    failure_shape: str = _option(
        "house",
        "how a callback tells of a failure: beside a status (house), an error object or a text alone, without a code, "
        "or not at all (none)",
        choices=("house", "object", "string", "no-code", "none"),
    )
    vendor: str = _option(
        "",
        "a vendor that answers differently where nothing is documented; options that are given go before its own",
        choices=("", *VENDORS),
    )
    seed: int | None = _option(None, "seed of the fault probabilities", type=int)
    passing_tries: int = _option(
        2, "tries of one scan id (or one callback) that a passing fault in the file name spoils"
    )
    ledger: Path | None = _option(  # noqa: RUF009 - it returns a field
        None, "file of JSON lines that outlives the process", type=Path
    )

    def __post_init__(self) -> None:
        self._become_the_vendor()
        check_faults(self.faults)
        for each in fields(self):
            choices = each.metadata.get("choices")
            if choices and getattr(self, each.name) not in choices:
                raise ValueError(f"{each.name} must be one of {', '.join(choices)}")

    def _become_the_vendor(self) -> None:
        """Take the options of the vendor that nobody has given; later copies are changed as they are."""
        preset = VENDORS.get(self.vendor, {})
        own = {each.name for each in fields(self) if each.name in preset and getattr(self, each.name) == each.default}
        for name in own:
            object.__setattr__(self, name, preset[name])
        if "faults" in preset:
            object.__setattr__(self, "faults", {**preset["faults"], **self.faults})
        if self.vendor in VENDORS:
            object.__setattr__(self, "vendor", "")

    def under(self, faults: frozenset[str]) -> "Options":
        """Return the options for a scan with these faults, of which some set a switch."""
        set_by_name: dict[str, Any] = dict(SWITCH_FAULTS[name] for name in sorted(faults) if name in SWITCH_FAULTS)
        return replace(self, **set_by_name)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add one option per field."""
    for each in fields(Options):
        argument = dict(each.metadata)
        flag = argument.pop("flag", "--" + each.name.replace("_", "-"))
        default = None if each.name == "faults" else each.default
        parser.add_argument(flag, dest=each.name, default=default, **argument)


def from_arguments(arguments: Mapping[str, Any]) -> Options:
    """Build options from parsed arguments, whatever else those contain."""
    values = {each.name: arguments[each.name] for each in fields(Options)}
    values["faults"] = dict(values["faults"] or ())
    return Options(**values)
