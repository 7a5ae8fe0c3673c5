"""The protections of ``scanning/``, by what they protect."""

from . import calls, lanes, pausing, paying, receiving, submitting, upkeep

PROTECTIONS = (
    *calls.PROTECTIONS,
    *lanes.PROTECTIONS,
    *pausing.PROTECTIONS,
    *paying.PROTECTIONS,
    *receiving.PROTECTIONS,
    *submitting.PROTECTIONS,
    *upkeep.PROTECTIONS,
)
