"""The lines of a compressed file, read a piece at a time: no file, whatever it holds, fills the memory."""

import zlib
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation import gettext as _

from assembly.transfer.errors import ImportRefused
from bakery.files import FileRefused, in_words

MAGIC = b"\x1f\x8b"
PIECE = 1 << 16
LONGEST = 4 << 20  # of one line; a row of ours is far shorter
SQUEEZE = 100  # how many times larger than the file its content may be; rows with their uuids come to 5 or so
GZIP = 31  # zlib's number for a gzip header and trailer


def read_lines(path: Path) -> Iterator[bytes]:
    """Yield each line without its end; raise `ImportRefused` for what is no whole compressed file."""
    rest = b""
    for piece in _pieces(path):
        lines = (rest + piece).split(b"\n")
        rest = lines.pop()
        yield from lines
        if len(rest) > LONGEST:
            raise ImportRefused(_("This is not an export: one of its lines is far too long."))
    if rest:
        raise ImportRefused(_("This export is cut off: its last line has no end."))


def _pieces(path: Path) -> Iterator[bytes]:
    """Unpack the file, never more than a piece at a time."""
    unpack = zlib.decompressobj(GZIP)
    came = gave = 0
    try:
        with in_words(path), path.open("rb") as file:
            _ask_first(file.read(len(MAGIC)))
            file.seek(0)
            while packed := file.read(PIECE):
                came += len(packed)
                if unpack.eof:
                    raise ImportRefused(_("Something follows the end of this export: it is not as it was written."))
                while packed and not unpack.eof:  # behind its end a tail would stay for ever
                    piece = unpack.decompress(packed, PIECE)
                    packed = unpack.unconsumed_tail
                    gave += len(piece)
                    if gave > SQUEEZE * came + LONGEST:
                        raise ImportRefused(_("This file unpacks to far more than an export of its size could hold."))
                    yield piece
                if unpack.unused_data:
                    raise ImportRefused(_("Something follows the end of this export: it is not as it was written."))
    except FileRefused as error:
        raise ImportRefused(str(error)) from error
    except zlib.error as error:
        raise ImportRefused(_("This export is damaged: it cannot be unpacked.")) from error
    if not unpack.eof:
        raise ImportRefused(_("This export is cut off: its end is missing."))


def _ask_first(start: bytes) -> None:
    """Refuse at the first bytes what was never an export."""
    if not start:
        raise ImportRefused(_("This file is empty."))
    if start != MAGIC:
        raise ImportRefused(_("This is not an export of this program."))
