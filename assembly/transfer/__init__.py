"""Everything a shop has in one file, and back: the format is docs/export-format.md."""

from assembly.transfer.errors import ImportRefused
from assembly.transfer.load import Loaded, load_file
from assembly.transfer.write import write_file

__all__ = ["ImportRefused", "Loaded", "load_file", "write_file"]
