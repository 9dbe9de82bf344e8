"""A public image that Kyozo fetched by itself. Only those may go again: the others are people's."""

from django.db import models
from django.utils import timezone


class PulledImage(models.Model):
    """`used_at`: when a build or a deploy last asked for it by this name. One that lost its name to
    a newer image has its id for `ref`."""

    ref = models.CharField(max_length=255, unique=True)
    engine_id = models.CharField(max_length=100)
    pulled_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.ref

    @property
    def is_nameless(self) -> bool:
        return self.ref == self.engine_id
