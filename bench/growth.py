"""P7: pages of a shop with a long history against the same pages of a young one."""

from collections.abc import Callable, Iterator

from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse
from django.utils.http import urlencode

from assembly.models import AssemblyRun
from bakery.web import PAGE_SIZE
from bench.plan import Bench
from bench.statements import signed_in
from bench.table import Row, at_most, ratios
from packaging.models import Composition, Event, FinishedGood, InventoryItem

SLOWER = 2
FEW, MANY = 240, 10_000  # products; of the few, each list fills its page as well
CHANGELISTS = (
    "packaging_product",
    "packaging_genericproduct",
    "packaging_finishedunit",
    "packaging_finishedgood",
    "packaging_composition",
    "packaging_inventoryitem",
    "packaging_stockmovement",
    "packaging_assemblyorder",
    "assembly_assemblyrun",
    "assembly_assemblypackagingconsumption",
)
CHOOSING = {
    "receive, choose a design": "packaging:stock_receive",
    "bake, choose a unit": "packaging:stock_bake",
    "opening stock, choose a good": "packaging:stock_opening",
    "open an order, choose a good": "packaging:order_open",
    "make together, choose a good": "packaging:make_together",
    "record, choose a good": "assembly:run_record",
    "day sheet, choose a good": "assembly:day_sheet",
    "stock list": "packaging:stock",
    "make": "packaging:make",
    "count, choose a lot": "packaging:stock_count",
    "administration, form of a product": "admin:packaging_product_add",
    "administration, form of a good": "admin:packaging_finishedgood_add",
}


def measure_p7(bench: Bench) -> Iterator[Row]:
    """How much longer a page takes, by turns with the same page of the small database."""
    for size in ("small", "big"):
        with bench.databases.using(size):
            old = Composition.objects.filter(is_generic=True, order__status="closed").count()
            bench.databases.say(f"{size}: {AssemblyRun.objects.count():,} runs, {old:,} old lines of packaging")
    yield from _compared(bench, "", lambda: {**pages(), **({} if bench.is_quick else more_pages())})
    if not bench.is_quick:
        with bench.databases.widened("small", FEW), bench.databases.widened("big", MANY):
            yield from _compared(bench, f"{MANY:,} products: ", catalogue_pages)


def _compared(bench: Bench, what: str, addresses: Callable[[], dict[str, str]]) -> Iterator[Row]:
    """Return how much longer each page takes in the big database; the addresses are asked for in each."""
    acts: dict[str, dict[str, Callable[[], object]]] = {}
    for size in ("small", "big"):
        with bench.databases.using(size):
            client = signed_in()
            for name, address in addresses().items():
                acts.setdefault(name, {})[size] = _asking(bench, size, client, address)
    for name, act in acts.items():
        yield at_most(f"P7 {what}{name}", ratios(bench.effort.slices(act["small"], act["big"])), SLOWER, unit="×")


def pages() -> dict[str, str]:
    """Return the addresses that are asked for in the database in use."""
    runs = AssemblyRun.objects.newest_first()
    first, last = runs.values_list("pk", flat=True)[0], runs.reverse().values_list("pk", flat=True)[0]
    history = reverse("assembly:run_list")
    good = FinishedGood.objects.order_by("pk").values_list("pk", flat=True)[0]
    middle = f"{history}?before={_place(runs.filter(pk__lte=(first + last) // 2).order_by('-pk'))}"
    end = f"{history}?before={_place(runs.reverse()[PAGE_SIZE:])}"
    return {
        "history, first page": history,
        "history, a page in the middle": middle,
        "history, last page": end,
        "history of one good": f"{history}?{urlencode({'good': good})}",
        "pending list": reverse("packaging:pending_list"),
        "dashboard": reverse("assembly:today"),
    }


def more_pages() -> dict[str, str]:
    """Return the addresses of other lists, for which a quick look has no time."""
    good = FinishedGood.objects.order_by("pk").values_list("pk", flat=True)[0]
    history, orders, log = reverse("assembly:run_list"), reverse("packaging:order_list"), reverse("log_list")
    lot = InventoryItem.objects.filter(product__isnull=False, lot_code__gt="").order_by("-pk")[0]
    person = AssemblyRun.objects.newest_first().values_list("recorded_by", flat=True)[0]
    event = Event.objects.order_by("pk").values_list("pk", flat=True)[0]
    return {
        "history of one person": f"{history}?{urlencode({'person': person or ''})}",
        "history of a person for an event": f"{history}?{urlencode({'person': person or '', 'event': event})}",
        "history of one design": f"{history}?{urlencode({'design': lot.product_id})}",
        "history of one lot": f"{history}?{urlencode({'lot': lot.lot_code})}",
        "orders that are closed": f"{orders}?show=closed",
        "all orders": f"{orders}?show=all",
        "pending list, searched": f"{reverse('packaging:pending_list')}?q=bag",
        "events": reverse("packaging:event_list"),
        "what can be made": reverse("packaging:make"),
        "page of a used-up lot": reverse("packaging:lot_detail", args=[lot.pk]),
        "trace of a used-up lot": reverse("assembly:lot_trace", args=[lot.pk]),
        "a code that no lot has": f"{reverse('packaging:stock_count')}?q=no-such-lot",
        "bake": reverse("packaging:stock_bake"),
        "record": f"{reverse('assembly:run_record')}?{urlencode({'good': good})}",
        "debts": reverse("assembly:debt_list"),
        "books": reverse("assembly:books_check"),
        "report, cost of one": f"{reverse('assembly:report_cost')}?{urlencode({'good': good})}",
        "report, packaging used": reverse("assembly:report_use"),
        "report, lost and corrected": reverse("assembly:report_loss"),
        "report, stock value": reverse("assembly:report_value"),
        "what one person changed": f"{log}?{urlencode({'person': person or ''})}",
        "stock list": reverse("packaging:stock"),
        "lots of one good": f"{reverse('packaging:lot_list')}?{urlencode({'good': good})}",
        "orders": reverse("packaging:order_list"),
        "page of a good": reverse("packaging:good_detail", args=[good]),
        "shopping list": reverse("packaging:shopping_list"),
        "what changed": reverse("log_list"),
        "administration, movements": reverse("admin:packaging_stockmovement_changelist"),
        "administration, runs": reverse("admin:assembly_assemblyrun_changelist"),
    }


def catalogue_pages() -> dict[str, str]:
    """Return the addresses of what grows with the catalogue."""
    good = FinishedGood.objects.order_by("-pk").values_list("pk", flat=True)[0]
    lists = {f"administration, {name.partition('_')[2]}": reverse(f"admin:{name}_changelist") for name in CHANGELISTS}
    searched = {f"{name}, searched": f"{address}?q=almond" for name, address in lists.items()}
    return {
        **{name: reverse(page) for name, page in CHOOSING.items()},
        "page of a good": reverse("packaging:good_detail", args=[good]),
        "line of a recipe, choose a component": reverse("packaging:line_add", args=[good]),
        **lists,
        **searched,
    }


def _place(runs: "QuerySet[AssemblyRun]") -> str:
    """Return how an address says that a page begins after a run."""
    run = runs[0]
    return urlencode({"": f"{run.assembled_at.isoformat()}_{run.pk}"}).removeprefix("=")


def _asking(bench: Bench, size: str, client: Client, address: str) -> Callable[[], object]:
    """Return what asks for a page in the database of a size."""

    def ask() -> None:
        with bench.databases.using(size):
            answer = client.get(address)
        assert answer.status_code == 200, (address, answer.status_code)

    return ask
