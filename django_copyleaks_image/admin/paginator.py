"""Pages of a list that may be endless: rows are counted up to a bound, since a full count reads them all."""

from typing import Any

from django.core.paginator import Paginator
from django.utils.formats import number_format
from django.utils.functional import cached_property

BOUND = 10_000


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts and shows the first :data:`BOUND` rows; ``has_more`` says that there are others."""

    @cached_property
    def count(self) -> int:
        return min(self._counted, BOUND)

    @property
    def has_more(self) -> bool:
        return self._counted > BOUND

    @property
    def bound(self) -> str:
        return number_format(BOUND, force_grouping=True)

    @cached_property
    def _counted(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[: BOUND + 1].count())
