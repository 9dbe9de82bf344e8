"""Every operation is asked what the description says it takes, and what it says it does not.

Schemathesis makes the requests and judges the answers; they go through the whole WSGI application,
with a real token, to objects that are there. What a request does is undone after it.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import just
from schemathesis import CheckContext, CheckFunction, GenerationMode, Response
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation.feedback import NO_FEEDBACK
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from kyozo.wsgi import application
from tests.conftest import Api
from tests.knowing import document
from tests.services.api.test_isolation import ids

__all__ = ["ids"]  # the fixture: one of everything that is alice's
Operation = schemathesis.APIOperation[Any, Any, Any, Any]
CONFIG = schemathesis.Config.from_dict(
    {
        "generation": {"with-security-parameters": False},
        "checks": {
            # Who asks, or the state of things, may still forbid it; its shape may not. A 422 is
            # for what `refusable` says.
            "positive_data_acceptance": {"expected-statuses": ["2xx", "403", "404", "409", "412"]},
            "negative_data_rejection": {"expected-statuses": ["4xx"]},
        },
    }
)
ALWAYS: list[CheckFunction] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
OF_A_SERVICE = {
    "volume_mounts": "a path over what a container runs on, which no pattern can say",
    "port_mappings": "one host_port twice, or one that the machine has in use",
    "folder_path": "a folder that is not there, or out of the workspace",
    "health_check_config": "the type `command` without a command",
    "scaling_config": "a least that is more than the most",
    "secret_variables": "names of variables that the service has not",
    "environment_variables": "bytes are counted and not characters",
    "name": "somebody has it",
}
FOLDER = {"folder_path": OF_A_SERVICE["folder_path"]}
ARCHIVE = {"archive": "bytes that are no archive"}
SOURCE = {"storage_backend": "a workspace that was made from something else"}
TIME = {"expires_at": "what is over, or too far away"}
# By operation, what may be refused although it is of the shape that is described, and why.
REFUSABLE: dict[str, dict[str, str]] = {
    **dict.fromkeys(("createService", "createWorkspaceService"), OF_A_SERVICE),
    **dict.fromkeys(("replaceServiceSettings", "changeServiceSettings"), OF_A_SERVICE),
    **dict.fromkeys(("analyzeWorkspace",), FOLDER),
    "deployWorkspace": FOLDER | {"only": "a service that was not found in the folder"},
    "scaleService": {
        "replica_count": "not what scaling_config allows, or a service that runs once"
    },
    "rollBackService": {"release": "one whose image is gone"},
    "registerFolder": {"folder": "one that is not there, or not allowed", **FOLDER},
    "uploadArchive": ARCHIVE,
    "replaceArchive": ARCHIVE | SOURCE,
    "cloneRepository": {"url": "of no repository", "ref": "no name of a commit"},
    "refreshRepository": SOURCE,
    **dict.fromkeys(("createToken", "inviteMember"), TIME),
}
# What one parameter may be depends on another, or on who asks, and that is a 400, too.
HAVE_RULES = {"acceptInvitation", "getServiceLogs", "getServiceMetrics"}
EXAMPLES = {GenerationMode.POSITIVE: 10, GenerationMode.NEGATIVE: 6}
FEW = 3  # of addresses that lead nowhere, whatever is said there
# The same requests each time, however slow the machine is.
SETTINGS = settings(
    derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)

schemathesis.openapi.format("cursor", just(""))  # none: answers alone make them
SCHEMA = schemathesis.openapi.from_dict(document(), config=CONFIG)
SCHEMA.app = application
FOUND = [found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)]
OPERATIONS: dict[str, Operation] = {one.definition.raw["operationId"]: one for one in FOUND}


def has_input(operation: Operation) -> bool:
    """A query or a body of JSON; nothing that is sent as a file is no file."""
    types = [body.media_type for body in operation.body]
    return "application/json" in types or (not types and len(operation.query) > 0)


WITH_INPUT = [name for name, one in OPERATIONS.items() if has_input(one)]
WITH_IDS = [name for name, one in OPERATIONS.items() if len(one.path_parameters) > 1]


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """A server closes connections after a request; a test's holds its transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def known(api: Api, ids: dict[str, str]) -> dict[str, str]:
    """Parts of addresses that lead to something."""
    found = {key.partition(":")[2].strip(">"): value for key, value in ids.items()}
    return found | {"team_id": str(api.team.id)}


def is_taken(ctx: CheckContext, response: Response, case: schemathesis.Case[Any]) -> bool | None:
    """A 422 only for a field that is known to have a rule beyond its description."""
    if response.status_code == 422:
        error = response.json()["error"]
        known = REFUSABLE.get(case.operation.definition.raw["operationId"], {})
        assert error.get("details"), error
        assert error["details"].keys() <= known.keys(), error
        return None
    return positive_data_acceptance(ctx, response, case)


def ask(
    api: Api, name: str, mode: GenerationMode, *, known: dict[str, str], check: CheckFunction
) -> None:
    """What belongs to the address and is not known is made up, too."""
    operation = OPERATIONS[name]
    path = {one.name: known[one.name] for one in operation.path_parameters if one.name in known}
    headers = {"X-API-Key": api.token, "X-Team-ID": str(api.team.id)}
    cases = operation.as_strategy(mode, feedback=NO_FEEDBACK, path_parameters=path, headers=headers)
    is_whole = len(path) == len(operation.path_parameters)

    @settings(SETTINGS, max_examples=EXAMPLES[mode] if is_whole else FEW)
    @given(case=cases)
    def asked(case: schemathesis.Case[Any]) -> None:
        with transaction.atomic():
            case.call_and_validate(checks=[*ALWAYS, check])
            transaction.set_rollback(True)

    asked()


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_is_described_is_taken(api: Api, known: dict[str, str], name: str) -> None:
    check = not_a_server_error if name in HAVE_RULES else is_taken
    ask(api, name, GenerationMode.POSITIVE, known=known, check=check)


def test_what_may_be_refused_is_of_operations_that_there_are() -> None:
    assert REFUSABLE.keys() <= OPERATIONS.keys()


@pytest.mark.parametrize("name", WITH_INPUT)
def test_what_is_not_described_is_refused(api: Api, known: dict[str, str], name: str) -> None:
    ask(api, name, GenerationMode.NEGATIVE, known=known, check=negative_data_rejection)


@pytest.mark.parametrize("name", WITH_IDS)
def test_an_address_that_leads_nowhere_is_refused(
    api: Api, known: dict[str, str], name: str
) -> None:
    team = {"team_id": known["team_id"]}
    ask(api, name, GenerationMode.NEGATIVE, known=team, check=negative_data_rejection)
