"""All lines, by the packages whose protections they disable."""

from . import admin, basics, copyleaks, decoding, endpoints, fitting, models, reviewing, scanning, task_backends, worker

PROTECTIONS = (
    *admin.PROTECTIONS,
    *basics.PROTECTIONS,
    *copyleaks.PROTECTIONS,
    *decoding.PROTECTIONS,
    *endpoints.PROTECTIONS,
    *fitting.PROTECTIONS,
    *task_backends.PROTECTIONS,
    *models.PROTECTIONS,
    *reviewing.PROTECTIONS,
    *scanning.PROTECTIONS,
    *worker.PROTECTIONS,
)
