"""/image-mappings: the team's wishes to use one image in place of another."""

from typing import Any

from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response

from services import audit
from services.api import scopes
from services.api.answers import Data
from services.api.described import Described
from services.api.inputs import MAPPING
from services.api.query import query, word
from services.api.serializers.token import MappingJson, mapping_json
from services.api.team_view import TeamView
from services.errors import NotFoundError
from services.models import ImageMapping

SOURCE = {"source": word}


class ImageMappings(TeamView):
    scopes = scopes.READ_WRITE
    actions = {"PUT": "image_mapping.set", "DELETE": "image_mapping.remove"}

    @Described(
        "listImageMappings",
        "Images that are used in place of others",
        answer=Data[list[MappingJson]],
    )
    def get(self, request: Request, **_: Any) -> Response:
        rows = ImageMapping.objects.filter(team=self.team).order_by("source")
        return Response({"data": [mapping_json(row) for row in rows]})

    @Described(
        "mapImage", "Use one image in place of another", body=MAPPING, answer=Data[MappingJson]
    )
    def put(self, request: Request, **_: Any) -> Response:
        fields = MAPPING.read(request)
        source, target = fields["source"], fields["target"]
        with transaction.atomic():
            rows = ImageMapping.objects.select_for_update(no_key=True)
            had = rows.filter(team=self.team, source=source).values("target").first()
            row, _made = ImageMapping.objects.update_or_create(
                team=self.team, source=source, defaults={"target": target}
            )
            audit.note(row, before=had, after={"target": target})
        return Response({"data": mapping_json(row)})

    @Described(
        "unmapImage", "Use the image itself again", query=SOURCE, needs=("source",), status=204
    )
    def delete(self, request: Request, **_: Any) -> Response:
        source = query(request, **SOURCE).get("source", "")
        with transaction.atomic():
            rows = ImageMapping.objects.select_for_update(no_key=True)
            row = rows.filter(team=self.team, source=source).first()
            if row is None:
                raise NotFoundError("Image mapping not found")
            audit.note(row, before={"target": row.target})
            row.delete()
        return Response(status=204)
