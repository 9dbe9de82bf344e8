"""Answers requests whose body the server did not take, before any view: counted, named and logged
like every other one."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase, JsonResponse

from services.api.errors import body
from services.errors import KyozoError

# In the scope of the request, put there by kyozo/bodies.py.
REFUSAL = "kyozo.refusal"


def refused_body(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    def middleware(request: HttpRequest) -> HttpResponseBase:
        error = request.META.get("asgi.scope", {}).get(REFUSAL)
        if isinstance(error, KyozoError):
            answer = JsonResponse(body(error, request), status=error.status)
            # Its end is known by that, while what is still being sent is thrown away.
            answer.headers["Content-Length"] = str(len(answer.content))
            return answer
        return get_response(request)

    return middleware
