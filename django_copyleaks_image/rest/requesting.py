"""Has pictures scanned, once more or for the first time, and takes them back."""

from typing import Any

from django.core.exceptions import ValidationError as InvalidKey
from django.db.models import Model
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from django_copyleaks_image.admin import again
from django_copyleaks_image.admin.desk import sentences
from django_copyleaks_image.admin.desk.batch import why_not_decidable
from django_copyleaks_image.admin.desk.item import NOT_SEEN, seen_version
from django_copyleaks_image.admin.desk.queues import Desk
from django_copyleaks_image.models import ImageScan, WatchedImage
from django_copyleaks_image.models.scan import FINISHED, UNMEASURED
from django_copyleaks_image.reviewing import claims
from django_copyleaks_image.scanning import backlog
from django_copyleaks_image.scanning.reconcile import Unscanned
from django_copyleaks_image.scanning.scan_requests import repeat_scan, target_of, withdraw_scan

from .asked import watched_of
from .conflicts import Conflict, conflict
from .schema import DICTIONARY, Problem, described
from .viewsets import RowsViewSet
from .wishes import RepeatWish, ScanWish, Seal


class QueuedSerializer(serializers.ModelSerializer[ImageScan]):
    """A scan that waits to be sent."""

    # A schema would have to name its choices apart from others.
    status = serializers.CharField(read_only=True)

    class Meta:
        ref_name = "CopyleaksQueuedScan"
        model = ImageScan
        fields = ("id", "scan_id", "status", "created_at")
        read_only_fields = fields


class FirstScansSerializer(serializers.Serializer[Any]):
    """The first scans of the pictures in a field of an object: of one, unless the field holds several."""

    class Meta:
        ref_name = "CopyleaksFirstScans"

    results = QueuedSerializer(many=True, read_only=True)


class RepeatingViewSet(RowsViewSet):
    """Adds to watched images that they can be scanned again, and taken back."""

    paid_actions = frozenset({"scan"})

    @described(
        "Scan a picture again",
        {200: QueuedSerializer, 202: QueuedSerializer, 400: DICTIONARY, 404: Problem, 409: Conflict},
        request=RepeatWish,
    )
    @action(detail=True, methods=["post"])
    def scan(self, request: Request, pk: str) -> Response:
        """Queue another scan: 202 with it, 200 where it was asked for already, 409 where it is not possible now."""
        image = self.row()
        if not self.model_admin.has_scan_permission(self.http, image):
            raise PermissionDenied
        if not self.access.targets([image])[image.pk].visible:
            raise PermissionDenied
        asked = RepeatWish(data=request.data)
        asked.is_valid(raise_exception=True)
        is_paid_again = asked.validated_data["paid_again"]
        plan = again.plan_of(self.model_admin, self.http, [image], FINISHED if is_paid_again else UNMEASURED)
        if not plan.repeatable:
            return conflict(plan.refusals[0][0])
        item = plan.repeatable[0]
        seen = asked.validated_data.get("seen", item.newest)
        scan, is_new = repeat_scan(item.instance, image.field_name, force=is_paid_again, seen=seen)
        if is_new:
            _log(self.model_admin, self.http, image, scan)
        return Response(QueuedSerializer(scan).data, status=202 if is_new else 200)

    @described("Take a picture back", {204: None, 400: DICTIONARY, 404: Problem, 409: Conflict}, request=Seal)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Have a picture neither sent nor asked about, as it was seen; for those who may scan and decide about it."""
        image, desk = self.row(), Desk(self.model_admin, self.http)
        target = self.access.targets([image])[image.pk]
        may_scan = self.model_admin.has_scan_permission(self.http, image)
        if not may_scan or not desk.may_decide(image, target, queue=image.queue):
            raise PermissionDenied
        asked = Seal(data=request.data)
        asked.is_valid(raise_exception=True)
        is_blind = bool(self.access.disguise([image]))
        if (why_not := why_not_decidable(image, target)) and image.scan is not None and image.scan.is_finished:
            return conflict(why_not)
        is_held = claims.is_held_by_another(image, request.user)
        if is_held or seen_version(asked.validated_data["version"], image, is_blind=is_blind) == NOT_SEEN:
            return conflict(sentences.something_happened())
        if image.target is None or not withdraw_scan(image.target, image.field_name):
            return conflict(sentences.replaced())
        return Response(status=204)


class FirstScanViewSet(RowsViewSet):
    """Adds to scans that pictures can be scanned that have had none."""

    paid_actions = frozenset({"create"})

    @described(
        "Scan a picture for the first time",
        {202: FirstScansSerializer, 400: DICTIONARY, 404: Problem, 409: Problem},
        request=ScanWish,
    )
    def create(self, request: Request) -> Response:
        """Queue the pictures in a field of an object that have no scan: 409 where there is none."""
        if not self.access.may_scan():
            raise PermissionDenied
        asked = ScanWish(data=request.data)
        asked.is_valid(raise_exception=True)
        watched = watched_of(asked.validated_data["field"])
        instance = _object_of(watched.owner, asked.validated_data["object_id"])
        database = str(instance._state.db)
        row = WatchedImage(**target_of(watched.owner, instance, "", using=database), database=database)
        if not self.access.targets([row])[row.pk].visible:
            raise Http404
        files = list(backlog.unscanned_of(watched, [instance], database=database))
        if not files:
            return Response({"detail": _("No picture of this object is left to be scanned.")}, status=409)
        queued = [self._queue(file, database) for file in files]
        return Response({"results": QueuedSerializer(queued, many=True).data}, status=202)

    def _queue(self, file: Unscanned, database: str) -> ImageScan:
        scan = backlog.queue_chosen(file, database=database)
        _log(self.model_admin, self.http, file.instance, scan)
        return scan


def _log(model_admin: Any, http: Any, about: Model, scan: ImageScan) -> None:
    """Write who had something scanned into the history of the admin, as its own actions do."""
    name = str(ImageScan._meta.verbose_name_raw)
    model_admin.log_change(http, about, [{"added": {"name": name, "object": scan.scan_id}}])


def _object_of(owner: type[Model], object_id: str) -> Model:
    """Return an object by its key as rows name it; raise Http404 where there is none."""
    try:
        found = owner._base_manager.filter(pk=owner._meta.pk.to_python(object_id)).first()
    except (InvalidKey, OverflowError, ValueError):
        found = None
    if found is None:
        raise Http404
    return found
