"""What the tests of every app may ask for by name; the root conftest.py makes it known."""

import pytest


@pytest.fixture
def bakehouse(db):
    """Fixture F, loaded by a user who is nobody in particular."""
    from packaging.bakehouse import load_bakehouse  # local: pytest reads this file before Django is ready
    from packaging.tests.factories import UserFactory

    return load_bakehouse(UserFactory(username="baker"))
