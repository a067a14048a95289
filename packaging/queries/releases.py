"""What a change of an order would release of its promises (R11). The write releases exactly what this says."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from packaging.availability import Lot, Promise, released
from packaging.costs import ZERO, need
from packaging.models import AssemblyOrder, Composition, CompositionAssignment, InventoryItem
from packaging.queries.recipes import LineMatch, line_key

# Lines as they would be, by the id of the line that is there; None: taken out.
Instead = Mapping[int, Composition | None]


@dataclass(frozen=True)
class Release:
    """What one promise loses."""

    assignment: CompositionAssignment
    quantity: Decimal

    @property
    def line(self) -> Composition:
        """The line that was promised the lot."""
        return self.assignment.composition

    @property
    def lot(self) -> InventoryItem:
        """The lot that gets free."""
        return self.assignment.inventory_item

    @property
    def promised(self) -> Decimal:
        """What the line holds of the lot and has not used."""
        return self.assignment.outstanding

    @property
    def kept(self) -> Decimal:
        """What the line goes on holding of it."""
        return self.promised - self.quantity


@dataclass(frozen=True)
class ReleasedLine:
    """What one line loses, what was assigned last first."""

    line: Composition
    releases: list[Release]

    @property
    def quantity(self) -> Decimal:
        """What it loses of all lots together."""
        return sum((release.quantity for release in self.releases), ZERO)


def releases_of(order: AssemblyOrder, instead: Instead | None = None) -> list[Release]:
    """Return what an order's promises lose if `order` and its lines were as given, in one statement (R11).

    `order` is given with the quantity and status that it would have, and `instead` names the lines that would be
    others. Last assigned goes first; another generic product, or generic ↔ specific, releases all of the line.
    """
    by_line: dict[int, list[CompositionAssignment]] = defaultdict(list)
    for assignment in CompositionAssignment.objects.outstanding().of_order(order.pk).with_names():
        by_line[assignment.composition_id].append(assignment)
    releases = []
    for group in by_line.values():
        line = group[0].composition
        after = instead.get(line.pk, line) if instead else line
        kept = released(
            [Promise(a.pk, line.pk, a.outstanding, a.assigned_at) for a in group],
            _requirement(line, after, order.quantity_left),
        )
        releases += [Release(a, a.outstanding - kept[a.pk]) for a in group if a.pk in kept]
    return releases


def _requirement(line: Composition, after: Composition | None, pieces: int) -> Decimal:
    """Return what the promises of `line` may come to if it became `after`."""
    if after is None or line.is_archived or not after.is_generic or line_key(after) != line_key(line):
        return ZERO
    return need(after.component_quantity, pieces, after.is_whole)


def accepted(matches: Iterable[LineMatch]) -> dict[int, Composition | None]:
    """Return what the lines of an order become when it takes over the recipe, by line id (R10)."""
    return {match.line.pk: match.wish for match in matches if match.line is not None}


def relieved(lots: Iterable[Lot], releases: Iterable[Release]) -> list[Lot]:
    """Return the shelf as it would be after the releases."""
    kept = {release.assignment.pk: release.kept for release in releases}
    return [
        replace(
            lot,
            promises=tuple(
                replace(promise, quantity=kept.get(promise.assignment_id, promise.quantity))
                for promise in lot.promises
                if kept.get(promise.assignment_id) != 0
            ),
        )
        for lot in lots
    ]


def by_line(releases: Iterable[Release]) -> list[ReleasedLine]:
    """Put the releases of each line together, for showing."""
    found: dict[int, ReleasedLine] = {}
    for release in releases:
        found.setdefault(release.line.pk, ReleasedLine(release.line, [])).releases.insert(0, release)
    return list(found.values())
