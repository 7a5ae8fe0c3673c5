"""What every admin of this app has in common: rows are evidence, so they are read and never edited."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import Media, Script
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = admin.ModelAdmin

# What an action may take on in one request: each row costs a look into the storage, or a large body.
AT_ONCE = 200


def scripts(*names: str) -> list[str]:
    """Return our scripts for a page's media; they are run in this order, once the page is there."""
    return [cast("str", Script(f"copyleaks_image/js/{name}", defer=True)) for name in names]  # The stubs know text.


# What shows pictures, in this order wherever it stands.
SHOWING = ("shared.js", "renditions.js", "stage.js")
MEDIA = Media(css={"all": ["copyleaks_image/css/admin.css", "copyleaks_image/css/stage.css"]}, js=scripts(*SHOWING))


def is_permitted(request: HttpRequest, codename: str, obj: Any = None) -> bool:
    """Return whether the user has a permission of this app as a whole, or for one object."""
    permission = f"copyleaks_image.{codename}"
    # Django's own backend knows no permissions on single objects: it denies them even to those who have all.
    return request.user.has_perm(permission) or (obj is not None and request.user.has_perm(permission, obj))


class ReadOnlyAdmin(Base):
    """Shows rows; nothing is added, edited or deleted here."""

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    # The change pages are templates of their own and build no form.
    fieldsets = ((None, {"fields": ()}),)

    def page_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        """Return what the template of a row's page shows."""
        return {}

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        if obj is not None:
            context |= {"subtitle": None, **self.page_context(request, obj)}
        return super().render_change_form(request, context, add, change, form_url, obj)

    def is_too_many(self, request: HttpRequest, queryset: QuerySet[Any]) -> bool:
        """Return whether an action was asked for too many rows, and tell the user if so."""
        if len(queryset.order_by("-pk").values_list("pk")[: AT_ONCE + 1]) <= AT_ONCE:
            return False
        self.message_user(request, _("Choose at most %(number)s rows at once.") % {"number": AT_ONCE}, messages.ERROR)
        return True

    def tell_left_out(self, request: HttpRequest, refusals: Iterable[tuple[str, int]]) -> None:
        """Tell the user how many of the chosen rows an action left out, for each reason."""
        for reason, count in refusals:
            words = ngettext("%(count)s was left out: %(reason)s", "%(count)s were left out: %(reason)s", count)
            self.message_user(request, words % {"count": count, "reason": reason}, messages.WARNING)

    @property
    def media(self) -> Media:
        return super().media + MEDIA

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the user may view all rows, or this one."""
        if super().has_view_permission(request, obj):
            return True
        return obj is not None and is_permitted(request, f"view_{self.opts.model_name}", obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
