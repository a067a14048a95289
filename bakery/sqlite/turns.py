"""Turns, first come first served, among threads and processes: who waits for a file's `flock` is woken in that order.

A turn is a file that is open and locked. Whoever is killed loses it: the kernel lets go.
"""

import os
from concurrent.futures import Future
from threading import Thread

try:
    import fcntl
except ImportError:  # Windows
    HAS_FLOCK = False
else:
    HAS_FLOCK = True


def take_turn(path: str, seconds: float) -> int | None:
    """Wait for a turn and return it; None where there is no `flock`, or no file can be made. Raises TimeoutError."""
    if not HAS_FLOCK:
        return None
    try:
        turn = os.open(path, os.O_RDONLY | os.O_CREAT, 0o644)
    except OSError:
        return None
    try:
        fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _wait(turn, seconds)
    except OSError:
        os.close(turn)
        return None
    return turn


def end_turn(turn: int) -> None:
    """Let the next one in; said to the kernel, since a child of this process may still have the file open."""
    fcntl.flock(turn, fcntl.LOCK_UN)
    os.close(turn)


def _wait(turn: int, seconds: float) -> None:
    """Wait, but not for ever. `flock` knows no limit and asking again and again no order, so a thread waits for us."""
    answer: Future[None] = Future()
    Thread(target=_stand_in_line, args=(turn, answer), daemon=True).start()
    try:
        answer.result(seconds)
    except BaseException:  # time is over, or somebody stops the program
        if not answer.cancel():
            end_turn(turn)
        raise


def _stand_in_line(turn: int, answer: "Future[None]") -> None:
    """Take the turn when it comes, and let it go at once if nobody waits for it any more."""
    fcntl.flock(turn, fcntl.LOCK_EX)
    if answer.set_running_or_notify_cancel():
        answer.set_result(None)
    else:
        end_turn(turn)
