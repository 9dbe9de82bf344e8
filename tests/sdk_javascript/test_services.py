"""The first things somebody does with it, and what goes wrong."""

import pytest

from services.models import Service, Workspace
from services.teams.models import Scope
from tests.conftest import Person
from tests.factories import make_service, make_token
from tests.sdk_javascript.conftest import Served
from tests.sdk_javascript.programs import Access, Programs


@pytest.fixture
def web(alice: Person, workspace: Workspace) -> Service:
    return make_service(alice.team, workspace=workspace, name="web")


def test_services_are_listed_created_and_shown(
    js: Programs, access: Access, workspace: Workspace
) -> None:
    found = js.run(
        access,
        """
        const before = await api.services.list();
        const made = await api.services.create({ name: 'site', folder_path: '/' });
        const [shown] = await api.services.list({ search: 'site' });
        const same = await api.services.get(made.id);
        say([before.length, made.name, shown.id === same.id, Array.isArray(before), before.next]);
        """,
    )

    assert found == [0, "site", True, True, None]
    assert Service.objects.get().name == "site"


def test_an_answer_knows_its_tag_and_can_be_sent_back(
    js: Programs, access: Access, web: Service
) -> None:
    error = js.run(
        access,
        f"""
        const old = await api.services.get('{web.id}');
        const same = {{ ifMatch: old.etag }};
        const sent = await api.services.replace(old.id, {{ ...old, name: 'one' }}, same);
        if (sent.name !== 'one' || sent.etag === old.etag) throw new Error(sent.name);
        say(await failure(() => api.services.update(old.id, {{ name: 'two' }}, same)));
        """,
    )

    assert (error["kind"], error["code"], error["status"]) == ("ChangedError", "changed", 412)
    web.refresh_from_db()
    assert web.name == "one"


REFUSED = {
    "api.services.get('00000000-0000-0000-0000-000000000000')": ("NotFoundError", "not_found"),
    "api.services.create({ name: 'UPPER', folder_path: '/' })": ("InvalidError", "invalid"),
    "api.services.create({ folder_path: '/' })": ("BadRequestError", "bad_request"),
    "api.services.restart(WEB)": ("ConflictError", "service.wrong_state"),
    "connect({ apiToken: 'kyozo_no' }).me()": ("UnauthorizedError", "unauthorized"),
    "connect({ apiToken: READ }).services.stop(WEB)": ("ForbiddenError", "forbidden"),
    "connect({ teamId: undefined }).services.list()": ("TypeError", None),
    "api.services.get('..')": ("TypeError", None),
    "api.services.start(undefined)": ("TypeError", None),
    "connect({ baseUrl: 'ftp://127.0.0.1' })": ("TypeError", None),
    "connect({ baseUrl: 'http://me:secret@127.0.0.1' })": ("TypeError", None),
}


def test_errors_are_classes(js: Programs, access: Access, alice: Person, web: Service) -> None:
    reading = make_token(alice.team, alice.user, scope=Scope.READ)
    calls = ", ".join(f"async () => {call}" for call in REFUSED)

    errors = js.run(
        access,
        f"""
        const {{ WEB, READ }} = process.env;
        const found = [];
        for (const work of [{calls}]) found.push(await failure(work));
        say(found);
        """,
        WEB=str(web.id),
        READ=reading,
    )

    seen = [(error["kind"], error.get("code")) for error in errors]
    assert dict(zip(REFUSED, seen, strict=True)) == REFUSED
    assert all(error["requestId"] for error in errors if "code" in error)


def test_an_error_says_which_field_and_what_to_do(
    js: Programs, access: Access, web: Service
) -> None:
    error = js.run(
        access,
        "say(await failure(() => api.services.create({ name: 'web', folder_path: '/' })));",
    )

    assert error["code"] == "service.name_taken"
    assert error["details"]["name"]


def test_the_token_is_in_no_address_no_error_and_nothing_that_is_shown(
    js: Programs, access: Access, served: Served, web: Service
) -> None:
    shown = js.run(
        access,
        """
        import { inspect } from 'node:util';
        const texts = [inspect(api, { depth: 9, showHidden: true }), JSON.stringify(api)];
        const bad = { apiToken: process.env.TOKEN + '\\n' };
        for (const work of [
          () => api.services.get('00000000-0000-0000-0000-000000000000'),
          () => connect({ baseUrl: 'http://127.0.0.1:9/api/v1', retries: 0 }).services.list(),
          () => connect({ baseUrl: process.env.BASE + '/nowhere' }).services.list(),
          () => connect(bad),
        ]) {
          try { await work(); texts.push('no error'); } catch (error) {
            texts.push(inspect(error, { depth: 9, showHidden: true }));
          }
        }
        say(texts);
        """,
    )

    assert len(shown) == 6
    assert not [text for text in shown if access.token in text or text == "no error"]
    assert not [line for line in served.asked if access.token in line]
