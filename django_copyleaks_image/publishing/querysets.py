"""Labels and hides the objects of a queryset by what was measured and decided about their pictures.

Everything is asked in SQL about the file that the field holds now, by the index on the target of a scan.
"""

from typing import Any, TypeVar, get_args

from django.contrib.contenttypes.models import ContentType
from django.db.models import (
    Case,
    F,
    FileField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from django_copyleaks_image import registry
from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.scan import Review, Standing, Status

from .keys import AsText
from .newest import counting
from .standings import Policy

Rows = TypeVar("Rows", bound=QuerySet[Any])


def with_standing(queryset: Rows, field_name: str, *, prefix: str = "copyleaks") -> Rows:
    """Annotate objects with what is known about the picture that a field holds now.

    ``copyleaks_verdict`` is a :class:`~django_copyleaks_image.verdicts.Verdict`, "" when not measured;
    ``copyleaks_decision`` is ``"confirmed"``, ``"cleared"``, ``"escalated"`` or ""; ``copyleaks_ai_share`` is the
    AI share of the area (0–1), None when not measured. For a second field of a model choose another ``prefix``.
    """
    field = registry.file_field(queryset.model, field_name)
    return queryset.annotate(
        **{
            f"{prefix}_verdict": verdict_of(field),
            f"{prefix}_decision": decision_of(field),
            f"{prefix}_ai_share": _of_present_scan(field, F("ai_share")),
        }
    )


def publishable(queryset: Rows, field_name: str, *, unmeasured: Policy = "hide", flagged: Policy = "hide") -> Rows:
    """Return the objects whose picture may be shown.

    What a person cleared is shown; what was confirmed as AI, or is escalated, is hidden. As long as nobody has
    decided, pictures without detected AI (or with less than the field's ``review_area``) are shown, ``flagged`` ones
    wait for a person, and ``unmeasured`` ones for their scan, which includes those whose scan failed. Objects
    without a file have nothing to hide. Raises ValueError for another policy than ``"hide"`` or ``"show"``.
    """
    if not {unmeasured, flagged} <= set(get_args(Policy)):
        raise ValueError(f'Pictures are told to "hide" or to "show", not to {unmeasured!r} or {flagged!r}.')
    field = registry.file_field(queryset.model, field_name)
    shown_if_unmeasured = Value(unmeasured == "show")
    is_shown = Case(
        When(decision=Standing.CLEARED, then=Value(True)),
        When(decision__in=(Standing.CONFIRMED, Standing.ESCALATED), then=Value(False)),
        When(review=Review.PENDING, then=Value(flagged == "show")),
        When(status=Status.COMPLETED, then=Value(True)),
        default=shown_if_unmeasured,
    )
    without_file = Q(**{field.name: ""}) | Q(**{field.name: None})
    return queryset.filter(without_file | Q(Coalesce(_of_present_scan(field, is_shown), shown_if_unmeasured)))


def verdict_of(field: FileField) -> Combinable:
    """Return the expression of the verdict about the file that a field holds, "" when it was not measured."""
    return Coalesce(_of_present_scan(field, F("verdict")), Value(""))


def decision_of(field: FileField, *, secret: Q | None = None) -> Combinable:
    """Return the expression of the decision that stands about the file that a field holds, "" for none.

    ``secret`` is a condition of scans whose decision is not told.
    """
    told = F("decision") if secret is None else Case(When(~secret, then=F("decision")))
    return Coalesce(_of_present_scan(field, told), Value(""))


def _of_present_scan(field: FileField, value: Combinable) -> Subquery:
    """Return an expression of the scan that counts for an object, NULL unless it is about the file held now.

    A mock of the sandbox is about nothing unless ``SANDBOX`` is on.
    """
    owner = registry.owner_of(field)
    # Asked by the database itself: a queryset may be built where the database must not be asked, as for a view.
    content_type = ContentType.objects.filter(app_label=owner._meta.app_label, model=owner._meta.model_name)
    of_target = ImageScan.objects.filter(
        counting(),
        content_type=Subquery(content_type.values("pk")[:1]),
        object_id=AsText(OuterRef(owner._meta.pk.name)),
        field_name=field.name,
    )
    is_about_it = ~Q(status=Status.SUPERSEDED) & Q(file_name=AsText(OuterRef(field.name)))
    if not conf.SANDBOX:
        is_about_it &= Q(sandbox=False)
    found = Case(When(is_about_it, then=value))
    return Subquery(of_target.order_by("-pk").values(copyleaks_found=found)[:1])
