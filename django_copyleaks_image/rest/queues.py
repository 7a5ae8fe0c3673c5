"""The queues of the desk: how much waits for the user, and what is next."""

from typing import Any

from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from django_copyleaks_image.admin.desk.queues import Choice, Desk
from django_copyleaks_image.admin.desk.views import DeskViews
from django_copyleaks_image.models import WatchedImage
from django_copyleaks_image.reviewing import queue as queues
from django_copyleaks_image.reviewing.queue import Order
from django_copyleaks_image.standings import Queue

from .images import told_images
from .offers import OfferSerializer, offer
from .schema import DICTIONARY, described
from .serializers import ImageSerializer, QueueSerializer
from .viewsets import DeskViewSet
from .wishes import NextWish


class TakenSerializer(serializers.Serializer[Any]):
    """Pictures that are claimed for the user."""

    class Meta:
        ref_name = "CopyleaksTaken"

    results = ImageSerializer(many=True, read_only=True)
    is_partial = serializers.BooleanField(
        read_only=True, help_text="Whether a long queue was not looked through to its end."
    )


class QueueViewSet(DeskViewSet):
    queryset = WatchedImage.objects.none()
    admin_class = DeskViews
    serializer_class = QueueSerializer
    lookup_field = "queue"

    def may_enter(self) -> bool:
        return bool(Desk(self.model_admin, self.http).open_queues)

    @described("The queues that are open to the user", {200: QueueSerializer(many=True)})
    def list(self, request: Request) -> Response:
        """Answer with the queues of real pictures, then with those of the sandbox in which something waits."""
        desk = Desk(self.model_admin, self.http)
        told = [_told(desk, opened, sandbox=sandbox) for sandbox in (False, True) for opened in desk.open_queues]
        shown = [it for it in told if it["waiting"] or not it["sandbox"]]
        return Response(QueueSerializer(shown, many=True).data)

    @described("What can be decided in a queue", {200: OfferSerializer})
    def retrieve(self, request: Request, queue: str) -> Response:
        """Answer with the choices of the desk, their reasons, texts for notes, and whom a picture can be for."""
        desk = Desk(self.model_admin, self.http)
        return Response(OfferSerializer(offer(desk, _opened(desk, queue))).data)

    @described("Take pictures from a queue", {200: TakenSerializer, 400: DICTIONARY}, request=NextWish)
    @action(detail=True, methods=["post"], url_path="next")
    def take(self, request: Request, queue: str) -> Response:
        """Claim the next pictures for the user, for ten minutes; ``is_partial`` tells of a queue that was too long."""
        desk = Desk(self.model_admin, self.http)
        opened = _opened(desk, queue)
        asked = NextWish(data=request.data)
        asked.is_valid(raise_exception=True)
        wish = asked.validated_data
        choice = Choice(queue=opened, order=Order(wish["order"]), sandbox=wish["sandbox"])
        found = queues.take(
            desk.selection(choice), request.user, want=wish["want"], besides=wish.get("besides", ()), visible=desk.shown
        )
        by_key = {image.pk: image for image in self.get_queryset().filter(pk__in=[it.pk for it in found.images])}
        taken = [by_key[it.pk] for it in found.images if it.pk in by_key]
        return Response({"results": told_images(taken, self.access), "is_partial": found.is_partial})


def _opened(desk: Desk, name: str) -> Queue:
    """Return a queue by its name if it is open to the user; raise PermissionDenied for any other name."""
    if name not in desk.open_queues:
        raise PermissionDenied
    return Queue(name)


def _told(desk: Desk, opened: Queue, *, sandbox: bool) -> dict[str, Any]:
    waiting, oldest = queues.count_and_oldest(desk.selection(Choice(queue=opened, sandbox=sandbox)), desk.request.user)
    return {
        "queue": opened.value,
        "name": str(opened.label),
        "sandbox": sandbox,
        "waiting": min(waiting, queues.COUNTED),
        "is_more": waiting > queues.COUNTED,
        "counts_hidden": desk.counts_hidden,
        "oldest": oldest,
    }
