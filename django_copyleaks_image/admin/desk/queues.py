"""The queues that a user may open, and the pictures that are taken from one."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_copyleaks_image import registry
from django_copyleaks_image.admin import targets
from django_copyleaks_image.admin.filters import QUEUES, watched_field
from django_copyleaks_image.admin.targets import Target
from django_copyleaks_image.models import WatchedImage, images
from django_copyleaks_image.reviewing import claims, placing, queue
from django_copyleaks_image.reviewing.queue import Bookmark, Order, Selection
from django_copyleaks_image.standings import Queue

from .copies import copies_of
from .item import Item, item_of
from .sentences import number_waiting

if TYPE_CHECKING:
    from django_copyleaks_image.admin.pictures import PictureAdmin

ORDERS = {Order.OLDEST: gettext_lazy("Oldest first"), Order.LARGEST: gettext_lazy("Largest AI share first")}
# How far a long queue was looked through for a moderator is kept in the session for the next request. Afterwards it is
# looked through from its beginning: something may have become visible there.
_BOOKMARK = "copyleaks_image_bookmark"
_KEPT_FOR = timedelta(minutes=10)


class Choice(NamedTuple):
    """What a moderator chose to see, as the address of the desk and each of its requests name it.

    A queue, its order, one watched field (``gallery.Photo.image``) or all, real pictures or the sandbox's.
    """

    queue: Queue
    order: Order = Order.OLDEST
    field: str = ""
    sandbox: bool = False

    @classmethod
    def read(cls, parameters: Mapping[str, str], *, otherwise: Queue) -> "Choice":
        """Read a choice from a query string or a form; what is not known there counts as not given."""
        named, order, field = (parameters.get(name, "") for name in ("queue", "order", "field"))
        return cls(
            queue=Queue(named) if named in QUEUES else otherwise,
            order=Order(order) if order in ORDERS else Order.OLDEST,
            field=field if watched_field(field) else "",
            sandbox=parameters.get("sandbox") == "1",
        )

    def query_string(self) -> str:
        """Return the parameters of the address, except the order, which is remembered."""
        parameters = {"queue": self.queue.value, "field": self.field, "sandbox": "1" if self.sandbox else ""}
        return urlencode({name: value for name, value in parameters.items() if value})


@dataclass(frozen=True, kw_only=True, slots=True)
class Tab:
    """A queue as a link; ``number`` is its count in words, ``since`` when its oldest picture came."""

    label: str
    url: str
    count: int
    number: str
    since: datetime | None
    is_current: bool


class Next(NamedTuple):
    """The pictures to judge next; ``is_partial`` says that a long queue was not looked through to its end."""

    items: list[Item]
    is_partial: bool


class Desk:
    """The desk of one user: which queues they may open, and what they are given from them."""

    def __init__(self, model_admin: "PictureAdmin", request: HttpRequest) -> None:
        self.model_admin = model_admin
        self.request = request
        self.access = model_admin.access(request)

    @property
    def open_queues(self) -> list[Queue]:
        """Return the queues that the user may work through."""
        if not self.model_admin.has_view_permission(self.request):
            return []
        return [it for it in QUEUES if self.access.may_decide_in(it)]

    def may_decide(self, image: WatchedImage, target: Target, *, queue: str) -> bool:
        """Return whether the user may decide about a picture that is taken from a queue, or from none."""
        permitted = self.access.may_decide_in(queue, image)
        return permitted and target.visible and self.model_admin.has_view_permission(self.request, image)

    def read_choice(self, parameters: Mapping[str, str]) -> Choice:
        """Return what the user wants to see; raise PermissionDenied for a queue that is closed to them."""
        open_queues = self.open_queues
        if not open_queues:
            raise PermissionDenied
        choice = Choice.read(parameters, otherwise=open_queues[0])
        if choice.queue not in open_queues:
            raise PermissionDenied
        return choice

    def selection(self, choice: Choice) -> Selection:
        """Return what is chosen, without the models (content types) of whose objects the user may see none."""
        owners = {watched.owner for watched in registry.all_watched()}
        site = self.model_admin.admin_site
        hidden = [owner for owner in owners if not targets.may_view(site, self.request, owner)]
        content_types = ContentType.objects.get_for_models(*hidden).values()
        watched = watched_field(choice.field)
        return Selection(
            queue=choice.queue,
            order=choice.order,
            content_type=None if watched is None else ContentType.objects.get_for_model(watched.owner),
            field_name="" if watched is None else watched.stored_as,
            sandbox=choice.sandbox,
            hidden=frozenset(content_type.pk for content_type in content_types),
        )

    @property
    def counts_hidden(self) -> bool:
        """Return whether counts may include pictures that the user may not see: only a look at each would tell."""
        owners = {watched.owner for watched in registry.all_watched()}
        is_ruled = self.access.has_own_rule("may_view", "may_decide", "may_decide_escalated")
        return is_ruled or any(targets.may_vary(self.model_admin.admin_site, owner) for owner in owners)

    def number_of(self, choice: Choice) -> int:
        """Return how much waits there, as :func:`queue.count` does."""
        return queue.count(self.selection(choice), self.request.user)

    def tabs(self, current: Choice | None = None) -> list[Tab]:
        """Return the open queues; those of the sandbox only when something waits in them."""
        open_queues = self.open_queues
        if current is None and not open_queues:
            return []
        current = current or Choice(queue=open_queues[0])
        real, mocks = (self.tabs_beside(current, sandbox=sandbox) for sandbox in (False, True))
        return [*real, *(tab for tab in mocks if tab.count or tab.is_current)]

    def tabs_beside(self, current: Choice, *, sandbox: bool | None = None) -> list[Tab]:
        """Return the open queues of real pictures, or of the sandbox, as far as not given those of the current one."""
        choice = current if sandbox is None else current._replace(sandbox=sandbox)
        return [self._tab(choice._replace(queue=opened), current) for opened in self.open_queues]

    def _tab(self, choice: Choice, current: Choice) -> Tab:
        number, since = queue.count_and_oldest(self.selection(choice), self.request.user)
        label = str(choice.queue.label)
        return Tab(
            label=_("Sandbox: %(queue)s") % {"queue": label} if choice.sandbox else label,
            url=self.url(choice),
            count=number,
            number=number_waiting(number, in_all=self.counts_hidden),
            since=since,
            is_current=choice == current,
        )

    def url(self, choice: Choice) -> str:
        return f"{self.model_admin.url('review')}?{choice.query_string()}"

    def choice_of(self, image: WatchedImage, *, order: str = "") -> Choice | None:
        """Return in which queue a picture waits for the user, whoever looks at it; None when it does not."""
        opened = Queue.REVIEW if image.queue == Queue.SECOND_LOOK else Queue(image.queue)
        choice = Choice(queue=opened, sandbox=image.sandbox, order=Order(order) if order in ORDERS else Order.OLDEST)
        return choice if opened in self.open_queues and self._waiting(choice, image.pk) else None

    def take(self, choice: Choice, *, want: int, held: Collection[int]) -> Next:
        """Claim the next pictures for the user, besides those ``held``."""
        found = queue.take(
            self.selection(choice),
            self.request.user,
            want=want,
            besides=held,
            visible=self.shown,
            behind=self._bookmark(choice),
        )
        self._keep(choice, found.bookmark)
        return Next(items=self._items(found.images), is_partial=found.is_partial)

    def offer(self, choice: Choice, image_pk: int) -> Item | None:
        """Claim one picture for the user as it is now; None when it does not wait for them, or is another's."""
        found = self._waiting(choice, image_pk)
        if not found or not claims.claim(image_pk, self.request.user):
            return None
        return self._items(found)[0]

    def _waiting(self, choice: Choice, image_pk: int) -> list[WatchedImage]:
        waiting = queue.waiting(self.selection(choice), self.request.user).filter(pk=image_pk)
        return self.shown(list(waiting.with_scan()))

    def shown(self, waiting: list[WatchedImage]) -> list[WatchedImage]:
        """Return those of the pictures that wait which are for the user.

        Those are withdrawn whose objects hold other files by now, which happens when no signal tells of it.
        """
        found = self.access.targets(waiting)
        permitted = [image for image in waiting if self.may_decide(image, found[image.pk], queue=image.queue)]
        replaced = [image.pk for image in permitted if not found[image.pk].holds_file]
        if replaced:
            placing.withdraw(images().filter(pk__in=replaced))
        return [image for image in permitted if found[image.pk].holds_file]

    def _items(self, taken: Collection[WatchedImage]) -> list[Item]:
        blind = self.access.disguise(taken)
        found = self.access.targets(taken)
        return [
            item_of(
                image,
                found[image.pk],
                self.model_admin,
                self.request,
                is_blind=image.pk in blind,
                copies=copies_of(self, image, is_blind=image.pk in blind),
            )
            for image in taken
        ]

    def _bookmark(self, choice: Choice) -> Bookmark | None:
        """Return where to look on, None for the beginning of the queue."""
        kept: dict[str, Any] = self.request.session.get(_BOOKMARK, {})
        if kept.get("choice") != _named(choice) or datetime.fromisoformat(kept["until"]) < timezone.now():
            return None
        value = kept["value"]
        return Bookmark(
            stage=kept["stage"], value=datetime.fromisoformat(value) if isinstance(value, str) else value, pk=kept["pk"]
        )

    def _keep(self, choice: Choice, bookmark: Bookmark | None) -> None:
        """Keep a bookmark in the place of the one before; the session is written only when it has changed."""
        if bookmark == self._bookmark(choice):
            return
        if bookmark is None:
            del self.request.session[_BOOKMARK]
            return
        value = bookmark.value
        self.request.session[_BOOKMARK] = {
            "choice": _named(choice),
            "until": (timezone.now() + _KEPT_FOR).isoformat(),
            "stage": bookmark.stage,
            "value": value.isoformat() if isinstance(value, datetime) else value,
            "pk": bookmark.pk,
        }


def _named(choice: Choice) -> str:
    return f"{choice.query_string()}&order={choice.order}"
