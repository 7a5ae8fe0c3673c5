"""The log of decisions: of everybody, or one's own, as at the desk."""

from collections.abc import Sequence
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from django_copyleaks_image.admin.access import PictureAccess
from django_copyleaks_image.admin.decisions import DecisionAdmin
from django_copyleaks_image.models import Decision

from .asked import DecisionsAsked
from .schema import Problem, described
from .serializers import DecisionSerializer
from .viewsets import DeskViewSet, Rows


def told_of(decisions: Sequence[Decision], access: PictureAccess) -> Rows:
    """Return decisions as a user may hear of them; those about one's own second look tell nothing of a first."""
    access.disguise_decisions(decisions)
    targets = access.targets({decision.image_id: decision.image for decision in decisions}.values())
    context = {"visible": {pk for pk, target in targets.items() if target.visible}}
    return list(DecisionSerializer(decisions, many=True, context=context).data)


class DecisionViewSet(DeskViewSet):
    queryset = Decision.objects.none()
    admin_class = DecisionAdmin
    asked_class = DecisionsAsked
    serializer_class = DecisionSerializer

    def told(self, rows: Sequence[Any]) -> Rows:
        return told_of(rows, self.access)

    @described("Decisions, the newest first", {200: DecisionSerializer(many=True)}, parameters=[DecisionsAsked])
    def list(self, request: Request) -> Response:
        return self.page()

    @described("A decision", {200: DecisionSerializer, 404: Problem})
    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(self.told([self.row()])[0])
