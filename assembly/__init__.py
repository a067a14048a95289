"""What was built, from which lots, at what cost."""
