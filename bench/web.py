"""P5 and P8: recordings through a real server beside its emptiest page, and what a page weighs."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from statistics import median, quantiles
from time import perf_counter
from urllib.parse import urlencode
from uuid import uuid4

from django.urls import reverse
from django.utils import timezone

from assembly.models import AssemblyRun
from assembly.queries import check_books
from bench.browser import Answer, Browser, assets_in_style, assets_of, errors, fields_of
from bench.data import PASSWORD, USER, good_of, somebody
from bench.plan import Bench
from bench.server import serving
from bench.table import Row, at_least, at_most, exactly, ratios, within
from packaging.models import AssemblyOrder, Composition, FinishedGood

BROWSERS = 8
SHARE, TAIL = 0.50, 10
KILOBYTES, REQUESTS, FRAGMENT = 100, 8, 4
EMPTIEST = "/menu/"  # the page with the fewest statements: session, user, rights


def measure_p5(bench: Bench) -> Iterator[Row]:
    """Eight browsers record, each its own good, and by turns ask for the emptiest page."""
    somebody()
    orders = [good_of(3).orders[0] for _browser in range(BROWSERS)]
    with serving("empty") as port:
        browsers = [Browser(port) for _order in orders]
        with ThreadPoolExecutor(BROWSERS) as pool:
            list(pool.map(lambda browser: browser.log_in(USER, PASSWORD), browsers))
        recorders = [_recorder(browser, order) for browser, order in zip(browsers, orders, strict=True)]
        readers = [lambda browser=browser: browser.get(EMPTIEST) for browser in browsers]
        recorded: list[Answer] = []
        read: list[Answer] = []
        pairs = []
        _slice(recorders, 0), _slice(readers, 0)
        for _round in range(bench.effort.rounds):
            first, rate = _slice(recorders, bench.effort.seconds * 8)
            second, empty = _slice(readers, bench.effort.seconds * 8)
            recorded += first
            read += second
            pairs.append((rate, empty))
    times = [answer.seconds for answer in recorded]
    yield at_least("P5 recordings by HTTP against the emptiest page", ratios(pairs), SHARE)
    yield exactly("P5 answers that were errors", errors(recorded, read), 0)
    yield exactly("P5 figures that do not add up", len(check_books()), 0)
    yield at_most(
        "P5 slowest hundredth against the median", [quantiles(times, n=100)[98] / median(times)], TAIL, unit="×"
    )


def _recorder(browser: Browser, order: AssemblyOrder) -> Callable[[], Answer]:
    """Return what records three pieces by the form as htmx sends it; the order's version grows with each."""
    address = f"{reverse('assembly:run_record')}?{urlencode({'order': order.pk})}"
    browser.read_token(address)
    versions, today = count(order.version), timezone.localdate().isoformat()

    def record() -> Answer:
        fields = {"key": uuid4(), "quantity": 3, "on": today, "notes": "", "version": next(versions)}
        return browser.post(address, fields, **{"HX-Request": "true"})

    return record


def _slice(acts: Sequence[Callable[[], Answer]], seconds: float) -> tuple[list[Answer], float]:
    """Let each act go on for a while, all at once, at least once each; return the answers, and how many a second."""
    start = perf_counter()

    def go(act: Callable[[], Answer]) -> list[Answer]:
        answers = [act()]
        while perf_counter() - start < seconds:
            answers.append(act())
        return answers

    with ThreadPoolExecutor(len(acts)) as pool:
        found = [answer for answers in pool.map(go, acts) for answer in answers]
    return found, len(found) / (perf_counter() - start)


def measure_p8(bench: Bench) -> Iterator[Row]:
    """What comes over the wire when a page is opened for the first time, and for the second; and the fragments."""
    with bench.databases.using("small"):
        addresses = pages()
    with serving("small") as port:
        browser = Browser(port)
        browser.log_in(USER, PASSWORD)
        cold = {name: weighed(browser, address) for name, address in addresses.items()}
        again = [asset for page in cold.values() for asset in page[1:] if not _is_kept(asset)]
        typing = addresses["record"].replace("?", "preview/?") + "&quantity=3"
        small = fragments(browser, addresses["decide"], typing)
    sizes = {name: sum(answer.size for answer in answers) / 1000 for name, answers in cold.items()}
    yield within(f"P8 KB of a page, cold; most: {_most(sizes)}", list(sizes.values()), KILOBYTES)
    requests = {name: len(answers) for name, answers in cold.items()}
    yield within(f"P8 requests of a page, cold; most: {_most(requests)}", list(requests.values()), REQUESTS)
    yield exactly("P8 assets that are asked for again", len(again), 0)
    parted = {name: answer.size / 1000 for name, answer in small.items()}
    yield within(f"P8 KB of a fragment; most: {_most(parted)}", list(parted.values()), FRAGMENT)


def pages() -> dict[str, str]:
    """Return the pages that are weighed."""
    run = AssemblyRun.objects.newest_first()[0]
    order = AssemblyOrder.objects.to_assemble().soonest_first()[0]
    record = f"{reverse('assembly:run_record')}?{urlencode({'order': order.pk})}"
    return {
        "today": reverse("assembly:today"),
        "record": record,
        "run": run.get_absolute_url(),
        "history": reverse("assembly:run_list"),
        "pending": reverse("packaging:pending_list"),
        "decide": reverse("packaging:lot_assign", args=[_generic().pk]),
        "orders": reverse("packaging:order_list"),
        "order": order.get_absolute_url(),
        "stock": reverse("packaging:stock"),
        "make": reverse("packaging:make"),
        "good": FinishedGood.objects.order_by("pk")[0].get_absolute_url(),
        "shopping": reverse("packaging:shopping_list"),
        "day": reverse("assembly:day_sheet"),
        "menu": reverse("menu"),
    }


def fragments(browser: Browser, choice: str, typing: str) -> dict[str, Answer]:
    """Ask for parts of pages, as htmx does while people type: what a choice of lots costs, and what a run takes."""
    fields = fields_of(browser.read_token(choice).text, "assign")
    found = {
        "what a choice costs": browser.post(f"{choice}preview/", fields, **{"HX-Request": "true", "HX-Target": "sum"}),
        "what a run takes": browser.get(typing, **{"HX-Request": "true", "HX-Target": "plan"}),
    }
    for name, answer in found.items():
        if answer.status != 200:
            raise RuntimeError(f"The fragment {name} was answered with {answer.status}.")
    return found


def _generic() -> Composition:
    """Return a line that somebody decides on next."""
    line: Composition = Composition.objects.undecided()[0]
    return line


def weighed(browser: Browser, address: str) -> list[Answer]:
    """Load a page with everything that it loads."""
    page = browser.get(address)
    if page.status != 200:
        raise RuntimeError(f"{address} was answered with {page.status}.")
    answers, waiting, seen = [page], assets_of(page.text, address), set()
    while waiting:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        answer = browser.get(path)
        answers.append(answer)
        if "text/css" in answer.headers.get("Content-Type", ""):
            waiting += assets_in_style(answer.text, path)
    return answers


def _is_kept(asset: Answer) -> bool:
    """Say whether a browser keeps an asset and never asks for it again."""
    return asset.status == 200 and "immutable" in asset.headers.get("Cache-Control", "")


def _most(figures: dict[str, float] | dict[str, int]) -> str:
    return max(figures, key=lambda name: figures[name])
