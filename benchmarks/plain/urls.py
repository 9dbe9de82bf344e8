"""`/items` by DRF's own viewset, `/bare` and `/bare/ID` by views of a few lines."""

import json
import uuid

from django.http import HttpRequest, JsonResponse
from django.urls import include, path
from rest_framework.pagination import CursorPagination
from rest_framework.routers import SimpleRouter
from rest_framework.serializers import ModelSerializer
from rest_framework.viewsets import ModelViewSet

from benchmarks.plain.models import Item


class ItemSerializer(ModelSerializer[Item]):
    class Meta:
        model = Item
        fields = "__all__"


class ShownItem(ItemSerializer):
    class Meta(ItemSerializer.Meta):
        depth = 1


class Pages(CursorPagination):
    page_size = 50
    ordering = "created_at"


class Items(ModelViewSet[Item]):
    queryset = Item.objects.select_related("group")
    pagination_class = Pages

    def get_serializer_class(self) -> type[ItemSerializer]:
        return ItemSerializer if self.request.method == "POST" else ShownItem


def bare(_request: HttpRequest, pk: uuid.UUID) -> JsonResponse:
    row = Item.objects.values("id", "name", "status", "created_at").get(pk=pk)
    return JsonResponse({"data": row})


def bare_items(request: HttpRequest) -> JsonResponse:
    if request.method == "POST":
        said = json.loads(request.body)
        made = Item.objects.create(name=said["name"], group_id=said["group"])
        return JsonResponse({"data": {"id": made.pk, "name": made.name}}, status=201)
    rows = Item.objects.order_by("created_at").values("id", "name", "status", "created_at")
    return JsonResponse({"data": list(rows[: Pages.page_size])})


router = SimpleRouter(trailing_slash=False)
router.register("items", Items)
urlpatterns = [
    path("", include(router.urls)),
    path("bare", bare_items),
    path("bare/<uuid:pk>", bare),
]
