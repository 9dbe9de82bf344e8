"""One request body: which fields it may have, what each must be, and the noun around it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from rest_framework.request import Request

from services.errors import BadRequestError
from services.models.checks import Check, Schema, object_schema, read


@dataclass(frozen=True, slots=True)
class Body:
    """`inside` is the noun that the seed wraps fields in: {"service": {...}}. `ignored` fields come
    back in answers; they are read over, so that an answer can be sent as it came."""

    table: Mapping[str, Check]
    required: Collection[str] = ()
    ignored: Collection[str] = ()
    inside: str = ""
    message: str = "The request cannot be accepted"

    def read(self, request: Request) -> dict[str, Any]:
        return read(
            self._fields(request),
            self.table,
            required=self.required,
            ignored=self.ignored,
            message=self.message,
        )

    @property
    def schema(self) -> Schema:
        fields = object_schema(self.table, required=self.required, ignored=self.ignored)
        if not self.inside:
            return fields
        return {
            "type": "object",
            "properties": {self.inside: fields},
            "required": [self.inside],
            "additionalProperties": False,
        }

    @property
    def is_required(self) -> bool:
        """Whether nothing at all is too little."""
        return bool(self.inside or self.required)

    def _fields(self, request: Request) -> Any:
        noun, data = self.inside, request.data
        if not noun:
            return data
        if not isinstance(data, dict) or set(data) != {noun}:
            details = {noun: [f'is required: send {{"{noun}": {{...}}}} and nothing beside it']}
            raise BadRequestError("Invalid request parameters", details=details)
        return data[noun]
