"""What a user may be told about what was decided: asked here by every list, page, filter, log and count."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_backends
from django.contrib.auth.backends import ModelBackend
from django.db.models import Q
from django.http import HttpRequest

from django_copyleaks_image.admin.permissions import ScanPermissions
from django_copyleaks_image.admin.targets import has_own_rule
from django_copyleaks_image.models import ImageScan, scans
from django_copyleaks_image.models.scan import Desk, Review, Standing
from django_copyleaks_image.reviewing import blindness

if TYPE_CHECKING:
    from django.contrib.admin.sites import AdminSite

# What no scan fulfils.
NOTHING = Q(pk__in=())


def secret_from(request: HttpRequest, admin_site: "AdminSite") -> Q:
    """Return the condition that a scan is of a picture of whose decisions the user must not hear.

    These are the pictures at which the user is to take a second look. Whoever can take none may know everything.
    """
    return blindness.is_secret_for(request.user) if _may_take_second_looks(request, admin_site) else NOTHING


def disguise(listed: Iterable[ImageScan], request: HttpRequest, admin_site: "AdminSite") -> Collection[int]:
    """Make scans look as if nobody had decided about their pictures where the user must not hear of it.

    Returns the keys of those. Only the objects in memory are changed, which must not be saved. It costs one query,
    whether there is a secret or not.
    """
    by_key = {scan.pk: scan for scan in listed}
    secret = secret_from(request, admin_site)
    if not by_key or secret is NOTHING:
        return ()
    found = set(scans().filter(secret, pk__in=list(by_key)).values_list("pk", flat=True))
    for pk in found:
        scan = by_key[pk]
        is_waiting = scan.desk == Desk.SECOND_LOOK
        scan.desk = Desk.REVIEW if is_waiting else scan.desk
        scan.review = Review.PENDING if is_waiting else Review.NOT_NEEDED
        scan.decision = Standing.UNDECIDED
    return found


def is_secret(scan: ImageScan, request: HttpRequest, admin_site: "AdminSite") -> bool:
    """Return whether the user must not hear what was decided about the picture of a scan."""
    return scans().filter(secret_from(request, admin_site), pk=scan.pk).exists()


def _may_take_second_looks(request: HttpRequest, admin_site: "AdminSite") -> bool:
    """Return whether the user may decide about pictures that wait for review: about all, or perhaps about some."""
    if not admin_site.is_registered(ImageScan):
        return True
    admin: Any = admin_site.get_model_admin(ImageScan)
    if not isinstance(admin, ScanPermissions) or has_own_rule(admin, "has_decide_permission", of=ScanPermissions):
        return True
    return admin.has_decide_permission(request) or any(_knows_objects(backend) for backend in get_backends())


def _knows_objects(backend: Any) -> bool:
    """Return whether an authentication backend may permit something for single objects, which Django's own does not."""
    names = ("has_perm", "get_all_permissions")
    return any(getattr(type(backend), name, None) is not getattr(ModelBackend, name) for name in names)
