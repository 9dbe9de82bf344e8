"""`/items` by DRF's own viewset, `/bare/ID` by a view of three lines."""

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


router = SimpleRouter(trailing_slash=False)
router.register("items", Items)
urlpatterns = [path("", include(router.urls)), path("bare/<uuid:pk>", bare)]
