"""Copies of the whole database while it is used, and the way back: docs/backup.md."""

from assembly.backup.copies import Backup, back_up, rotate
from assembly.backup.restore import Restored, restore

__all__ = ["Backup", "Restored", "back_up", "restore", "rotate"]
