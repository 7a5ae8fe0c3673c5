"""The log of decisions: of everybody, or one's own, as at the desk."""

from collections.abc import Sequence
from typing import Any

from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from django_copyleaks_image.admin.access import PictureAccess
from django_copyleaks_image.admin.decisions import DecisionAdmin
from django_copyleaks_image.admin.desk import sentences
from django_copyleaks_image.admin.images import desk_of
from django_copyleaks_image.models import Decision
from django_copyleaks_image.reviewing.decide import Refused, Stale, undo
from django_copyleaks_image.reviewing.history import latest_judgement

from .asked import DecisionsAsked
from .conflicts import conflict, refused
from .entering import admin_site
from .schema import DICTIONARY, Problem, described
from .serializers import DecisionSerializer
from .viewsets import Rows, RowsViewSet


def told_of(decisions: Sequence[Decision], access: PictureAccess) -> Rows:
    """Return decisions as a user may hear of them; those about one's own second look tell nothing of a first."""
    access.disguise_decisions(decisions)
    targets = access.targets({decision.image_id: decision.image for decision in decisions}.values())
    context = {"visible": {pk for pk, target in targets.items() if target.visible}}
    return list(DecisionSerializer(decisions, many=True, context=context).data)


class DecisionViewSet(RowsViewSet):
    queryset = Decision.objects.none()
    admin_class = DecisionAdmin
    asked_class = DecisionsAsked
    serializer_class = DecisionSerializer

    def told(self, rows: Sequence[Any]) -> Rows:
        return told_of(rows, self.access)

    @described(
        "Decisions, the newest first",
        {200: DecisionSerializer(many=True), 400: DICTIONARY, 404: Problem},
        parameters=[DecisionsAsked],
    )
    def list(self, request: Request) -> Response:
        """Answer with a page of the log: of everybody, or of the user alone."""
        return self.page()

    @described("A decision", {200: DecisionSerializer, 404: Problem})
    def retrieve(self, request: Request, pk: str) -> Response:
        """Answer with a decision."""
        return Response(self.told([self.row()])[0])

    @described("Undo a decision", {201: DecisionSerializer, 400: Problem, 404: Problem, 409: Problem}, request=None)
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, pk: str) -> Response:
        """Undo one's own decision as long as it is the last one about the picture."""
        decision, desk = self.row(), desk_of(admin_site(), self.http)
        target = self.access.targets([decision.image])[decision.image_id]
        if desk is None or not desk.may_decide(decision.image, target, queue=decision.queue):
            raise PermissionDenied
        try:
            reversal = undo(decision.pk, user=request.user, acted_by=self.access.acting_user())
        except Stale as stale:
            is_as_seen, is_blind = latest_judgement(stale.image) == decision, self.access.is_secret(stale.image)
            return conflict(sentences.meanwhile(stale.image, request.user, is_as_seen=is_as_seen, is_blind=is_blind))
        except Refused as why:
            return refused(str(why))
        reversal.image = decision.image
        return Response(self.told([reversal])[0], status=201)
