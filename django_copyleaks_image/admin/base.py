"""What every admin of this app has in common: rows are evidence, so they are read and never edited."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from django.apps import apps
from django.contrib import admin, messages
from django.contrib.admin.sites import AdminSite
from django.db.models import Model, QuerySet
from django.forms import Media, Script
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .access import PictureAccess, access_of

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = admin.ModelAdmin

Kind = TypeVar("Kind")

# What an action may take on in one request: each row costs a look into the storage, or a large body.
AT_ONCE = 200


def scripts(*names: str) -> list[str]:
    """Return our scripts for a page's media; they are run in this order, once the page is there."""
    return [cast("str", Script(f"copyleaks_image/js/{name}", defer=True)) for name in names]  # The stubs know text.


# In the order in which they build on each other: what shows pictures, what turns one into a stage, the desk.
SHOWING = ("native-menus.js", "shared.js", "renditions.js", "stage.js")
STAGE_CONTROLS = ("looks.js", "seeing.js", "gestures.js", "divider.js", "stage-controls.js", "stage-keys.js")
DESK_SCRIPTS = (
    "desk-keys.js",
    "desk-room.js",
    "desk-unseen.js",
    "desk-page.js",
    "desk-server.js",
    "desk-tabs.js",
    "desk-queue.js",
    "desk.js",
)
# What every page of ours has, in this order: the colours and what a theme did to bare elements, then our own.
SURFACE_CSS = ("copyleaks_image/css/surface.css", "copyleaks_image/css/admin.css")
MEDIA = Media(
    css={
        "all": [*SURFACE_CSS, "copyleaks_image/css/stage.css"],
        "print": ["copyleaks_image/css/print.css"],
    },
    js=scripts(*SHOWING),
)
# What was decided, wherever it is shown, and forms that need no script.
_DECISION_CSS = (*SURFACE_CSS, "copyleaks_image/css/stage.css", "copyleaks_image/css/decision.css")
DECISION_MEDIA = Media(css={"all": [*_DECISION_CSS]})
# Many pictures that are decided at once.
BATCH_MEDIA = Media(css={"all": [*_DECISION_CSS, "copyleaks_image/css/batch.css"]}, js=scripts(*SHOWING, "batch.js"))
# The desk has none of the scripts that the admin's lists and forms need.
DESK_MEDIA = MEDIA + Media(
    css={"all": [*_DECISION_CSS, "copyleaks_image/css/desk.css", "copyleaks_image/css/desk-bar.css"]},
    js=scripts(*SHOWING, *STAGE_CONTROLS, *DESK_SCRIPTS),
)


def url_of(model_admin: Any, name: str, *args: object) -> str:
    """Return the address of a view of an admin: ``changelist``, ``change`` or one of ours."""
    opts = model_admin.opts
    route = f"admin:{opts.app_label}_{opts.model_name}_{name}"
    return reverse(route, args=args, current_app=model_admin.admin_site.name)


def admin_for(admin_site: AdminSite, model: type[Model], kind: type[Kind]) -> Kind | None:
    """Return the admin of a kind that a site has for a model, or for a proxy of it; None when it has none."""
    known = [model, *(it for it in apps.get_models() if it is not model and it._meta.concrete_model is model)]
    admins = (admin_site.get_model_admin(it) for it in known if admin_site.is_registered(it))
    return next((it for it in admins if isinstance(it, kind)), None)


class ReadOnlyAdmin(Base):
    """Shows rows; nothing is added, edited or deleted here."""

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    # The change pages are templates of their own and build no form.
    fieldsets = ((None, {"fields": ()}),)

    def url(self, name: str, *args: object) -> str:
        """Return the address of one of the views of this admin, whatever model it is registered for."""
        return url_of(self, name, *args)

    def route(
        self, route: str, name: str, view: Callable[..., HttpResponseBase], *, cacheable: bool = False
    ) -> URLPattern:
        """Return a view of this admin, named as Django names those that every admin has."""
        guarded = self.admin_site.admin_view(view, cacheable=cacheable)
        return path(route, guarded, name=f"{self.opts.app_label}_{self.opts.model_name}_{name}")

    def access(self, request: HttpRequest) -> PictureAccess:
        """Return what the user may see and do."""
        return access_of(request, self.admin_site)

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
        return self.access(request).may_view(self.model, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
