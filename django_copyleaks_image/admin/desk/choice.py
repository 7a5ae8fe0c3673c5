"""What a moderator chose to see, as the address of the desk and each of its requests name it."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib.contenttypes.models import ContentType
from django.utils.translation import gettext_lazy as _

from django_copyleaks_image.admin.fields import watched_field
from django_copyleaks_image.models.scan import Desk
from django_copyleaks_image.reviewing.queue import Order, Selection

# Second looks are mixed into the reviews.
QUEUES = (Desk.REVIEW, Desk.ESCALATED, Desk.UNMEASURED)
ORDERS = {Order.OLDEST: _("Oldest first"), Order.LARGEST: _("Largest AI share first")}


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A queue, its order, one watched field (``gallery.Photo.image``) or all, real pictures or the sandbox's."""

    queue: Desk
    order: Order = Order.OLDEST
    field: str = ""
    sandbox: bool = False

    @classmethod
    def read(cls, parameters: Mapping[str, str], *, otherwise: Desk) -> "Choice":
        """Read a choice from a query string or a form; what is not known there counts as not given."""
        desk, order, field = (parameters.get(name, "") for name in ("queue", "order", "field"))
        return cls(
            queue=Desk(desk) if desk in QUEUES else otherwise,
            order=Order(order) if order in ORDERS else Order.OLDEST,
            field=field if watched_field(field) else "",
            sandbox=parameters.get("sandbox") == "1",
        )

    def selection(self, hidden: frozenset[int]) -> Selection:
        """Return the selection, without the models (content types) whose objects are hidden from the user."""
        watched = watched_field(self.field)
        return Selection(
            desk=self.queue,
            order=self.order,
            content_type=None if watched is None else ContentType.objects.get_for_model(watched.owner),
            field_name="" if watched is None else watched.name,
            sandbox=self.sandbox,
            hidden=hidden,
        )

    def query_string(self) -> str:
        """Return the parameters of the address, except the order, which is remembered."""
        parameters = {"queue": self.queue.value, "field": self.field, "sandbox": "1" if self.sandbox else ""}
        return urlencode({name: value for name, value in parameters.items() if value})
