"""The calls that the API's own document shows, as they stand there."""

from kyozo_sdk import KyozoAPI
from services.models import Service, Workspace
from tests.conftest import Person

EXAMPLE = """
from kyozo_sdk import KyozoAPI

api = KyozoAPI(
    api_token='your_api_token',
    team_id='your_team_id',
    base_url='https://api.kyozo.com/api/v1'
)

# List services
services = api.services.list()

# Deploy a service
service = api.services.create({
    'name': 'my-app',
    'folder_path': '/app',
    'service_type': 'python'
})

# Get metrics
metrics = api.services.get_metrics(service.id)
"""


def test_the_documents_example_runs(
    url: str, token: str, alice: Person, workspace: Workspace
) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(root=workspace.root.removesuffix("/app"))
    text = EXAMPLE.replace("your_api_token", token).replace("your_team_id", str(alice.team.id))
    names: dict[str, object] = {}

    exec(text.replace("https://api.kyozo.com/api/v1", url), names)  # noqa: S102 - the document's

    api, service, metrics = names["api"], names["service"], names["metrics"]
    assert isinstance(api, KyozoAPI)
    api.close()
    row = Service.objects.get()
    assert getattr(service, "id", None) == getattr(metrics, "service_id", None) == str(row.id)
    assert (row.name, row.folder_path, names["services"]) == ("my-app", "/app", [])
