"""Pictures for everybody and pictures for their owner only, each in a storage of its own."""

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.core.files.storage import Storage, storages
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from django_copyleaks_image.publishing import PictureStanding

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def private_storage() -> Storage:
    """Return the storage outside ``MEDIA_ROOT``; called late, so that the migration names no folder."""
    return storages["private"]


class PhotoQuerySet(models.QuerySet["Photo"]):
    """Photos by what may be shown of them."""

    def shown(self) -> "PhotoQuerySet":
        """Return photos whose present file was judged fit for everybody."""
        return self.filter(standing=Photo.Standing.SHOWN, judged_file=F("image"))

    def waiting(self) -> "PhotoQuerySet":
        """Return photos whose present file was not judged yet."""
        return self.exclude(judged_file=F("image"))

    def visible_to(self, user: "User | AnonymousUser") -> "PhotoQuerySet":
        """Return what is shown, one's own uploads, and everything to those who may view photos in the admin."""
        if user.has_perm("gallery.view_photo"):
            return self
        fit = Q(standing=Photo.Standing.SHOWN, judged_file=F("image"))
        return self.filter(fit | Q(uploaded_by=user)) if user.is_authenticated else self.filter(fit)


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
    """A picture for everybody, once it was measured and nothing is held against it.

    :meth:`judge` notes the standing of the file that it names in ``judged_file``. As soon as another file is stored
    the two names differ, and the photo waits again without anybody having to reset it.
    """

    class Standing(models.TextChoices):
        SHOWN = "shown", "Shown to everybody"
        HELD_BACK = "held_back", "Held back for a moderator"
        HIDDEN = "hidden", "Hidden: a moderator confirmed that AI has made it"
        UNCHECKED = "unchecked", "Held back: it could not be checked"

    image = models.ImageField(upload_to="photos/%Y/", max_length=200)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    standing = models.CharField(max_length=10, choices=Standing, blank=True, default="", editable=False)
    judged_file = models.CharField(max_length=200, blank=True, default="", editable=False)

    objects = PhotoQuerySet.as_manager()

    def get_absolute_url(self) -> str:
        return reverse("gallery:photo", args=(self.pk,))

    def judge(self, found: PictureStanding) -> None:
        """Take what was measured and decided about the present file as the site's standing of it."""
        self.judged_file = self.image.name or ""
        if found.is_publishable():
            self.standing = self.Standing.SHOWN
        elif found.decision == "confirmed":
            self.standing = self.Standing.HIDDEN
        elif found.is_measured or found.decision:
            self.standing = self.Standing.HELD_BACK
        elif found.scan is not None and found.scan.is_finished:
            self.standing = self.Standing.UNCHECKED
        else:
            self.standing = self.judged_file = ""

    @property
    def is_shown(self) -> bool:
        return self.current_standing == self.Standing.SHOWN

    @property
    def current_standing(self) -> str:
        """Return the standing of the present file, empty while it waits."""
        return self.standing if self.judged_file == self.image.name else ""

    @property
    @admin.display(description="standing")
    def standing_in_words(self) -> Any:
        return self.Standing(self.current_standing).label if self.current_standing else "Being checked"


class PrivatePhoto(Upload):
    """A picture that only its owner and the moderators see. It is scanned like the others."""

    image = models.ImageField(upload_to="%Y/", max_length=200, storage=private_storage)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)

    objects = PrivatePhotoQuerySet.as_manager()
