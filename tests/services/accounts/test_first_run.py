"""The first run makes the owner, the team and a token, once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from services.accounts.first_run import FirstRun, first_run
from services.teams.models import ApiToken, Membership, Role, Scope, Team


@pytest.mark.django_db
def test_it_makes_what_is_needed_and_shows_the_token() -> None:
    first = first_run()

    assert first is not None
    assert first.team.slug == "default"
    assert not first.user.has_usable_password()
    token = ApiToken.objects.find(first.token_text)
    assert token is not None
    assert token.scope == Scope.ADMIN
    assert Membership.objects.get().role == Role.OWNER


@pytest.mark.django_db
def test_the_second_time_it_makes_nothing() -> None:
    first_run()

    assert first_run() is None
    assert (Team.objects.count(), ApiToken.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_one() -> None:
    def run() -> FirstRun | None:
        try:
            return first_run()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        done = [task.result() for task in [pool.submit(run) for _ in range(4)]]

    assert len([one for one in done if one]) == 1
    assert ApiToken.objects.count() == 1
