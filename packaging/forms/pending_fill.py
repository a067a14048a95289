"""The form that fills many lines at once: which lines, and in which way."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bakery.forms import PlainForm
from packaging.forms.pending import WAYS

MOST_LINES = 40


class LinesField(forms.Field):
    """The ids of lines, as check boxes send them."""

    widget = forms.MultipleHiddenInput
    default_error_messages = {"required": gettext_lazy("Select at least one line first.")}

    def to_python(self, value: Any) -> list[int]:
        """Return the ids in their order, each once."""
        texts = list(dict.fromkeys(value or ()))
        if len(texts) > MOST_LINES:
            words = _("%(count)s lines are selected. Fill at most %(most)s at once.")
            raise ValidationError(words % {"count": len(texts), "most": MOST_LINES}, code="too_many")
        if not all(re.fullmatch(r"[1-9]\d{0,17}", text, re.ASCII) for text in texts):
            raise ValidationError(_("One of the lines is not known here."), code="not_found")
        return [int(text) for text in texts]


class PendingFillForm(PlainForm):
    """Which lines to fill, by which strategy; to save it also says which preview was looked at."""

    strategy = forms.ChoiceField(
        label=gettext_lazy("How to fill"),
        choices=list(WAYS.items()),
        error_messages={
            "required": gettext_lazy("Choose one of the ways to fill the numbers in."),
            "invalid_choice": gettext_lazy("Choose one of the ways to fill the numbers in."),
        },
    )
    line = LinesField()
    shown = LinesField(required=False)
    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None = None, *, is_saving: bool = False) -> None:
        super().__init__(data)
        self.is_saving = is_saving

    def clean(self) -> dict[str, Any] | None:
        """Refuse to save what nobody looked at."""
        if self.is_saving and not self.cleaned_data.get("seen"):
            said = _("The page was not sent as a whole. Nothing was changed: check the numbers.")
            self.add_error(None, ValidationError(said, code="required"))
        return super().clean()
