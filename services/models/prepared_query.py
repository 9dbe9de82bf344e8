"""Short queries that are asked all the time, with their SQL written once.

Django writes the SQL of a queryset anew each time, which takes several times as long as a database
needs to find a row by its key.
"""

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.models.query import get_related_populators

Row = TypeVar("Row", bound=models.Model)
KEY = models.UUIDField()


class PreparedQuery(Generic[Row]):
    """`PreparedQuery(lambda team, key: Thing.objects.filter(team=team, pk=key))` is called with
    UUIDs as that function is, and answers with the rows of its queryset; `select_related` and
    `defer` are kept, `prefetch_related` is not. All but the keys must always be the same.
    """

    def __init__(self, queryset: Callable[..., models.QuerySet[Row]]) -> None:
        self._queryset = queryset
        self._written: dict[str, _Written] = {}  # by kind of database; twice at once does no harm

    def __call__(self, *keys: UUID) -> list[Row]:
        if connection.vendor not in self._written:
            self._written[connection.vendor] = _write(self._queryset, len(keys))
        return list(self._written[connection.vendor].rows(keys))

    def first(self, *keys: UUID) -> Row | None:
        return next(iter(self(*keys)), None)


@dataclass(frozen=True, slots=True)
class _Written:
    """`parts` are the values of the SQL: the place of a key, or what stands there always."""

    sql: str
    parts: Sequence[tuple[int | None, Any]]
    compiler: Any
    populators: Sequence[Any]

    def rows(self, keys: Sequence[UUID]) -> Iterator[Any]:
        """As `ModelIterable` of Django makes them."""
        mine = connections[DEFAULT_DB_ALIAS]
        said = [KEY.get_db_prep_value(key, mine) for key in keys]
        with mine.cursor() as cursor:
            cursor.execute(self.sql, [v if at is None else said[at] for at, v in self.parts])
            found = cursor.fetchall()
        if not found:
            return
        own = copy(self.compiler)
        own.connection = mine
        fields = own.klass_info["select_fields"]
        width = slice(fields[0], fields[-1] + 1)
        names = [column[0].target.attname for column in own.select[width]]
        for values in own.results_iter([found]):
            row = own.klass_info["model"].from_db(DEFAULT_DB_ALIAS, names, values[width])
            for populator in self.populators:
                populator.populate(values, row)
            yield row


def _write(queryset: Callable[..., models.QuerySet[Any]], count: int) -> _Written:
    keys = [uuid4() for _ in range(count)]
    compiler = queryset(*keys).query.get_compiler(DEFAULT_DB_ALIAS)
    sql, values = compiler.as_sql()
    places = {KEY.get_db_prep_value(key, connection): at for at, key in enumerate(keys)}
    parts = [(places.get(value), value) for value in values]
    # Private to Django, like the compiler; the stubs are of a later one, which wants a fetch_mode.
    populators = get_related_populators(  # type: ignore[call-arg]
        compiler.klass_info, compiler.select, DEFAULT_DB_ALIAS
    )
    compiler.connection = None  # is of this thread; whoever asks has one of their own
    return _Written(sql, parts, compiler, populators)
