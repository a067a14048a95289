"""Several people at once: real threads, each on a database connection of its own."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import DatabaseError, connections

from packaging.exceptions import RuleError


def at_once(actions):
    """Start all actions at the same moment; return results and errors in order."""
    barrier = Barrier(len(actions))

    def go(action):
        try:
            barrier.wait(timeout=20)
            return action()
        except (RuleError, DatabaseError) as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(go, actions))
