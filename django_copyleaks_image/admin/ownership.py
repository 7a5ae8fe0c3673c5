"""Whose a picture is, wherever pictures are shown: a link to all pictures of the owner, and how many were confirmed.

Lists are asked by the parameter ``owner``, which is a key of :mod:`~django_copyleaks_image.owners`.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.sites import AdminSite
from django.contrib.admin.utils import quote
from django.db.models import QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_copyleaks_image import owners
from django_copyleaks_image.models import WatchedImage, images
from django_copyleaks_image.standings import Standing

from .base import url_of
from .facts import Facts
from .targets import Target

if TYPE_CHECKING:
    from .pictures import PictureAdmin

PARAMETER = "owner"
# Of an owner's other pictures that were confirmed, so many are counted.
_COUNTED = 100


class OwnerFilter(admin.SimpleListFilter):
    """Filters by whose the picture is; there may be a million owners, so an address names one and no list does.

    Whoever may not view an object must not have a guess confirmed about whose it is.
    """

    title = gettext_lazy("owner")
    parameter_name = PARAMETER

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        self.model_admin = model_admin
        self.path = f"{model_admin.picture_path}{LOOKUP_SEP}" if model_admin.picture_path else ""
        super().__init__(request, params, model, model_admin)

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        key = request.GET.get(self.parameter_name, "")
        if not key:
            return []
        labels = self._owned(request, model_admin.get_queryset(request), key).order_by()
        label = labels.values_list(f"{self.path}owner_label", flat=True).first()
        return [(key, label or key)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        key = self.value()
        return self._owned(request, queryset, key) if key else queryset

    def _owned(self, request: HttpRequest, queryset: QuerySet[Any], key: str) -> QuerySet[Any]:
        owned = queryset.filter(**{f"{self.path}owner_key": key})
        found: QuerySet[Any] = self.model_admin.within_rules(request, owned)
        return found


def owner_line(image: WatchedImage, target: Target) -> SafeString | str:
    """Return whose a listed picture is, with a link to the same list of all theirs; empty where it is not told."""
    if not image.owner_key or not target.visible:
        return ""
    return format_html(
        '<span class="copyleaks-line copyleaks-quiet">{}: <a href="?{}"><bdi>{}</bdi></a></span>',
        _("Owner"),
        urlencode({PARAMETER: image.owner_key}),
        image.owner_label,
    )


def owner_facts(image: WatchedImage, target: Target, model_admin: "PictureAdmin", request: HttpRequest) -> Facts:
    """Return whose a picture is, and what was confirmed of their other ones, as far as the user may hear of it."""
    if not image.owner_key or not target.visible:
        return []
    page, every = model_admin.url("changelist"), {PARAMETER: image.owner_key}
    lines = (
        _name(image, model_admin.admin_site, request),
        _confirmed(image, model_admin, request),
        format_html('<a href="{}?{}">{}</a>', page, urlencode(every), _("All pictures of this owner")),
    )
    line = '<span class="copyleaks-line">{}</span>'
    return [(_("Owner"), format_html("{}{}", lines[0], format_html_join("", line, ((it,) for it in lines[1:]))))]


def _confirmed(image: WatchedImage, model_admin: "PictureAdmin", request: HttpRequest) -> str:
    """Return how many other pictures of an owner stand confirmed, with a link to them.

    Those of which the user must not hear are left out.
    """
    found = images().filter(owner_key=image.owner_key, standing=Standing.CONFIRMED, sandbox=image.sandbox)
    told = found.exclude(pk=image.pk).filter(~model_admin.access(request).secret())
    number = model_admin.within_rules(request, told).order_by()[: _COUNTED + 1].count()
    if not number:
        return _("None of their other pictures was confirmed as AI")
    words = ngettext(
        "%(count)s of their other pictures was confirmed as AI",
        "%(count)s of their other pictures were confirmed as AI",
        number,
    )
    if number > _COUNTED:
        words = _("More than %(count)s of their other pictures were confirmed as AI")
    asked = {
        PARAMETER: image.owner_key,
        "standing": Standing.CONFIRMED.value,
        "sandbox__exact": int(image.sandbox),
    }
    said = words % {"count": number_format(min(number, _COUNTED))}
    return format_html('<a href="{}?{}">{}</a>', model_admin.url("changelist"), urlencode(asked), said)


def _name(image: WatchedImage, admin_site: AdminSite, request: HttpRequest) -> SafeString:
    """Return the owner's name, with a link to their page where the user may view such."""
    label, pk = owners.model_and_key(image.owner_key) or ("", "")
    try:
        model = apps.get_model(label) if label else None
    except LookupError:  # The project has no such model any more.
        model = None
    if model is not None and admin_site.is_registered(model):
        model_admin = admin_site.get_model_admin(model)
        if model_admin.has_view_permission(request):
            return format_html(
                '<a href="{}"><bdi>{}</bdi></a>', url_of(model_admin, "change", quote(pk)), image.owner_label
            )
    return format_html("<bdi>{}</bdi>", image.owner_label)
