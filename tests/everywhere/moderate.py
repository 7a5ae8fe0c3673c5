"""Run in a process of the site: the moderator claims what waits, decides, thinks better of it, and decides anew."""

import django
from django.contrib.auth import get_user_model

from .site import NAME

if __name__ == "__main__":
    django.setup()

    from django_copyleaks_image.models import images
    from django_copyleaks_image.reviewing import claims
    from django_copyleaks_image.reviewing.decide import decide, undo
    from django_copyleaks_image.reviewing.history import history_of
    from django_copyleaks_image.standings import Kind, Queue

    people = get_user_model()._default_manager
    moderator = people.get(**{get_user_model().USERNAME_FIELD: NAME})
    for waiting in images().filter(queue=Queue.REVIEW):
        assert claims.claim(waiting.pk, moderator)
        confirmed = decide(waiting.pk, user=moderator, kind=Kind.CONFIRMED, version=waiting.version)
        undo(confirmed.pk, user=moderator)
        again = images().get(pk=waiting.pk)
        decide(again.pk, user=moderator, kind=Kind.CLEARED, version=again.version)
        again.refresh_from_db()
        print([decision.kind for decision in history_of(again)], again.standing)
