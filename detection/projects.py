"""Which folders below the root are applications of their own."""

from collections.abc import Iterator

from detection.place import ASIDE, Place
from detection.providers import PROVIDERS
from detection.providers.others import PROJECT_ENDINGS
from detection.workspaces import is_member, workspace_patterns

MANIFESTS = frozenset().union(*(provider.manifests for provider in PROVIDERS)) | {
    "Dockerfile",
    "Containerfile",
    "Procfile",
    "manage.py",
    "index.html",
    "index.php",
}
# Where an application starts that lists no requirements.
ENTRIES = frozenset({"main.py", "app.py", "wsgi.py", "asgi.py"})
_MAX_DEPTH = 3
_MAX_PLACES = 200
# Inside an application these hold its parts, not other applications.
_PARTS = frozenset(
    [
        "src",
        "lib",
        "app",
        "public",
        "static",
        "assets",
        "templates",
        "views",
        "components",
        "scripts",
        "tools",
        "bin",
        "config",
        "conf",
        "resources",
        "css",
        "js",
        "img",
        "images",
        "styles",
        "hack",
        "ci",
        "deploy",
        "k8s",
        "kubernetes",
        "helm",
        "charts",
        "terraform",
        "infra",
        "ansible",
        "docker",
        "nginx",
        "storage",
        "data",
        "vendor",
        "third_party",
        "native",
        "packaging",
        "contrib",
        "plugins",
        "wwwroot",
        "webapp",
        "ClientApp",
    ]
)


def candidate_places(root: Place, *, is_application: bool) -> Iterator[Place]:
    """Folders with a manifest, nearest first; below one that has it, nothing more is looked for.

    Beside an application at the root only whole other applications count, so the folders that
    usually hold its parts are passed over.
    """
    members = bool(workspace_patterns(root))
    waiting = [(name, 1) for name in root.names.walked]
    found = 0
    while waiting and found < _MAX_PLACES:
        path, depth = waiting.pop(0)
        name = path.rpartition("/")[2]
        if name in ASIDE or name.startswith(".") or (is_application and name in _PARTS):
            continue
        place = Place(root.index, path)
        listed = place.names
        known = MANIFESTS | ENTRIES
        if not known.isdisjoint(listed.files) or place.ending(*PROJECT_ENDINGS):
            if not members or is_member(root, path) or not place.has("package.json"):
                found += 1
                yield place
            continue
        if depth < _MAX_DEPTH:
            waiting.extend((f"{path}/{deeper}", depth + 1) for deeper in listed.walked)
