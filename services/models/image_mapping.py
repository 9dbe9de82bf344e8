"""A team's wish to use one image in place of another in FROM lines, printed in every build log."""

from django.db import models

from services.teams.models import Team


class ImageMapping(models.Model):
    team = models.ForeignKey(Team, models.CASCADE, related_name="image_mappings")
    source = models.CharField(max_length=255)
    target = models.CharField(max_length=255)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "source"], name="one_mapping_of_an_image")
        ]

    def __str__(self) -> str:
        return f"{self.source} -> {self.target}"

    @property
    def name(self) -> str:
        return self.source
