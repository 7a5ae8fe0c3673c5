"""The queues of the desk: how much waits for the user."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from django_copyleaks_image.admin.desk.queues import Choice, Desk
from django_copyleaks_image.admin.desk.views import DeskViews
from django_copyleaks_image.models import WatchedImage
from django_copyleaks_image.reviewing import queue
from django_copyleaks_image.standings import Queue

from .schema import described
from .serializers import QueueSerializer
from .viewsets import DeskViewSet


class QueueViewSet(DeskViewSet):
    queryset = WatchedImage.objects.none()
    admin_class = DeskViews
    pagination_class = None
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


def _told(desk: Desk, opened: Queue, *, sandbox: bool) -> dict[str, Any]:
    waiting, oldest = queue.count_and_oldest(desk.selection(Choice(queue=opened, sandbox=sandbox)), desk.request.user)
    return {
        "queue": opened.value,
        "name": str(opened.label),
        "sandbox": sandbox,
        "waiting": min(waiting, queue.COUNTED),
        "is_more": waiting > queue.COUNTED,
        "counts_hidden": desk.counts_hidden,
        "oldest": oldest,
    }
