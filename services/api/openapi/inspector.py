"""From a method's description to its operation in the document."""

import json
import re
from collections.abc import Callable

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent

import services.api.openapi.security  # noqa: F401 - makes the ways to sign in known
from services.api import idempotency
from services.api.answers import PageOf
from services.api.described import IF_MATCH, Described, description_of
from services.api.openapi import parameters, refusals
from services.api.openapi.compose import example_of
from services.api.openapi.examples import REQUESTS
from services.api.openapi.shapes import Shapes
from services.api.openapi.tags import tag_of
from services.models.checks import Schema

JSON = "application/json"
SCHEMAS = ResolvedComponent.SCHEMA
IN_PATH = re.compile(r"{(\w+)}")


class UndescribedError(TypeError):
    """A method of the API that nobody said anything about."""


class Inspector(AutoSchema):
    """One per method of a view. What it overrides would guess from serializers, which we do not
    have: bodies are tables of checks and answers are types."""

    @property
    def said(self) -> Described:
        found = description_of(type(self.view), self.method)
        if found is None:
            msg = f"{self.method} of {type(self.view).__name__} has no @Described"
            raise UndescribedError(msg)
        return found

    @property
    def shapes(self) -> Shapes:
        return Shapes(self._component)

    def get_operation_id(self) -> str:
        return self.said.id

    def get_summary(self) -> str:
        return self.said.summary

    def get_description(self) -> str:  # type: ignore[override]
        return self.said.about

    def get_tags(self) -> list[str]:
        return [tag_of(self.view)]

    def _get_parameters(self) -> list[Schema]:
        names = IN_PATH.findall(self.path)
        rows = self._resolve_path_parameters(names)  # type: ignore[no-untyped-call]
        path = {row["name"]: row["schema"] for row in rows}
        headers = parameters.of_headers(self.view, self.method, self.said, path)
        return [
            *(parameters.of_path(name, schema) for name, schema in path.items()),
            *parameters.of_query(self.said),
            *(self._named(name, "parameters", parameters.COMPONENTS[name]) for name in headers),
        ]

    def _get_request_body(self, direction: str = "request") -> Schema | None:
        body, types = self.said.body, self.map_parsers()
        if body is None and types != [JSON]:
            archive = {"schema": {"type": "string", "format": "binary", "minLength": 1}}
            return {"content": dict.fromkeys(types, archive), "required": True}
        if body is None:
            return None
        content: Schema = {"schema": self.shapes.named(body.schema)}
        if self.said.id in REQUESTS:
            content["example"] = REQUESTS[self.said.id]
        return {"content": {JSON: content}, "required": body.is_required}

    def _get_response_bodies(self, direction: str = "response") -> Schema:
        found = {str(self.said.status): self._success()}
        for status, hint in self.said.others.items():
            found[str(status)] = self._success() | {"content": {JSON: self._content(JSON, hint)}}
        for status, codes in refusals.statuses(self.view, self.method, self.said).items():
            found[str(status)] = self._refusal(status, codes)
        return found

    def _success(self) -> Schema:
        said = self.said
        types = ({JSON: said.answer} if said.answer is not None else {}) | dict(said.streams)
        content = {
            media_type: self._content(media_type, hint) for media_type, hint in types.items()
        }
        more = tuple(name for name in said.headers if name != IF_MATCH)
        if getattr(said.answer, "__origin__", None) is PageOf:
            more += ("Link",)
        if self.method == "POST":
            more += (idempotency.REPLAYED,)
        self._keep_headers()
        return {
            "description": "Done." if said.answer is None else "OK",
            "headers": refusals.headers(self.view, more),
            **({"content": content} if content else {}),
        }

    def _content(self, media_type: str, hint: object) -> Schema:
        schema = self.shapes.of(hint)
        if media_type != JSON:  # a stream: each of its lines is one such object
            lines = {"type": "string", "contentMediaType": JSON, "contentSchema": schema}
            return {"schema": lines, "example": f"{json.dumps(example_of(schema, self._kept))}\n"}
        return {"schema": schema, "example": example_of(schema, self._kept)}

    def _refusal(self, status: int, codes: tuple[str, ...]) -> Schema:
        made = refusals.response(status, codes, view=self.view, shapes=self.shapes)
        is_counted = not isinstance(self.view, refusals.UNCOUNTED)
        if codes or not is_counted:
            return made
        return self._named(f"Refused{status}", "responses", made)

    def _keep_headers(self) -> None:
        for name, header in refusals.HEADERS.items():
            self._named(name, "headers", header)

    def _kept(self, name: str) -> Schema:
        return dict(self.registry[name, SCHEMAS].schema or {})

    def _named(self, name: str, kind: str, schema: Schema) -> Schema:
        component = ResolvedComponent(name, kind, schema, name)  # type: ignore[no-untyped-call]
        self.registry.register_on_missing(component)
        return dict(component.ref)

    def _component(self, kind: type, name: str, make: Callable[[], Schema]) -> Schema:
        component = ResolvedComponent(name, SCHEMAS, object=kind)  # type: ignore[no-untyped-call]
        if component not in self.registry:
            self.registry.register(component)
            component.schema = make()
        return dict(component.ref)
