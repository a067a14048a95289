"""Files that hold a shop's data: written whole or not at all, and read by their owner only."""

import errno
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path

from django.utils.translation import gettext as _

PART = ".part"  # what a file is called until it is whole
STALE = 24 * 3600  # seconds after which half a file is nobody's any more


class FileRefused(Exception):
    """A file cannot be read or written; the text says why in a sentence."""


@contextmanager
def whole_file(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Give a private file to write to, which becomes `path` when the block ends well and is gone when it does not."""
    if path.is_dir() or (path.exists() and not overwrite):
        raise FileRefused(_("%(path)s is there already. Nothing was written.") % {"path": path})
    with in_words(path):
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", suffix=PART, dir=path.parent)
        os.close(handle)
        take_away_halves(path.parent, f"{path.name}-")
    part = Path(name)
    try:
        with in_words(path):
            yield part
            _keep(part)
            os.replace(part, path)
            _keep(path.parent)
    finally:
        for left in path.parent.glob(f"{escape(part.name)}*"):
            left.unlink(missing_ok=True)


def take_away_halves(folder: Path, start: str) -> None:
    """Take away what a killed program left of files whose names begin with `start`; one of today may still grow."""
    for half in folder.glob(f".{escape(start)}*{PART}*"):
        if time.time() - half.stat().st_mtime > STALE:
            half.unlink(missing_ok=True)


@contextmanager
def in_words(path: Path) -> Iterator[None]:
    """Turn what the operating system refuses into a sentence."""
    try:
        yield
    except OSError as error:
        sentences = {
            errno.ENOSPC: _("The disk is full: %(path)s was not written."),
            errno.EDQUOT: _("The disk is full: %(path)s was not written."),
            errno.ENOENT: _("%(path)s is not there."),
            errno.EACCES: _("%(path)s cannot be opened: permission denied."),
            errno.EPERM: _("%(path)s cannot be opened: permission denied."),
            errno.EROFS: _("%(path)s cannot be written: the disk is read-only."),
            errno.EISDIR: _("%(path)s is a folder."),
            errno.ENOTDIR: _("%(path)s lies in something that is not a folder."),
        }
        sentence = sentences.get(error.errno or 0)
        words = sentence % {"path": path} if sentence else f"{path}: {error.strerror or error}"
        raise FileRefused(words) from error


def _keep(path: Path) -> None:
    """Make sure that a file or a folder's list of names is on the disk before the next step."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
