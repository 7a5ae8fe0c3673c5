"""What one user may see and do with pictures: the one object that every page, list, filter and picture of ours asks.

A project with rules of its own names a class made from :class:`PictureAccess` as ``PICTURE_ACCESS``.
"""

from collections.abc import Collection, Iterable
from copy import copy
from typing import TYPE_CHECKING, Any, cast

from django.contrib.auth import get_backends, get_permission_codename, get_user_model
from django.contrib.auth.backends import ModelBackend
from django.db.models import Model, Q
from django.http import HttpRequest

from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import Decision, ImageScan, WatchedImage, images
from django_copyleaks_image.reviewing.blindness import awaits_second_look_by
from django_copyleaks_image.standings import Queue, Standing

from .targets import Target, read_targets, unnamed

if TYPE_CHECKING:
    from django.contrib.admin.sites import AdminSite
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import User

# More people are not offered.
_MOST_ASSIGNEES = 200
# What no picture fulfils.
NOTHING = Q(pk__in=())


class PictureAccess:
    """The permissions of the user of a request on a site; a project overrides the ``may_…`` methods.

    Without a row they say whether the user may do it at all, with one whether the user may do it to this one. A row is
    a :class:`WatchedImage`, or an :class:`ImageScan` where one is viewed or scanned again.
    """

    def __init__(self, request: HttpRequest, admin_site: "AdminSite") -> None:
        self.request = request
        self.admin_site = admin_site

    def may_view(self, model: type[Model], row: Model | None = None) -> bool:
        """Return whether the user may view rows of one of our models, whosever pictures they are about."""
        names = (get_permission_codename(verb, model._meta) for verb in ("view", "change"))
        return any(is_permitted(self.request, f"{model._meta.app_label}.{name}", row) for name in names)

    def may_decide(self, image: WatchedImage | None = None) -> bool:
        """Return whether the user may decide about pictures that wait for review, or were never measured."""
        return is_permitted(self.request, "copyleaks_image.decide_watchedimage", image)

    def may_decide_escalated(self, image: WatchedImage | None = None) -> bool:
        """Return whether the user may decide about escalated pictures."""
        return is_permitted(self.request, "copyleaks_image.decide_escalated_watchedimage", image)

    def may_release(self, image: WatchedImage | None = None) -> bool:
        """Return whether the user may take pictures from those who look at them."""
        return is_permitted(self.request, "copyleaks_image.release_watchedimage", image)

    def may_scan(self, row: WatchedImage | ImageScan | None = None) -> bool:
        """Return whether the user may have pictures scanned again, which may cost credits."""
        return is_permitted(self.request, "copyleaks_image.rescan_imagescan", row)

    def assignees(self) -> "Iterable[AbstractBaseUser]":
        """Return the people to whom escalated pictures can be assigned; each of them is asked about each picture."""
        permission = "copyleaks_image.decide_escalated_watchedimage"
        found = {}
        for backend in get_backends():
            for person in backend.with_perm(permission)[:_MOST_ASSIGNEES] if hasattr(backend, "with_perm") else ():
                found[person.pk] = person
        return found.values()

    # What follows from these.

    def acting_user(self) -> Any:
        """Return who sits there in the place of the user, None for nobody else; decisions name both.

        That is whoever took over the session with django-hijack. A project may know others.
        """
        history = getattr(self.request, "session", {}).get("hijack_history")
        return get_user_model()._default_manager.filter(pk=history[0]).first() if history else None

    def people(self) -> "list[AbstractBaseUser]":
        """Return the people of this site to whom escalated pictures can be assigned, by their names."""
        here = (it for it in self.assignees() if self._of(it).enters_site())
        return sorted(here, key=lambda person: person.get_username())[:_MOST_ASSIGNEES]

    def enters_site(self) -> bool:
        """Return whether the site lets the user in, who need not be there now."""
        try:
            return self.admin_site.has_permission(self.request)
        except AttributeError:
            # django-otp's site, and others, ask what a middleware has noted on the user who is there, such as a token.
            return self.request.user.is_active and self.request.user.is_staff

    def may_be_assigned(self, image: WatchedImage, person: "AbstractBaseUser") -> bool:
        """Return whether somebody may decide about an escalated picture, and see it."""
        theirs = self._of(person)
        may_view = theirs.may_view(WatchedImage, image) and theirs.targets([image])[image.pk].visible
        return may_view and theirs.may_decide_in(Queue.ESCALATED, image)

    def _of(self, person: "AbstractBaseUser") -> "PictureAccess":
        """Return what somebody else may see and do, as if the request were theirs."""
        request = copy(self.request)
        request.user = cast("User", person)
        return type(self)(request, self.admin_site)

    def may_decide_in(self, queue: str, image: WatchedImage | None = None) -> bool:
        """Return whether the user may decide about what is taken from a queue, or from none."""
        return self.may_decide_escalated(image) if queue == Queue.ESCALATED else self.may_decide(image)

    def has_own_rule(self, *names: str) -> bool:
        """Return whether a project has rules of its own, which may differ from row to row."""
        return any(getattr(type(self), name) is not getattr(PictureAccess, name) for name in names)

    def targets(self, rows: Iterable[WatchedImage | ImageScan]) -> dict[int, Target]:
        """Return the objects of rows of one model by the rows' keys, as the user may see them."""
        listed = list(rows)
        found = read_targets(listed, self.admin_site, self.request)
        if self.has_own_rule("may_view"):
            for row in listed:
                if not self.may_view(type(row), row):
                    found[row.pk] = found[row.pk]._replace(label=unnamed(row), visible=False)
        return found

    def secret(self) -> Q:
        """Return the condition that the user must not hear what was decided about a picture.

        These are the pictures at which the user is to take a second look. Whoever can take none may know everything.
        """
        return awaits_second_look_by(self.request.user) if self._may_take_second_looks() else NOTHING

    def is_secret(self, image: WatchedImage) -> bool:
        """Return whether the user must not hear what was decided about a picture."""
        return images().filter(self.secret(), pk=image.pk).exists()

    def disguise(self, listed: Iterable[WatchedImage]) -> Collection[int]:
        """Make pictures look as if nobody had decided about them where the user must not hear of it.

        Returns the keys of those. Only the objects in memory are changed, which must not be saved. It costs one query,
        whether there is a secret or not.
        """
        by_key = {image.pk: image for image in listed}
        secret = self.secret()
        if not by_key or secret is NOTHING:
            return ()
        found = set(images().filter(secret, pk__in=list(by_key)).values_list("pk", flat=True))
        for image in (by_key[pk] for pk in found):
            image.queue, image.standing = Queue.REVIEW, Standing.FLAGGED
            image.standing_since = image.uploaded_at
        return found

    def disguise_decisions(self, listed: Iterable[Decision]) -> None:
        """Make decisions look as if none had come before them where the user must not hear of a first one.

        These are skipped pictures, which may be skipped again and again. It costs one query at most.
        """
        decided = list(listed)
        found = self.disguise({decision.image_id: decision.image for decision in decided}.values())
        for decision in decided:
            if decision.image_id in found:
                decision.before, decision.queue, decision.agrees = Standing.FLAGGED, Queue.REVIEW, None

    def _may_take_second_looks(self) -> bool:
        """Return whether the user may decide about pictures that wait for review: about all, or perhaps about some."""
        is_ruled = self.has_own_rule("may_decide") or any(_knows_objects(backend) for backend in get_backends())
        return is_ruled or self.may_decide()


def access_of(request: HttpRequest, admin_site: "AdminSite") -> PictureAccess:
    """Return what the user of a request may see and do on a site."""
    made: Any = conf.PICTURE_ACCESS or PictureAccess
    access: PictureAccess = made(request, admin_site)
    return access


def is_permitted(request: HttpRequest, permission: str, obj: Any = None) -> bool:
    """Return whether the user has a permission as a whole, or for one object."""
    # Django's own backend knows no permissions on single objects: it denies them even to those who have all.
    return request.user.has_perm(permission) or (obj is not None and request.user.has_perm(permission, obj))


def _knows_objects(backend: Any) -> bool:
    """Return whether an authentication backend may permit something for single objects, which Django's own does not."""
    names = ("has_perm", "get_all_permissions")
    return any(getattr(type(backend), name, None) is not getattr(ModelBackend, name) for name in names)
