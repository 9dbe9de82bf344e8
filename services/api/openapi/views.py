"""/openapi.json and the page /api/docs: for everybody, as there is nothing of a team in them."""

from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string

from services.api.errors import only_reads

# By name: who never asks does not pay for them with memory.
DOCUMENT = "services.api.openapi.document.as_json"
PAGE = "services.api.openapi.page.page"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


@only_reads
def openapi_json(request: HttpRequest) -> HttpResponse:
    return HttpResponse(import_string(DOCUMENT)(), content_type="application/json")


@only_reads
def docs(request: HttpRequest) -> HttpResponse:
    answer = HttpResponse(import_string(PAGE)())
    answer.headers["Content-Security-Policy"] = POLICY
    return answer
