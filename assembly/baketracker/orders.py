"""Events, and their targets as orders, each with its own copy of the good's lines. Pure."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from assembly.baketracker.catalogue import Catalogue, long_text, tell_spelling
from assembly.baketracker.read import Source
from assembly.baketracker.recipes import Recipes
from assembly.baketracker.report import Report
from assembly.baketracker.rows import Identities, Options, Row
from assembly.baketracker.runs import Runs
from assembly.baketracker.values import Unreadable, count, day, made_uuid, name
from packaging.costs import ZERO

TARGETS = "event_assembly_targets"


@dataclass
class Orders:
    """Events, orders and their lines to be; `of` says which order is for an event's good, by the app's ids."""

    events: list[Row] = field(default_factory=list)
    orders: list[Row] = field(default_factory=list)
    lines: list[Row] = field(default_factory=list)
    of: dict[tuple[int, int], UUID] = field(default_factory=dict)


def make_orders(
    source: Source,
    options: Options,
    report: Report,
    ids: Identities,
    catalogue: Catalogue,
    recipes: Recipes,
    runs: Runs,
) -> Orders:
    """Return the orders that the file leads to."""
    return _Orders(source, options, report, ids, catalogue, recipes, runs).make()


class _Orders:
    def __init__(
        self,
        source: Source,
        options: Options,
        report: Report,
        ids: Identities,
        catalogue: Catalogue,
        recipes: Recipes,
        runs: Runs,
    ) -> None:
        self.source, self.options, self.report, self.ids = source, options, report, ids
        self.catalogue, self.recipes, self.runs = catalogue, recipes, runs
        self.event_of: dict[int, Row] = {}
        self.order_of: dict[tuple[int, int], Row] = {}
        self.made = Orders()

    def make(self) -> Orders:
        """Make events, then an order for each target, then orders for runs whose event has no target for them."""
        for row in self.source.rows("events"):
            self._make_event(row)
        assembled: dict[tuple[int, int], int] = defaultdict(int)
        for run in self.runs.known:
            if run.event is not None:
                assembled[run.event, run.good] += run.pieces
        for row in self.source.rows(TARGETS):
            self._make_target(row, assembled)
        for pk, run in self.runs.known.items():
            if run.event is not None:
                self._tell_run(pk, run.event, run.good, assembled)
        self._tell_plans()
        return self.made

    def _make_event(self, row: Any) -> None:
        uuid = self.ids.of("event", "events", row)
        if self.ids.is_removed("events", row, uuid):
            return
        try:
            on = day(row["event_date"])
        except Unreadable:
            on = None
        if on is None:
            on = self.options.undated or self.options.today
            said = f"it has no day; {on} is taken"
            self.report.decide("no_day", "events", row["id"], said, "--date-of-undated YYYY-MM-DD")
        is_over = str(row["plan_state"]).strip().upper() == "COMPLETED"
        is_old = self.options.closed_before is not None and on < self.options.closed_before
        if on < self.options.today and not is_over and not is_old:
            said = f"it was on {on} and is not completed in the app: its orders come over open"
            flag = f"--closed-before {self.options.today} brings events before that day as completed"
            self.report.decide("event_past", "events", row["id"], said, flag)
        notes = long_text(self.report, "events", row, "notes")
        if row["expected_attendees"]:
            notes = f"{notes}\nExpected guests: {name(row['expected_attendees'])[:20]}".strip()
        tell_spelling(self.report, "events", row["id"], row["name"])
        made = Row(
            uuid,
            {
                "name": name(row["name"])[:200] or f"Event {row['id']}",
                "date": on,
                "status": "completed" if is_over or is_old else "open",
                "notes": notes,
            },
            {},
            "events",
            row["id"],
        )
        self.event_of[row["id"]] = made
        self.made.events.append(made)
        self.report.brought["events"].append(made.uuid)

    def _make_target(self, row: Any, assembled: dict[tuple[int, int], int]) -> None:
        key = (row["event_id"], row["finished_good_id"])
        event, good = self.event_of.get(key[0]), self.catalogue.good_of.get(key[1])
        try:
            pieces = count(row["target_quantity"])
        except Unreadable as problem:
            self.report.left_out("unreadable", TARGETS, row["id"], str(problem))
            return
        problem_text = ""
        if event is None or good is None:
            problem_text = "its event or its good is not there"
        elif pieces <= 0:
            problem_text = f"an order is for at least 1 piece, not for {pieces}"
        elif key in self.order_of:
            problem_text = "its event has a target for this good already"
        elif not self.recipes.of_good[good[0]] and not assembled[key]:
            problem_text = "its good has no recipe: it cannot be ordered"
        if problem_text or event is None or good is None:
            self.report.left_out("target", TARGETS, row["id"], problem_text, pieces=pieces)
            return
        if assembled[key] > pieces:
            said = f"{assembled[key]} were made for a target of {pieces}: the order is for {assembled[key]}"
            self.report.changed("over_target", TARGETS, row["id"], said, pieces=pieces - assembled[key])
        notes = long_text(self.report, TARGETS, row, "notes")
        uuid = self.ids.of("order", TARGETS, row)
        self._add(
            uuid, event, good[0], max(pieces, assembled[key]), notes, event.values["status"] == "open", row["id"], key
        )
        self.report.brought[TARGETS].append(uuid)

    def _tell_run(self, pk: int, event_id: int, good_id: int, assembled: dict[tuple[int, int], int]) -> None:
        """Make an order for a run's event and good, closed, when the event has no target for it."""
        event = self.event_of.get(event_id)
        if event is None:
            self.report.note("event_missing", "assembly_runs", pk, "its event is not there: it comes over without one")
            return
        key = (event_id, good_id)
        if key not in self.order_of:
            said = "its event has no target for its good: a closed order is made for it"
            self.report.changed("no_target", "assembly_runs", pk, said)
            good = self.catalogue.good_of[good_id][0]
            uuid = made_uuid("order", event.uuid, good)
            self._add(uuid, event, good, assembled[key], "", is_open=False, pk=0, key=key)

    def _add(
        self,
        uuid: UUID,
        event: Row,
        good: UUID,
        pieces: int,
        notes: str,
        is_open: bool,
        pk: int,
        key: tuple[int, int],
    ) -> None:
        due: date = event.values["date"]
        values = {"quantity": pieces, "due_on": due, "notes": notes, "status": "open" if is_open else "closed"}
        order = Row(
            uuid,
            values,
            {"event": event.uuid, "finished_good": good},
            TARGETS if pk else "",
            pk,
            {"pieces": Decimal(pieces) if pk else ZERO},
        )
        self.order_of[key] = order
        self.made.of[key] = uuid
        self.made.orders.append(order)
        for line in self.recipes.of_good[good]:
            refs = {**line.refs, "order": uuid}
            self.made.lines.append(Row(made_uuid("copy", uuid, line.uuid), dict(line.values), refs))

    def _tell_plans(self) -> None:
        """Say what the planning screen's own numbers are, and that the target counts."""
        for row in self.source.rows("event_finished_goods"):
            order = self.order_of.get((row["event_id"], row["finished_good_id"]))
            planned = name(row["quantity"])[:20]
            if order is None:
                said = f"{planned} on the planning screen, without a target: no order is made"
                self.report.left_out("plan_without_target", "event_finished_goods", row["id"], said)
            elif name(order.values["quantity"]) != planned:
                said = (
                    f"{planned} on the planning screen, the target says {order.values['quantity']}: the target counts"
                )
                self.report.left_out("two_target_numbers", "event_finished_goods", row["id"], said)
            else:
                self.report.left_out("same_as_target", "event_finished_goods", row["id"], "the target says the same")
        for row in self.source.rows("event_production_targets"):
            said = f"{name(row['target_batches'])[:20]} batches to bake: baking is not planned here"
            self.report.left_out("baking_plan", "event_production_targets", row["id"], said)
        for table in ("packages", "package_finished_goods", "event_recipient_packages"):
            for row in self.source.rows(table):
                self.report.left_out("basket", table, row["id"], "baskets of several goods are not kept here")
