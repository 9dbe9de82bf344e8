"""Databases that the code asks for and nobody declares: how they run when somebody wants them."""

from dataclasses import replace

from detection import DetectedDatabase, EnvironmentVariable, HealthCommand, Volume
from detection.compose_databases import RECIPES, Recipe

FIRST_CHECKS = 20
# Where the public image has a script of its own for it, and the one made on this machine has not.
_READY = {"mariadb": "mariadb-admin ping -h 127.0.0.1 --silent"}


def proposed(database: DetectedDatabase) -> DetectedDatabase:
    """With image, data and health; its password is none of the plan's business."""
    recipe = RECIPES.get(database.kind, Recipe(database.kind))
    name, _, tag = recipe.image.partition(":")
    settings = recipe.environment.items()
    return replace(
        database,
        image=f"{name}:{database.version or tag}",
        environment=tuple(
            EnvironmentVariable(key, default=value, evidence="usual for its image")
            for key, value in settings
            if "${" not in value  # a password, which compose takes from elsewhere
        ),
        volumes=(Volume(f"{database.name}-data", recipe.data),) if recipe.data else (),
        health_command=_health(_READY.get(database.kind, recipe.ready)),
    )


def _health(ready: str) -> HealthCommand | None:
    if not ready:
        return None
    return HealthCommand(("CMD-SHELL", ready), interval_s=5.0, timeout_s=5.0, retries=FIRST_CHECKS)
