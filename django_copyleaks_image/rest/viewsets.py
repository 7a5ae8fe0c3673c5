"""What all addresses of the API have in common, whatever the project has set as its defaults."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils.functional import cached_property
from rest_framework.exceptions import PermissionDenied
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from django_copyleaks_image.admin.access import PictureAccess
from django_copyleaks_image.admin.asking import number
from django_copyleaks_image.admin.base import ReadOnlyAdmin

from .asked import Asked
from .entering import MayEnter, admin_of, as_at_the_desk
from .pagination import NewestFirst
from .throttles import PaidThrottle, ReadThrottle, WriteThrottle

Rows = list[dict[str, Any]]


class DeskViewSet(GenericViewSet[Any]):
    """What the admin named by ``admin_class`` has for the user.

    How a user proves who they are is the project's choice, by its ``DEFAULT_AUTHENTICATION_CLASSES``.
    """

    permission_classes = (MayEnter,)
    renderer_classes = (JSONRenderer,)
    parser_classes = (JSONParser,)
    pagination_class: Any = None
    filter_backends = ()
    versioning_class = None
    metadata_class = None
    queryset: QuerySet[Any]
    admin_class: type[ReadOnlyAdmin]
    # Names of actions that may cost credits.
    paid_actions: ClassVar[frozenset[str]] = frozenset()

    @cached_property
    def http(self) -> HttpRequest:
        return as_at_the_desk(self.request)

    @cached_property
    def model_admin(self) -> Any:
        return admin_of(self.queryset.model, self.admin_class)

    @cached_property
    def access(self) -> PictureAccess:
        access: PictureAccess = self.model_admin.access(self.http)
        return access

    def may_enter(self) -> bool:
        """Return whether the user may view rows of this kind."""
        return bool(self.model_admin.has_view_permission(self.http))

    def get_queryset(self) -> Any:
        return self.model_admin.get_queryset(self.http)

    def get_throttles(self) -> list[Any]:
        if self.action in self.paid_actions:
            return [PaidThrottle()]
        return [ReadThrottle() if self.request.method in ("GET", "HEAD") else WriteThrottle()]

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Return an answer that nobody keeps: it is for this user alone."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer.headers.setdefault("Cache-Control", "private, no-store")
        return answer


class RowsViewSet(DeskViewSet, ABC):
    """Rows of one kind, in pages and one by one."""

    pagination_class = NewestFirst
    asked_class: type[Asked]

    def filter_queryset(self, queryset: Any) -> Any:
        asked = self.asked_class(data=self.request.query_params.dict())
        asked.is_valid(raise_exception=True)
        return asked.narrow(queryset, self.access.secret())

    def row(self) -> Any:
        """Return the row that the address names; 404 where there is none, 403 where the user may not view it."""
        key = number(self.kwargs["pk"])
        found = None if key is None else self.get_queryset().filter(pk=key).first()
        if found is None:
            raise Http404
        if not self.model_admin.has_view_permission(self.http, found):
            raise PermissionDenied
        return found

    @abstractmethod
    def told(self, rows: Sequence[Any]) -> Rows:
        """Return rows as the user may hear of them."""

    def page(self) -> Response:
        """Answer with a page of the list."""
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.told(rows or []))
