"""Who may what, in words: what each group really has, beside what its role needs (R32)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from django.contrib.auth.models import Group, Permission, User
from django.db.models import F, Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from bakery.roles import ACTIONS, ROLE_TEXTS, ROLES, Action, Words, full_name, looking
from bakery.web import permission_required


@dataclass(frozen=True)
class Cell:
    """Whether a group may do something, and whether its role says so."""

    group: str
    has_it: bool
    has_part: bool
    is_needed: bool

    @property
    def is_extra(self) -> bool:
        """Whether the shop gave it."""
        return self.has_it and not self.is_needed

    @property
    def is_missing(self) -> bool:
        """Whether the role needs it and the group lost it."""
        return self.is_needed and not self.has_it


@dataclass(frozen=True)
class Row:
    """An action in words, and each role's cell."""

    words: Words
    cells: list[Cell]

    @property
    def holders(self) -> list[str]:
        """The groups that may, for a screen without room for a column each."""
        return [cell.group for cell in self.cells if cell.has_it]


@dataclass(frozen=True)
class Person:
    """Somebody with the names of their groups and with what was given to them alone."""

    user: User
    groups: list[str]
    permissions: Sequence[Permission]

    @property
    def is_apart(self) -> bool:
        """Whether not all they may do comes from a group."""
        return self.user.is_superuser or self.user.is_staff or not self.groups or bool(self.permissions)

    @property
    def extra(self) -> list[str]:
        """What was given to them alone, in words."""
        return in_words(self.permissions)


@dataclass(frozen=True)
class Card:
    """A group: what it is for, who is in it, and what the shop gave it beside its role."""

    name: str
    text: Words
    people: Sequence[User]
    extra: list[str]


@require_safe
@permission_required("auth.view_group")
def role_list(request: HttpRequest) -> HttpResponse:
    """Show who may what: the roles, the shop's own groups, and the people of each."""
    groups, people = _groups(), _people()
    held = {group.name: {full_name(row) for row in group.permissions.all()} for group in groups}
    rows = [_row(action, held) for action in (looking(), *ACTIONS) if action.roles]
    context = {
        "roles": list(ROLES),
        "rows": rows,
        "cards": [_card(group, people) for group in groups],
        "is_behind": any(cell.is_missing for row in rows for cell in row.cells),
        "alone": [person for person in people if person.is_apart],
    }
    return render(request, "role_list.html", context)


def _groups() -> list[Group]:
    """Return every group with its permissions: the roles first, in their order. Two statements."""
    groups = Group.objects.prefetch_related(Prefetch("permissions", _permissions()))
    order = {role: number for number, role in enumerate(ROLES)}
    return sorted(groups, key=lambda group: (order.get(group.name, len(order)), group.name))


def _people() -> list[Person]:
    """Return all active people, by name. Two statements: the first has a row for each group that somebody is in."""
    rows = User.objects.filter(is_active=True).annotate(group=F("groups__name")).order_by("username", "group")
    people = []
    for _pk, same in groupby(rows.prefetch_related(Prefetch("user_permissions", _permissions())), lambda row: row.pk):
        found = list(same)
        names = [row.group for row in found if row.group is not None]
        people.append(Person(found[0], names, list(found[0].user_permissions.all())))
    return people


def _permissions() -> QuerySet[Permission]:
    permissions: QuerySet[Permission] = Permission.objects.select_related("content_type")
    return permissions


def _row(action: Action, held: dict[str, set[str]]) -> Row:
    needs = set(action.permissions)
    cells = [
        Cell(role, needs <= held.get(role, set()), bool(needs & held.get(role, set())), role in action.roles)
        for role in ROLES
    ]
    return Row(action.words, cells)


def _card(group: Group, people: Sequence[Person]) -> Card:
    """Return a group; of one that the shop made itself all its permissions are the shop's."""
    given = {*looking().permissions, *ROLES[group.name]} if group.name in ROLES else set()
    extra = [permission for permission in group.permissions.all() if full_name(permission) not in given]
    inside = [person.user for person in people if group.name in person.groups]
    return Card(group.name, ROLE_TEXTS.get(group.name, ""), inside, in_words(extra))


def in_words(permissions: Sequence[Permission]) -> list[str]:
    """Say what permissions allow: an action's words where one of ours is whole, else Django's own words for it."""
    left = {full_name(permission): str(permission.name) for permission in permissions}
    words = []
    for action in (looking(), *ACTIONS):
        if set(action.permissions) <= left.keys():
            words.append(str(action.words))
            left = {name: text for name, text in left.items() if name not in action.permissions}
    return [*words, *sorted(left.values())]
