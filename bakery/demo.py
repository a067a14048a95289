"""The log-ins of the demo bakery. They exist only where DEBUG is on; the log-in page then names them."""

DEMO_USERS = ("packer", "planner", "manager", "admin")
DEMO_PASSWORD = "alder-street"  # nosec B105 # noqa: S105 - not a secret: it is printed
