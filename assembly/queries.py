"""The answers about runs that pages and services ask for."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.translation import gettext as _

from assembly.models import AssemblyFinishedGoodConsumption, AssemblyRun, Consumption, consumption_models
from packaging.exceptions import GoodsUsed
from packaging.models import StockMovement

UNDO_MINUTES = 10  # whoever recorded a run may undo it for so long (R28)


def consumptions(run_id: int) -> list[Consumption]:
    """Return the rows of a run's ledger with their movements, in the order they were written; three statements."""
    return [
        row
        for model in consumption_models()
        for row in model.objects.filter(assembly_run=run_id).select_related("movement__inventory_item", "composition")
    ]


@dataclass(frozen=True)
class GoodsLotUses:
    """Who used pieces of a run's goods: unreversed movements of its lot but its own, and the runs behind them (R28)."""

    run: AssemblyRun
    movements: Sequence[StockMovement]
    runs: Sequence[AssemblyRun]

    def refuse(self) -> None:
        """Raise `GoodsUsed` when any piece was used."""
        if not self.movements:
            return
        names = [_("run %(run)s") % {"run": run.pk} for run in self.runs]
        names += [str(m.get_kind_display()).lower() for m in self.movements if m.kind != StockMovement.Kind.CONSUMED]
        raise GoodsUsed(
            _("The goods of run %(run)s were used: %(uses)s.") % {"run": self.run.pk, "uses": ", ".join(names)},
            runs=self.runs,
            movements=self.movements,
        )


def goods_lot_uses(run: AssemblyRun) -> GoodsLotUses:
    """Return what keeps a run from being voided."""
    movements = list(
        StockMovement.objects.filter(
            inventory_item=run.goods_lot_id, reversed_by__isnull=True, reverses__isnull=True
        ).exclude(kind=StockMovement.Kind.ASSEMBLED)
    )
    users = AssemblyFinishedGoodConsumption.objects.filter(movement__in=movements).values("assembly_run")
    return GoodsLotUses(run, movements, list(AssemblyRun.objects.filter(pk__in=users)) if movements else [])


def may_void(user: User, run: AssemblyRun) -> bool:
    """Say whether a user may take a run back: by permission, or whoever recorded it within ten minutes (R28)."""
    if run.is_voided:
        return False
    if user.has_perm("assembly.void_run"):
        return True
    return run.recorded_by_id == user.pk and (timezone.now() - run.created_at).total_seconds() <= UNDO_MINUTES * 60
