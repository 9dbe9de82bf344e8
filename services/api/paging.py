"""Long lists in pages: one begins after the last row seen, so page 100 costs what page 1 does."""

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import F, Model, Q, QuerySet
from rest_framework.request import Request

Row = TypeVar("Row", bound=Model)
MOST = 500
USUAL = 200


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
        url = request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
        return {"Link": f'<{url}>; rel="next"'}


def page(
    rows: QuerySet[Row], *, by: str, descending: bool, limit: int, after: str | None
) -> Page[Row]:
    """`by` is a column or annotation without nulls; the id breaks ties."""
    if after is not None:
        rows = rows.filter(_beyond(by, after, "lt" if descending else "gt"))
    order = [F(by).desc(), F("id").desc()] if descending else [F(by).asc(), F("id").asc()]
    found = list(rows.order_by(*order)[: limit + 1])
    more = len(found) > limit
    return Page(found[:limit], _cursor(found[limit - 1], by) if more else None)


def cursor(text: str) -> str:
    """A query reader: refuses what no answer of ours ever said."""
    _decode(text)
    return text


def _beyond(by: str, after: str, way: str) -> Q:
    value, key = _decode(after)
    return Q(**{f"{by}__{way}": value}) | Q(**{by: value, f"id__{way}": key})


def _cursor(row: Model, by: str) -> str:
    value = getattr(row, by)
    kind = "t" if isinstance(value, datetime) else "s"
    plain = value.isoformat() if isinstance(value, datetime) else str(value)
    return base64.urlsafe_b64encode(json.dumps([kind, plain, str(row.pk)]).encode()).decode()


def _decode(text: str) -> tuple[Any, UUID]:
    try:
        kind, plain, key = json.loads(base64.urlsafe_b64decode(text.encode()))
        return (datetime.fromisoformat(plain) if kind == "t" else str(plain)), UUID(key)
    except (ValueError, TypeError, AttributeError) as exc:
        raise ValueError("is not the `next` of an earlier answer") from exc
