"""The demo's moderator: a user who may do what the review desk needs and nothing more, and their first decisions."""

from django.contrib.auth.models import Permission, User
from django.db.models import Q

from django_copyleaks_image.publishing import standing
from django_copyleaks_image.reviewing.decide import decide
from django_copyleaks_image.standings import Kind

from .outcomes import scan_of
from .pictures import DECIDED

# Escalated pictures and repeated scans are left to the administrator.
OF_THE_DESK = Q(
    content_type__app_label="copyleaks_image",
    codename__in=("view_imagescan", "view_watchedimage", "decide_watchedimage"),
)
# The desk shows nobody a picture that they may not view in its own admin.
OF_THE_PICTURES = Q(content_type__app_label="gallery", codename__in=("view_photo", "view_privatephoto"))


def create_moderator(name: str, password: str) -> None:
    """Create the user."""
    user = User.objects.create_user(name, password=password, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(OF_THE_DESK | OF_THE_PICTURES))


def decide_first(name: str) -> None:
    """Decide about a few of the pictures, so that the desk is not without a history."""
    user = User.objects.get(username=name)
    for picture in DECIDED:
        stored, _ = scan_of(picture)
        image = standing(stored, "image").image
        if image is not None:
            decide(image.pk, user=user, kind=Kind(picture.ending.decision), version=image.version)
