"""What is done with many pictures of the list at once: decided, after a page that shows them, or taken from people."""

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_copyleaks_image.admin.asking import numbers
from django_copyleaks_image.admin.facts import person
from django_copyleaks_image.models import WatchedImage
from django_copyleaks_image.models.watched_image import WatchedImageQuerySet
from django_copyleaks_image.reviewing import claims
from django_copyleaks_image.standings import KINDS, Kind

from .batch import Batch

if TYPE_CHECKING:
    from django_copyleaks_image.admin.pictures import PictureAdmin

Action = Callable[["PictureAdmin", HttpRequest, WatchedImageQuerySet], HttpResponse | None]


def holder(image: WatchedImage) -> str:
    """Return who is looking at a picture, empty when nobody is."""
    return person(image.claimed_by) if image.is_held(timezone.now()) else ""


@admin.action(description=gettext_lazy("Release what somebody looks at"), permissions=["release"])
def release_claims(model_admin: "PictureAdmin", request: HttpRequest, queryset: WatchedImageQuerySet) -> None:
    """End the claims on the chosen pictures; each release is an entry of the picture's history."""
    if model_admin.is_too_many(request, queryset):
        return
    chosen = list(queryset.order_by("-pk"))
    access = model_admin.access(request)
    targets = access.targets(chosen)
    left_out = Counter[str]()
    released = 0
    for image in chosen:
        held_by = holder(image)
        if not targets[image.pk].visible or not access.may_release(image):
            left_out[_("You may not release this picture.")] += 1
        elif not held_by or not claims.take_away(image.pk, held_by=image.claimed_by):
            left_out[_("Nobody is looking at this picture.")] += 1
        else:
            told: Any = _("Released from %(person)s.") % {"person": held_by}
            model_admin.log_change(request, image, told)
            released += 1
    if released:
        told = ngettext("%(count)s picture was released.", "%(count)s pictures were released.", released)
        model_admin.message_user(request, told % {"count": number_format(released)}, messages.SUCCESS)
    model_admin.tell_left_out(request, left_out.most_common())


def _deciding(kind: Kind) -> Action:
    """Return the action of the list that takes a decision; every row is decided by itself, as it was shown."""

    def act(model_admin: "PictureAdmin", request: HttpRequest, queryset: WatchedImageQuerySet) -> HttpResponse | None:
        if "kind" in request.POST:
            # Whatever the filters of the list say by now: these were shown.
            shown = numbers(request.POST.getlist(ACTION_CHECKBOX_NAME))
            queryset = cast("WatchedImageQuerySet", model_admin.get_queryset(request).filter(pk__in=shown))
        if model_admin.is_too_many(request, queryset):
            return None
        batch = Batch(model_admin, request, [kind])
        return batch.ask_or_decide(list(queryset.order_by("-pk")), back=request.get_full_path())

    act.__name__ = KINDS[kind].action
    described = admin.action(description=format_lazy("{} …", _label(kind)), permissions=["decide"])
    return cast("Action", described(act))


def _label(kind: Kind) -> Any:
    rule = KINDS[kind]
    return format_lazy("{} {}", rule.button, rule.button_rest) if rule.button_rest else rule.button


DECISIONS = tuple(_deciding(kind) for kind, rule in KINDS.items() if rule.action)
ACTIONS = (*DECISIONS, release_claims)
