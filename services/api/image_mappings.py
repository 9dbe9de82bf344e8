"""/image-mappings: the team's wishes to use one image in place of another."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from services.api import scopes
from services.api.inputs import MAPPING
from services.api.query import query, word
from services.api.serializers.token import mapping_json
from services.api.team_view import TeamView
from services.errors import NotFoundError
from services.models import ImageMapping
from services.models.checks import read


class ImageMappings(TeamView):
    scopes = scopes.READ_WRITE

    def get(self, request: Request, **_: Any) -> Response:
        rows = ImageMapping.objects.filter(team=self.team).order_by("source")
        return Response({"data": [mapping_json(row) for row in rows]})

    def put(self, request: Request, **_: Any) -> Response:
        fields = read(request.data, MAPPING, required=["source", "target"])
        row, _made = ImageMapping.objects.update_or_create(
            team=self.team, source=fields["source"], defaults={"target": fields["target"]}
        )
        return Response({"data": mapping_json(row)})

    def delete(self, request: Request, **_: Any) -> Response:
        source = query(request, source=word).get("source", "")
        gone, _each = ImageMapping.objects.filter(team=self.team, source=source).delete()
        if not gone:
            raise NotFoundError("Image mapping not found")
        return Response(status=204)
