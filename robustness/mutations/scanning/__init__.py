"""The protections of ``scanning/``, by what they protect."""

from . import calls, days, lanes, pausing, paying, receiving, submitting, upkeep

PROTECTIONS = (
    *calls.PROTECTIONS,
    *days.PROTECTIONS,
    *lanes.PROTECTIONS,
    *pausing.PROTECTIONS,
    *paying.PROTECTIONS,
    *receiving.PROTECTIONS,
    *submitting.PROTECTIONS,
    *upkeep.PROTECTIONS,
)
