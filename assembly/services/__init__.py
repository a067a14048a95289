"""Every write of a run: record it whole or not at all, settle what it owes, and take it back exactly (R20-R30)."""

from assembly.plan import Waste
from assembly.services.books import keep_check
from assembly.services.day import DayPlan, DayRow, DayRowPlan, preview_day, record_day
from assembly.services.debts import settle_debt, settle_debts, waive_debt
from assembly.services.record import plan_lines, preview_assembly, record_assembly
from assembly.services.void import correct_run, void_day, void_run

__all__ = [
    "DayPlan",
    "DayRow",
    "DayRowPlan",
    "Waste",
    "correct_run",
    "keep_check",
    "plan_lines",
    "preview_assembly",
    "preview_day",
    "record_assembly",
    "record_day",
    "settle_debt",
    "settle_debts",
    "void_day",
    "void_run",
    "waive_debt",
]
