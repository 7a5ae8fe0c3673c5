"""Decides about pictures, by the same steps as the desk: as they were seen, and never past somebody else."""

from typing import Any

from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from django_copyleaks_image.admin.desk import sentences
from django_copyleaks_image.admin.desk.deciding import Replaced, decide_as_seen, version_seen
from django_copyleaks_image.admin.desk.item import NOT_SEEN, told_history
from django_copyleaks_image.admin.desk.queues import Desk
from django_copyleaks_image.models import WatchedImage
from django_copyleaks_image.reviewing import claims
from django_copyleaks_image.reviewing.decide import Refused, Stale, leave_note
from django_copyleaks_image.standings import Queue

from .conflicts import Conflict, conflict, refused
from .decisions import told_of
from .measurements import MeasuredViewSet
from .schema import DICTIONARY, Problem, described
from .serializers import DecisionSerializer, ImageSerializer
from .wishes import DecisionWish, NoteWish

_SHOWN_DECISIONS = 100
_REFUSALS = {400: DICTIONARY, 404: Problem, 409: Conflict}


class DecidingViewSet(MeasuredViewSet):
    """Adds what people do with pictures to rows that are watched images."""

    @described("What was decided about a picture", {200: DecisionSerializer(many=True), 404: Problem}, filters=False)
    @action(detail=True, pagination_class=None)
    def decisions(self, request: Request, pk: str) -> Response:
        """Answer with the decisions about these bytes, newest first, a hundred at most."""
        image = self.row()
        is_blind = self.access.is_secret(image)
        history = told_history(image, request.user, is_blind=is_blind)[:_SHOWN_DECISIONS]
        return Response(self._told_decisions(image, list(history)))

    @described("Decide about a picture", {201: DecisionSerializer, **_REFUSALS}, request=DecisionWish)
    @decisions.mapping.post
    def decide(self, request: Request, pk: str) -> Response:
        """Decide about the picture as it was seen; 409 where something happened since, or somebody else holds it."""
        image, desk = self.row(), Desk(self.model_admin, self.http)
        asked = DecisionWish(data=request.data)
        asked.is_valid(raise_exception=True)
        wish = asked.wish()
        target, version = self.access.targets([image])[image.pk], version_seen(desk, image, wish)
        if not desk.may_decide(image, target, queue=image.queue):
            # Somebody else may have moved it to a queue that is closed to the user.
            if version != NOT_SEEN or not any(desk.may_decide(image, target, queue=it) for it in desk.open_queues):
                raise PermissionDenied
            return self._stale(image, is_as_seen=False)
        try:
            decision = decide_as_seen(desk, image, target, wish, version)
        except Replaced as replaced:
            return conflict(str(replaced), self._now(image))
        except Stale as stale:
            return self._stale(stale.image, is_as_seen=stale.image.version == version)
        except Refused as why:
            return refused(str(why))
        return Response(self._told_decisions(image, [decision])[0], status=201)

    @described("Leave a note about a picture", {201: DecisionSerializer, **_REFUSALS}, request=NoteWish)
    @action(detail=True, methods=["post"])
    def notes(self, request: Request, pk: str) -> Response:
        """Leave a note without deciding, as those may who decide, whichever queue the picture is in."""
        image, desk = self.row(), Desk(self.model_admin, self.http)
        target = self.access.targets([image])[image.pk]
        if not any(desk.may_decide(image, target, queue=queue) for queue in (Queue.REVIEW, Queue.ESCALATED)):
            raise PermissionDenied
        asked = NoteWish(data=request.data)
        asked.is_valid(raise_exception=True)
        note = asked.validated_data["note"]
        try:
            decision = leave_note(image.pk, user=request.user, note=note, acted_by=self.access.acting_user())
        except Stale:
            return conflict(sentences.replaced(), self._now(image))
        except Refused as why:
            return refused(str(why))
        return Response(self._told_decisions(image, [decision])[0], status=201)

    @described("Look at a picture", {200: ImageSerializer, 404: Problem, 409: Conflict}, request=None)
    @action(detail=True, methods=["post"])
    def claim(self, request: Request, pk: str) -> Response:
        """Keep others from a picture for ten minutes, or for ten more; answer with the picture as it is."""
        image, desk = self.row(), Desk(self.model_admin, self.http)
        if not desk.open_queues:
            raise PermissionDenied
        if desk.choice_of(image) is None:
            return conflict(sentences.not_at_the_desk(), self._now(image))
        if not claims.claim(image.pk, request.user):
            return self._stale(self.row(), is_as_seen=True)
        return Response(self._now(image))

    @described("Look at a picture no longer", {204: None, 404: Problem})
    @claim.mapping.delete
    def release(self, request: Request, pk: str) -> Response:
        """Give up one's own claim, if there is one."""
        claims.release([self.row().pk], request.user)
        return Response(status=204)

    def _stale(self, image: WatchedImage, *, is_as_seen: bool) -> Response:
        is_blind = self.access.is_secret(image)
        said = sentences.meanwhile(image, self.request.user, is_as_seen=is_as_seen, is_blind=is_blind)
        return conflict(said, self._now(image))

    def _now(self, image: WatchedImage) -> dict[str, Any] | None:
        """Return a picture as it is stored now, None where it is gone or is not for the user any more."""
        found = self.get_queryset().filter(pk=image.pk).first()
        is_shown = found is not None and self.model_admin.has_view_permission(self.http, found)
        return self.told([found])[0] if is_shown else None

    def _told_decisions(self, image: WatchedImage, decisions: Any) -> Any:
        for decision in decisions:
            decision.image = image  # With all that is asked of it.
        return told_of(decisions, self.access)
