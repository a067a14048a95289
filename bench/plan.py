"""What every goal's measurement is given."""

from dataclasses import dataclass

from bench.databases import Databases
from bench.rounds import Effort


@dataclass(frozen=True)
class Bench:
    """The databases, how long is measured, and which database stands for a long history."""

    databases: Databases
    effort: Effort
    is_quick: bool

    @property
    def many_lots(self) -> int:
        """How many lots of an item are many."""
        return 200 if self.is_quick else 1000

    @property
    def grown(self) -> str:
        """The database with a history; a quick look does not make the long one for this alone."""
        return "small" if self.is_quick and "big" not in self.databases.made else "big"
