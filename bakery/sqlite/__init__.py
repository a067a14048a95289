"""Django's SQLite with a queue for those who write: `ENGINE` is `bakery.sqlite` (docs/scaling.md)."""
