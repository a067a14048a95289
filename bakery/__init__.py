"""The shell of the program: settings, addresses, log-in, and what every screen uses.

Our app `packaging` has the import name of a PyPI library that pytest and others import, perhaps before our folder is on
the path. Whoever comes first owns the module object; here our folder is put first in its search path, so that both are
found in either order.
"""

from pathlib import Path

import packaging

_ours = str(Path(__file__).resolve().parent.parent / "packaging")
if packaging.__path__[0] != _ours:
    packaging.__path__[:] = [_ours, *(path for path in packaging.__path__ if path != _ours)]
