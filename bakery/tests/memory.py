"""How much memory a process has needed at most."""

import re
import resource
from pathlib import Path


def peak():
    """Return the most megabytes that this process has held since its program began.

    Linux counts in `ru_maxrss` what the process that started it held too; its own is in /proc.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmHWM:\s+(\d+)", status.read_text()).group(1)) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
