"""Run in a process of the site: create the tables of every database, and the moderator."""

import django
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command

from .site import NAME, PASSWORD

if __name__ == "__main__":
    django.setup()
    for alias in settings.DATABASES:
        call_command("migrate", database=alias, run_syncdb=True, verbosity=0)
    get_user_model()._default_manager.create_superuser(**{get_user_model().USERNAME_FIELD: NAME, "password": PASSWORD})
