"""Run in a process of the site: the moderator leaves, and what stays of them in the log is told."""

import django
from django.contrib.auth import get_user_model

from .site import NAME

if __name__ == "__main__":
    django.setup()

    from django_copyleaks_image.models import decisions

    people = get_user_model()._default_manager
    people.get(**{get_user_model().USERNAME_FIELD: NAME}).delete()
    print(set(decisions().values_list("decided_by", "decided_by_name")))
