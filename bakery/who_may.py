"""Who may what, in words: what each group really has, beside what its role needs (R32)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.db.models import Prefetch, Q, QuerySet
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
    groups = list(_groups())
    held = {group.name: {full_name(row) for row in group.permissions.all()} for group in groups}
    rows = [_row(action, held) for action in (looking(), *ACTIONS) if action.roles]
    context = {
        "roles": list(ROLES),
        "rows": rows,
        "cards": [_card(group) for group in groups],
        "is_behind": any(cell.is_missing for row in rows for cell in row.cells),
        "alone": [_with_rights(user) for user in _apart()],
    }
    return render(request, "role_list.html", context)


def _groups() -> list[Group]:
    """Return every group with its permissions and its active people: the roles first, in their order."""
    people = User.objects.filter(is_active=True).order_by("username")
    permissions: QuerySet[Permission] = Permission.objects.select_related("content_type")
    groups = Group.objects.prefetch_related(Prefetch("permissions", permissions), Prefetch("user_set", people))
    order = {role: number for number, role in enumerate(ROLES)}
    return sorted(groups, key=lambda group: (order.get(group.name, len(order)), group.name))


def _apart() -> QuerySet[User]:
    """Return active people whose rights do not all come from a group."""
    permissions: QuerySet[Permission] = Permission.objects.select_related("content_type")
    apart = Q(is_superuser=True) | Q(is_staff=True) | Q(groups=None) | Q(user_permissions__isnull=False)
    users = User.objects.filter(apart, is_active=True).distinct().order_by("username")
    return users.prefetch_related("groups", Prefetch("user_permissions", permissions))


def _row(action: Action, held: dict[str, set[str]]) -> Row:
    needs = set(action.permissions)
    cells = [
        Cell(role, needs <= held.get(role, set()), bool(needs & held.get(role, set())), role in action.roles)
        for role in ROLES
    ]
    return Row(action.words, cells)


def _card(group: Group) -> Card:
    """Return a group; of one that the shop made itself all its permissions are the shop's."""
    given = {*looking().permissions, *ROLES[group.name]} if group.name in ROLES else set()
    extra = [permission for permission in group.permissions.all() if full_name(permission) not in given]
    return Card(group.name, ROLE_TEXTS.get(group.name, ""), list(group.user_set.all()), in_words(extra))


def _with_rights(user: User) -> dict[str, Any]:
    names = [group.name for group in user.groups.all()]
    return {"user": user, "groups": names, "extra": in_words(user.user_permissions.all())}


def in_words(permissions: Sequence[Permission] | QuerySet[Permission]) -> list[str]:
    """Say what permissions allow: an action's words where one of ours is whole, else Django's own words for it."""
    left = {full_name(permission): str(permission.name) for permission in permissions}
    words = []
    for action in (looking(), *ACTIONS):
        if set(action.permissions) <= left.keys():
            words.append(str(action.words))
            left = {name: text for name, text in left.items() if name not in action.permissions}
    return [*words, *sorted(left.values())]
