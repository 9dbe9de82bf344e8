"""A team's network: the subnet that was cut for it."""

from django.db import models

from services.teams.models import Team


class TeamNetwork(models.Model):
    team = models.OneToOneField(Team, models.CASCADE, related_name="network")
    name = models.CharField(max_length=120, unique=True)
    subnet = models.CharField(max_length=20, unique=True)

    def __str__(self) -> str:
        return f"{self.name} {self.subnet}"
