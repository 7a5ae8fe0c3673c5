"""Run in a process of the site: the moderator claims what waits, decides, thinks better of it, and decides anew."""

import django
from django.contrib.auth import get_user_model

from .site import NAME

if __name__ == "__main__":
    django.setup()

    from django_copyleaks_image.models import scans
    from django_copyleaks_image.models.decision import Kind
    from django_copyleaks_image.models.scan import Desk
    from django_copyleaks_image.reviewing import claims
    from django_copyleaks_image.reviewing.decide import decide, undo
    from django_copyleaks_image.reviewing.history import history_of

    people = get_user_model()._default_manager
    moderator = people.get(**{get_user_model().USERNAME_FIELD: NAME})
    for waiting in scans().filter(desk=Desk.REVIEW):
        assert claims.claim(waiting.pk, moderator)
        confirmed = decide(waiting.pk, user=moderator, kind=Kind.CONFIRMED, version=waiting.review_version)
        undo(confirmed.pk, user=moderator)
        again = scans().get(pk=waiting.pk)
        decide(again.pk, user=moderator, kind=Kind.CLEARED, version=again.review_version)
        again.refresh_from_db()
        print([decision.kind for decision in history_of(again)], again.decision)
