"""Browsers without a script, of who is signed in."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.conftest import Person


@pytest.fixture
def sign_in() -> Callable[..., Client]:
    def client(person: Person, **options: Any) -> Client:
        browser = Client(**options)
        browser.force_login(person.user)
        return browser

    return client


@pytest.fixture
def mine(sign_in: Callable[..., Client], alice: Person) -> Client:
    """Alice's browser."""
    return sign_in(alice)
