"""Long lists in pages: one begins after the last row seen, so page 100 costs what page 1 does."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import DateTimeField, F, Model, Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from services.api.query import CURSOR, Reader, number, one_of, usually
from services.errors import BadRequestError
from services.models.checks import takes
from services.models.times import instant
from services.proxied import link_to

Row = TypeVar("Row", bound=Model)
MOST = 500
USUAL = 200
NOT_OURS = "is not the `next` of an earlier answer"


@dataclass(frozen=True, slots=True)
class Order:
    """How a list may be sorted (word -> column) and, where nothing is said, is. Columns are without
    nulls."""

    sort: Mapping[str, str]
    by: str
    descending: bool = False
    usual: int = USUAL

    def readers(self) -> dict[str, Reader]:
        order = "desc" if self.descending else "asc"
        return {
            "sort_by": usually(self.by, one_of(tuple(self.sort))),
            "sort_order": usually(order, one_of(("asc", "desc"))),
            "limit": usually(self.usual, number(1, MOST)),
            "after": cursor,
        }

    def page(self, rows: QuerySet[Row], want: Mapping[str, Any]) -> "Page[Row]":
        """The page that somebody asked for in a query."""
        order = want.get("sort_order", "desc" if self.descending else "asc")
        return page(
            rows,
            by=self.sort[want.get("sort_by", self.by)],
            descending=order == "desc",
            limit=want.get("limit", self.usual),
            after=want.get("after"),
        )


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    rows: list[Row]
    next: str | None

    @property
    def meta(self) -> dict[str, str | None]:
        return {"next": self.next}

    def links(self, request: Request) -> dict[str, str]:
        """A `Link` header to the next page, for programs that follow those."""
        if self.next is None:
            return {}
        query = request.query_params.copy()
        query["after"] = self.next
        url = link_to(f"{request.path}?{query.urlencode()}", request)
        return {"Link": f'<{url}>; rel="next"'}

    def answer(self, request: Request, shown: Callable[[Row], Any]) -> Response:
        """The rows, and the way to the next page in `meta` and in the `Link` header."""
        data = [shown(row) for row in self.rows]
        return Response({"data": data, "meta": self.meta}, headers=self.links(request))


def page(
    rows: QuerySet[Row], *, by: str, descending: bool, limit: int, after: str | None
) -> Page[Row]:
    """`by` is a column or annotation without nulls; the id breaks ties."""
    if after is not None:
        rows = _beyond(rows, after, by=by, way="lt" if descending else "gt")
    order = [F(by).desc(), F("id").desc()] if descending else [F(by).asc(), F("id").asc()]
    found = list(rows.order_by(*order)[: limit + 1])
    more = len(found) > limit
    return Page(found[:limit], _cursor(found[limit - 1], by) if more else None)


@takes(CURSOR)
def cursor(text: str) -> str:
    """A query reader: refuses what no answer of ours ever said."""
    _decode(text)
    return text


def _beyond(rows: QuerySet[Row], after: str, *, by: str, way: str) -> QuerySet[Row]:
    """Of another order, or forged, a value may be of no use for this column."""
    column, plain, key = _decode(after)
    details = {"after": [f"{NOT_OURS} in this order"]}
    wrong = BadRequestError("Invalid request parameters", details=details)
    if column != by:
        raise wrong
    try:
        column_type = F(by).resolve_expression(rows.query.clone()).output_field
        value = instant(plain) if isinstance(column_type, DateTimeField) else plain
        # The first is for the planner: an index does not bound what stands in an OR.
        near = Q(**{f"{by}__{way}e": value})
        return rows.filter(near, Q(**{f"{by}__{way}": value}) | Q(**{by: value, f"id__{way}": key}))
    except (ValueError, TypeError, ValidationError) as exc:
        raise wrong from exc


def _cursor(row: Model, by: str) -> str:
    value = getattr(row, by)
    plain = value.isoformat() if isinstance(value, datetime) else str(value)
    said = json.dumps([by, plain, str(row.pk)])
    return base64.urlsafe_b64encode(said.encode()).decode()


def _decode(text: str) -> tuple[str, str, UUID]:
    """Anybody can make one: what no database takes (NUL, half characters) ends here."""
    try:
        by, plain, key = json.loads(base64.urlsafe_b64decode(text.encode()))
        plain.replace("\0", "\ud800").encode()
        return by, plain, UUID(key)
    except (ValueError, TypeError, AttributeError, RecursionError) as exc:
        raise ValueError(NOT_OURS) from exc
