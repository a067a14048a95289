"""Django's own log-in, which reads all rights of somebody in one statement."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.db.models import Q


class RightsAtOnce(ModelBackend):
    """The rights of a person and of their groups together: every page asks for both."""

    def get_all_permissions(self, user_obj: User | AnonymousUser, obj: Any = None) -> set[str]:
        """Return the rights of an active person as "app.codename"; read once for each request."""
        if not isinstance(user_obj, User) or not user_obj.is_active or obj is not None:
            return set()
        if "_perm_cache" not in vars(user_obj):  # Django's name: whoever clears its caches clears this one
            rights = Permission.objects.order_by()
            if not user_obj.is_superuser:
                own = User.user_permissions.through.objects.filter(user=user_obj).values("permission")
                of_groups = Group.permissions.through.objects.filter(group__user=user_obj).values("permission")
                rights = rights.filter(Q(pk__in=own) | Q(pk__in=of_groups))
            found = rights.values_list("content_type__app_label", "codename")
            vars(user_obj)["_perm_cache"] = {f"{app}.{codename}" for app, codename in found}
        return set(vars(user_obj)["_perm_cache"])
