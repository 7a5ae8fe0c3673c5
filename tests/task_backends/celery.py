"""The Celery app of the test project, as ``docs/scaling.rst`` tells a project to write it."""

from celery import Celery

app = Celery("tests")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
