"""No two names differ in capitals only, whoever asks at the same moment."""

from functools import partial
from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction

from services.accounts.invitations import Newcomer, accept
from services.errors import InvalidError
from tests.conftest import Person
from tests.factories import make_invitation, make_user
from tests.services.at_once import outcomes

PASSWORD = "correct horse battery"


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_gets_the_name(alice: Person) -> None:
    tokens = [make_invitation(alice.team, alice.user)[1] for _ in range(2)]
    asked = zip(tokens, (Newcomer("frida", PASSWORD), Newcomer("Frida", PASSWORD)), strict=True)
    works = [partial(accept, token, newcomer) for token, newcomer in asked]
    results = outcomes(works, refusal=InvalidError)

    assert sorted(type(one).__name__ for one in results) == ["Arrival", "InvalidError"]
    assert User.objects.filter(username__iexact="frida").count() == 1


@pytest.mark.django_db
def test_no_other_way_leads_around_it() -> None:
    make_user("frida")

    with pytest.raises(IntegrityError), transaction.atomic():
        make_user("FRIDA")


@pytest.mark.django_db
def test_names_from_before_are_told_apart() -> None:
    change = import_module("services.teams.migrations.0005_usernames_without_case")
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {change.INDEX}")
    people = [make_user(name) for name in ("frida", "Frida", "gina")]

    change.tell_apart(apps, None)

    names = list(User.objects.order_by("pk").values_list("username", flat=True))
    assert names == ["frida", f"Frida-{people[1].pk}", "gina"]
