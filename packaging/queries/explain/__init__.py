"""The rows behind a figure, so that each number can be explained: docs/developers.md says how to add one."""

from packaging.queries.explain.parts import Explanation, Figure, Ledger, Row, Statement, clamped
from packaging.queries.explain.registry import FIGURES

__all__ = ["FIGURES", "Explanation", "Figure", "Ledger", "Row", "Statement", "clamped"]
