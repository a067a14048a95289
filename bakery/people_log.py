"""What the log tells about people: log-ins, groups and who signed in."""

from django.contrib.auth.models import Group, User
from django.db.models import F, Q, Value

from bakery.log import Source, add_sources, add_subjects, history_source
from bakery.models import SignIn

add_subjects(person=User, group=Group)
add_sources(
    history_source("user", User, {"people": Q()}, about={"person": lambda pk: Q(id=pk)}),
    history_source("group", Group, {"people": Q()}, about={"group": lambda pk: Q(id=pk)}),
    Source(
        name="signin",
        rows=lambda: SignIn.objects.all(),
        kinds={"sign-ins": Q()},
        moment="created_at",
        user="user",
        columns={
            "log_kind": Value("sign-ins"),
            "log_action": F("kind"),
            "log_who": F("username"),
            "log_label": F("username"),
            "log_reason": F("address"),
        },
        search=lambda text: Q(username__icontains=text) | Q(address__icontains=text),
        about={"person": lambda pk: Q(user=pk)},
        actions=dict(SignIn.Kind.choices),
    ),
)
