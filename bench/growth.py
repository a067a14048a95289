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
from packaging.models import Composition, FinishedGood

SLOWER = 2


def measure_p7(bench: Bench) -> Iterator[Row]:
    """How much longer a page takes, by turns with the same page of the small database."""
    acts: dict[str, dict[str, Callable[[], object]]] = {}
    for size in ("small", "big"):
        with bench.databases.using(size):
            client = signed_in()
            old = Composition.objects.filter(is_generic=True, order__status="closed").count()
            bench.databases.say(f"{size}: {AssemblyRun.objects.count():,} runs, {old:,} old lines of packaging")
            for name, address in {**pages(), **({} if bench.is_quick else more_pages())}.items():
                acts.setdefault(name, {})[size] = _asking(bench, size, client, address)
    for name, act in acts.items():
        pairs = bench.effort.slices(act["small"], act["big"])
        yield at_most(f"P7 {name}", ratios(pairs), SLOWER, unit="×")


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
    return {
        "stock list": reverse("packaging:stock"),
        "lots of one good": f"{reverse('packaging:lot_list')}?{urlencode({'good': good})}",
        "orders": reverse("packaging:order_list"),
        "page of a good": reverse("packaging:good_detail", args=[good]),
        "shopping list": reverse("packaging:shopping_list"),
        "what changed": reverse("log_list"),
        "administration, movements": reverse("admin:packaging_stockmovement_changelist"),
        "administration, runs": reverse("admin:assembly_assemblyrun_changelist"),
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
