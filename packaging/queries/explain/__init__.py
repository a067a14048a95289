"""The rows behind a figure, so that each number can be explained: docs/developers.md says how to add one."""

from packaging.queries.explain.parts import Explanation, Figure, FigureOfThing, Ledger, Row, Statement, clamped
from packaging.queries.explain.registry import FIGURES, OF_THINGS

__all__ = ["FIGURES", "OF_THINGS", "Explanation", "Figure", "FigureOfThing", "Ledger", "Row", "Statement", "clamped"]
