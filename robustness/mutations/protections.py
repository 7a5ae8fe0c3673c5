"""All lines, by the packages whose protections they disable."""

from . import (
    admin,
    alerts,
    basics,
    copyleaks,
    decoding,
    doctor,
    endpoints,
    files,
    fitting,
    models,
    reviewing,
    scanning,
    sources,
    standing_columns,
    task_backends,
    worker,
)

PROTECTIONS = (
    *admin.PROTECTIONS,
    *alerts.PROTECTIONS,
    *basics.PROTECTIONS,
    *copyleaks.PROTECTIONS,
    *decoding.PROTECTIONS,
    *doctor.PROTECTIONS,
    *endpoints.PROTECTIONS,
    *files.PROTECTIONS,
    *fitting.PROTECTIONS,
    *task_backends.PROTECTIONS,
    *models.PROTECTIONS,
    *reviewing.PROTECTIONS,
    *scanning.PROTECTIONS,
    *sources.PROTECTIONS,
    *standing_columns.PROTECTIONS,
    *worker.PROTECTIONS,
)
