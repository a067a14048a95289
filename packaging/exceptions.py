"""What the rules say when they say no. Each error has a `code` and carries its data as rows, not as text."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from packaging.costs import in_words

if TYPE_CHECKING:
    from packaging.models import AssemblyOrder, Composition, FinishedGood, InventoryItem


class RuleError(ValidationError):
    """A rule refused a write; nothing was written.

    A view sets `lost_race` when a quantity that its form showed has dropped since: somebody was quicker (409, R31).
    `row` is the place of the row that was refused, of a form that has many.
    """

    code = "rule"
    lost_race = False
    row: int | None = None

    def __init__(self, message: Any) -> None:
        super().__init__(message, code=type(self).code)


@dataclass(frozen=True)
class Shortage:
    """What a line needs and what is there for it, in stock units."""

    name: str
    needed: Decimal
    available: Decimal
    unit: str = "piece"
    line: "Composition | None" = None

    @property
    def missing(self) -> Decimal:
        """How much is not there."""
        return self.needed - self.available

    def __str__(self) -> str:
        return _("%(name)s: need %(needed)s, have %(available)s.") % {
            "name": self.name,
            "needed": in_words(self.needed),
            "available": in_words(self.available),
        }


class NotEnoughStock(RuleError):
    """Stock does not suffice; `shortages` has a row for each line that is short."""

    code = "not_enough_stock"

    def __init__(self, shortages: Sequence[Shortage]) -> None:
        self.shortages = list(shortages)
        super().__init__(" ".join(str(shortage) for shortage in shortages))


class PackagingUndecided(RuleError):
    """Generic lines are not decided for this quantity; `lines` has a row each, `most` is what is covered."""

    code = "packaging_undecided"

    def __init__(self, lines: Sequence[Any], most: int) -> None:
        self.lines = list(lines)
        self.most = most
        sentences = [str(line) for line in lines]
        if most:
            sentences.append(_("%(most)s can be recorded now.") % {"most": most})
        super().__init__(" ".join(sentences))


class OverAssigned(RuleError):
    """More was assigned than the line requires (R12)."""

    code = "over_assigned"

    def __init__(self, name: str, required: Decimal, assigned: Decimal, unit: str) -> None:
        self.required, self.assigned = required, assigned
        super().__init__(
            _("%(name)s: %(assigned)s assigned, but only %(required)s needed. Take %(over)s off.")
            % {
                "name": name,
                "assigned": in_words(assigned),
                "required": in_words(required),
                "over": in_words(assigned - required),
                "unit": unit,
            }
        )


class WrongProduct(RuleError):
    """A lot does not hold what the line asks for (R12)."""

    code = "wrong_product"

    def __init__(self, lot: "InventoryItem", wanted: str) -> None:
        self.lot = lot
        super().__init__(
            _("Lot %(lot)s holds %(item)s, not %(wanted)s.") % {"lot": lot.label, "item": lot.item, "wanted": wanted}
        )


class NotFree(RuleError):
    """A lot has less free than was asked for, because it is promised to others or gone (R13)."""

    code = "not_free"

    def __init__(self, label: str, asked: Decimal, free: Decimal, holders: Sequence[tuple[str, Decimal]] = ()) -> None:
        self.label, self.asked, self.free, self.holders = label, asked, free, list(holders)
        said = [_("%(free)s free") % {"free": in_words(free)}]
        said += [
            _("%(quantity)s reserved for %(holder)s") % {"quantity": in_words(quantity), "holder": holder}
            for holder, quantity in holders
        ]
        # The same words without the lot, for a place beside its name.
        self.sentence = _("%(asked)s asked, %(said)s.") % {"asked": in_words(asked), "said": ", ".join(said)}
        super().__init__(_("Lot %(lot)s: %(sentence)s") % {"lot": label, "sentence": self.sentence})


class NotHeld(RuleError):
    """An order has less of a lot to give than was asked of it: less was promised, or less is there (R14)."""

    code = "not_held"

    def __init__(self, label: str, holder: str, asked: Decimal, kept: Decimal) -> None:
        self.label, self.holder, self.asked, self.kept = label, holder, asked, kept
        super().__init__(
            _("Lot %(lot)s: %(asked)s asked, %(kept)s there for %(holder)s.")
            % {"lot": label, "asked": in_words(asked), "kept": in_words(kept), "holder": holder}
        )


class StaleVersion(RuleError):
    """What the form was drawn from has changed since; `fresh` is the row as it is now (R31)."""

    code = "stale_version"

    def __init__(self, fresh: Any) -> None:
        self.fresh = fresh
        super().__init__(
            _("Somebody else changed this in the meantime. Your entries are kept; check them against the new figures.")
        )


class CircularRecipe(RuleError):
    """A good would contain itself; `path` is the way round, as goods (R9)."""

    code = "circular_recipe"

    def __init__(self, path: "Sequence[FinishedGood]") -> None:
        self.path = list(path)
        super().__init__(
            _("A good cannot contain itself: %(path)s.") % {"path": " > ".join(good.display_name for good in path)}
        )


class DuplicateLine(RuleError):
    """The component is already a line; `line` is that line."""

    code = "duplicate_line"

    def __init__(self, line: "Composition") -> None:
        self.line = line
        super().__init__(_("%(name)s is already a line. Change its quantity instead.") % {"name": line.name})


class OrderState(RuleError):
    """The order (or event) is not in a state that allows this; `order` is the row."""

    code = "order_state"

    def __init__(self, message: Any, order: "AssemblyOrder | None" = None) -> None:
        self.order = order
        super().__init__(message)


class EmptyRecipe(RuleError):
    """A good without lines can be neither ordered nor assembled (R21)."""

    code = "empty_recipe"

    def __init__(self, good: "FinishedGood") -> None:
        self.good = good
        super().__init__(_("%(good)s has no lines yet. Add the recipe first.") % {"good": good})


class GoodsUsed(RuleError):
    """Pieces of a run's goods are gone; `runs` are the runs that used them, `movements` whatever else did (R28)."""

    code = "goods_used"

    def __init__(self, message: Any, runs: Sequence[Any] = (), movements: Sequence[Any] = ()) -> None:
        self.runs, self.movements = list(runs), list(movements)
        super().__init__(message)


class AlreadyVoided(RuleError):
    """It was voided before; `row` is what was voided."""

    code = "already_voided"

    def __init__(self, row: Any) -> None:
        self.row = row
        super().__init__(_("This was voided already."))


class DebtClosed(RuleError):
    """Nothing of a debt is open any more; `debt` is the row (R26)."""

    code = "debt_closed"

    def __init__(self, debt: Any) -> None:
        self.debt = debt
        super().__init__(_("This was reconciled already."))


class ReasonMissing(RuleError):
    """A reason is needed."""

    code = "reason_missing"

    def __init__(self) -> None:
        super().__init__(_("Say why: a reason is needed."))


class BadQuantity(RuleError):
    """A quantity or amount that cannot be: not a number, out of range, or a fraction of something whole (R8)."""

    code = "bad_quantity"


class BadDate(RuleError):
    """A date that cannot be: in the future, or before what it depends on (R5)."""

    code = "bad_date"


class BadStrategy(RuleError):
    """A way to propose lots that is not known, or shares that say nothing or name what is no design of it (R15)."""

    code = "bad_strategy"


class NotFound(RuleError):
    """An id that is not there or belongs elsewhere."""

    code = "not_found"

    def __init__(self, what: Any) -> None:
        super().__init__(_("%(what)s is not there any more.") % {"what": what})
