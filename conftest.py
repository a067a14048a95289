"""What every test run shares: how Hypothesis searches."""

import os

from hypothesis import settings

# No deadline: two workers share two cores with a database. In CI the same cases every time: red means the change.
settings.register_profile("developer", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "developer")
