"""The queues that a user may open, and the pictures that are taken from one."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.translation import gettext as _

from django_copyleaks_image import registry
from django_copyleaks_image.admin import targets
from django_copyleaks_image.admin.addresses import scan_url
from django_copyleaks_image.admin.images import ScanImageViews
from django_copyleaks_image.admin.permissions import ScanPermissions
from django_copyleaks_image.admin.targets import Target, read_targets
from django_copyleaks_image.models import ImageScan, scans
from django_copyleaks_image.models.scan import Desk
from django_copyleaks_image.reviewing import claims, queue, standing
from django_copyleaks_image.reviewing.queue import Selection

from .blind import disguise
from .bookmarks import bookmark_of, keep
from .choice import QUEUES, Choice
from .item import Item, item_of
from .words import number_waiting


@dataclass(frozen=True, kw_only=True, slots=True)
class Tab:
    """A queue as a link; ``number`` is its count in words."""

    label: str
    url: str
    count: int
    number: str
    is_current: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Next:
    """The pictures to judge next; ``is_partial`` says that a long queue was not looked through to its end."""

    items: list[Item]
    is_partial: bool


# What says which pictures a user may judge, for each of them if a project has rules of its own.
_RULES = ("has_view_permission", "has_decide_permission", "has_decide_escalated_permission")


class DeskQueues(ScanPermissions, ScanImageViews):
    """Who may open which queue and decide about which picture, and what they are given next."""

    def queues_to_open(self, request: HttpRequest) -> list[Desk]:
        """Return the queues that the user may work through."""
        if not self.has_view_permission(request):
            return []
        return [
            desk
            for desk in QUEUES
            if (
                self.has_decide_escalated_permission(request)
                if desk == Desk.ESCALATED
                else self.has_decide_permission(request)
            )
        ]

    def may_decide(self, request: HttpRequest, scan: ImageScan, target: Target, *, desk: str) -> bool:
        """Return whether the user may decide about a picture that is taken from a queue, or from none."""
        permitted = (
            self.has_decide_escalated_permission(request, scan)
            if desk == Desk.ESCALATED
            else self.has_decide_permission(request, scan)
        )
        return permitted and target.visible and self.has_view_permission(request, scan)

    def read_choice(self, request: HttpRequest, parameters: Mapping[str, str]) -> Choice:
        """Return what the user wants to see; raise PermissionDenied for a queue that is closed to them."""
        open_queues = self.queues_to_open(request)
        if not open_queues:
            raise PermissionDenied
        choice = Choice.read(parameters, otherwise=open_queues[0])
        if choice.queue not in open_queues:
            raise PermissionDenied
        return choice

    def selection(self, request: HttpRequest, choice: Choice) -> Selection:
        owners = {watched.owner for watched in registry.watched_fields()}
        hidden = [owner for owner in owners if not targets.may_view(self.admin_site, request, owner)]
        content_types = ContentType.objects.get_for_models(*hidden).values()
        return choice.selection(frozenset(content_type.pk for content_type in content_types))

    @property
    def counts_hidden(self) -> bool:
        """Return whether counts may include pictures that the user may not see: only a look at each would tell."""
        owners = {watched.owner for watched in registry.watched_fields()}
        return any(targets.may_vary(self.admin_site, owner) for owner in owners) or any(
            targets.has_own_rule(self, name, of=ScanPermissions) for name in _RULES
        )

    def number_of(self, request: HttpRequest, choice: Choice) -> int:
        """Return how much waits there, as :func:`queue.count` does."""
        return queue.count(self.selection(request, choice), request.user)

    def tabs(self, request: HttpRequest, current: Choice) -> list[Tab]:
        """Return the open queues; those of the sandbox only when something waits in them."""
        tabs = []
        for sandbox in (False, True):
            for desk in self.queues_to_open(request):
                choice = replace(current, queue=desk, sandbox=sandbox)
                number = self.number_of(request, choice)
                if number or not sandbox or choice == current:
                    label = _("Sandbox: %(queue)s") % {"queue": desk.label} if sandbox else str(desk.label)
                    words = number_waiting(number, in_all=self.counts_hidden)
                    is_current = choice == current
                    url = self.desk_url(choice)
                    tabs.append(Tab(label=label, url=url, count=number, number=words, is_current=is_current))
        return tabs

    def desk_url(self, choice: Choice) -> str:
        return f"{scan_url(self.admin_site, 'review')}?{choice.query_string()}"

    def take(self, request: HttpRequest, choice: Choice, *, want: int, held: Collection[int]) -> Next:
        """Claim the next pictures for the user, besides those ``held``."""
        found = queue.take(
            self.selection(request, choice),
            request.user,
            want=want,
            besides=held,
            visible=partial(self._shown, request),
            behind=bookmark_of(request, choice),
        )
        keep(request, choice, found.bookmark)
        return Next(items=self._items(request, found.scans), is_partial=found.is_partial)

    def offer(self, request: HttpRequest, choice: Choice, scan_pk: int) -> Item | None:
        """Claim one picture for the user as it is now; None when it does not wait for them, or is another's."""
        waiting = queue.waiting(self.selection(request, choice), request.user).filter(pk=scan_pk)
        found = self._shown(request, list(waiting.with_result().select_related("content_type")))
        if not found or not claims.claim(scan_pk, request.user):
            return None
        return self._items(request, found)[0]

    def _shown(self, request: HttpRequest, waiting: list[ImageScan]) -> list[ImageScan]:
        """Return those of the pictures that wait which are for the user.

        Those are withdrawn whose objects hold other files by now, which happens when no signal tells of it.
        """
        found = read_targets(waiting, self.admin_site, request)
        permitted = [scan for scan in waiting if self.may_decide(request, scan, found[scan.pk], desk=scan.desk)]
        replaced = [scan.pk for scan in permitted if not found[scan.pk].holds_file]
        if replaced:
            standing.withdraw(scans().filter(pk__in=replaced))
        return [scan for scan in permitted if found[scan.pk].holds_file]

    def _items(self, request: HttpRequest, taken: Collection[ImageScan]) -> list[Item]:
        blind = disguise(taken, request, self.admin_site)
        found = read_targets(taken, self.admin_site, request)
        return [item_of(scan, found[scan.pk], self.admin_site, is_blind=scan.pk in blind) for scan in taken]
