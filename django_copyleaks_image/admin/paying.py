"""Before something costs credits: a page that says how many at most, and asks."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.admin import ModelAdmin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from django_copyleaks_image.conf import conf
from django_copyleaks_image.scanning import account

from .base import MEDIA

CONFIRMED = "confirmed"


def is_agreed(request: HttpRequest) -> bool:
    """Return whether the question was answered with yes."""
    return CONFIRMED in request.POST


def ask(
    model_admin: "ModelAdmin[Any]",
    request: HttpRequest,
    *,
    title: str,
    question: str,
    scans: int,
    button: str,
    back_url: str,
    hidden: Iterable[tuple[str, str]],
    items: Sequence[str] = (),
) -> HttpResponse:
    """Return the page that asks for so many scans; yes sends the hidden fields to the same address."""
    context = {
        **model_admin.admin_site.each_context(request),
        "title": title,
        "opts": model_admin.opts,
        "media": model_admin.media + MEDIA,
        "question": question,
        "items": items,
        "credits": 0 if conf.SANDBOX else scans * account.price_of_a_scan(),
        "is_at_most": True,
        "credits_left": account.budget_left(),
        "hidden": [*hidden, (CONFIRMED, "yes")],
        "button": button,
        "back_url": back_url,
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, "admin/copyleaks_image/ask_to_pay.html", context)
