"""What every test run shares: how Hypothesis searches, and fixture F."""

import os

from hypothesis import settings

import bakery  # noqa: F401 - puts our app first under the import name that it shares with a library

pytest_plugins = ["packaging.tests.fixtures"]

# No deadline: two workers share two cores with a database. In CI the same cases every time: red means the change.
settings.register_profile("developer", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "developer")
