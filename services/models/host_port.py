"""Who owns which port of the host. The unique constraint is the answer to "port in use"."""

from django.db import models

from services.models.service import Service


class HostPort(models.Model):
    """`is_http`: the router listens there; else the engine publishes it from the instance.
    `is_replaced`: given up by a deploy that is not through; it still leads to the service."""

    port = models.PositiveIntegerField()
    protocol = models.CharField(max_length=4, default="tcp")
    service = models.ForeignKey(Service, models.CASCADE, related_name="host_ports")
    container_port = models.PositiveIntegerField()
    is_http = models.BooleanField(default=True)
    is_replaced = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["port", "protocol"], name="one_owner_of_a_port")
        ]

    def __str__(self) -> str:
        return f"{self.port}/{self.protocol}"
