"""Pictures for everybody and pictures for their owner only, each in a storage of its own."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.files.storage import Storage, storages
from django.db import models
from django.db.models import Q
from django.urls import reverse

from django_copyleaks_image.api import publishable, standing, with_standing

if TYPE_CHECKING:
    from django.contrib.auth.models import User


# Why a photo is not shown.
IN_WORDS = {
    "waiting": "Being checked",
    "not_measured": "Held back: it could not be checked",
    "flagged": "Held back for a moderator",
    "escalated": "Held back for a moderator",
    "confirmed": "Hidden: a moderator confirmed that AI has made it",
}


def private_storage() -> Storage:
    """Return the storage outside ``MEDIA_ROOT``; called late, so that the migration names no folder."""
    return storages["private"]


class PhotoQuerySet(models.QuerySet["Photo"]):
    """Photos by what may be shown of them."""

    def shown(self) -> "PhotoQuerySet":
        """Return the photos that are fit for everybody."""
        return publishable(self, "image")

    def shown_or_waiting(self) -> "PhotoQuerySet":
        """Return what is shown, and what is still being checked."""
        return with_standing(self, "image").filter(Q(copyleaks_standing__in=["clean", "cleared", "waiting"]))

    def visible_to(self, user: "User | AnonymousUser") -> "PhotoQuerySet":
        """Return what is shown, one's own uploads, and everything to those who may view photos in the admin."""
        if user.has_perm("gallery.view_photo"):
            return self
        return self.filter(Q(pk__in=self.shown()) | Q(uploaded_by=user)) if user.is_authenticated else self.shown()


class PrivatePhotoQuerySet(models.QuerySet["PrivatePhoto"]):
    """Private photos by who may see them."""

    def visible_to(self, user: "User | AnonymousUser") -> "PrivatePhotoQuerySet":
        """Return one's own photos, and everything to those who may view private photos in the admin."""
        if user.has_perm("gallery.view_privatephoto"):
            return self
        return self.filter(uploaded_by=user) if user.is_authenticated else self.none()


class Upload(models.Model):
    """What both kinds have in common."""

    title = models.CharField(max_length=80)
    uploaded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True
        ordering = ["-uploaded_at", "-pk"]

    def __str__(self) -> str:
        return self.title


class Photo(Upload):
    """A picture for everybody, once it was measured and nothing is held against it."""

    image = models.ImageField(upload_to="photos/%Y/", max_length=200)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)

    objects = PhotoQuerySet.as_manager()

    def get_absolute_url(self) -> str:
        return reverse("gallery:photo", args=(self.pk,))

    @property
    def standing_in_words(self) -> str:
        """Return what becomes of the photo, for the one who uploaded it."""
        found = standing(self, "image")
        return IN_WORDS[found.standing] if found.is_hidden else "Shown to everybody"


class PrivatePhoto(Upload):
    """A picture that only its owner and the moderators see. It is scanned like the others."""

    image = models.ImageField(upload_to="%Y/", max_length=200, storage=private_storage)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)

    objects = PrivatePhotoQuerySet.as_manager()
