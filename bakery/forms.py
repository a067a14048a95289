"""The kinds of input that forms are made of. They check shape (type, range); whether it is true, the service checks."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

MAX_WHOLE = 1_000_000
MAX_QUANTITY = Decimal("99999999")
MAX_MONEY = Decimal("9999999")
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)


class PlainForm(forms.Form):
    """The base of every form: the server alone judges what is missing, and says it in our words."""

    use_required_attribute = False
    error_css_class = "field-bad"
    required_css_class = "field-required"
    one_of: tuple[str, ...] = ()  # fields that may be empty only while they are not seen, or another one is filled in
    search_button = ("find", "1")  # without JavaScript it searches in long lists; what was typed stays

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, forms.ChoiceField):
                _say_what_to_choose(field)

    @property
    def is_searching(self) -> bool:
        """Whether the form was sent to search in a list, so that nothing is wrong and nothing is to be done."""
        return self.is_bound and "find" in self.data

    def is_valid(self) -> bool:
        """Say whether the form is in order and meant."""
        return super().is_valid() and not self.is_searching

    def full_clean(self) -> None:
        """Check what was typed, unless somebody is still choosing."""
        if self.is_searching:
            self._errors, self.cleaned_data = ErrorDict(), {}
        else:
            super().full_clean()


def _say_what_to_choose(field: forms.ChoiceField) -> None:
    """Replace Django's words for a choice that is missing or unknown, unless the form has words of its own."""
    for base, word in ((forms.Field, "required"), (type(field), "invalid_choice")):
        if field.error_messages[word] == base.default_error_messages[word]:
            field.error_messages[word] = _("Choose one from the list.")


class NumberInput(forms.TextInput):
    """A number as text: `type=number` changes by scrolling and is read badly by screen readers."""

    def __init__(self, attrs: dict[str, Any] | None = None, *, inputmode: str = "decimal") -> None:
        super().__init__({"inputmode": inputmode, "autocomplete": "off", **(attrs or {})})


class DecimalTextField(forms.Field):
    """A number with few decimals, written plainly: no sign, exponent, comma or word gets through."""

    widget = NumberInput
    default_error_messages = {
        "required": _("Enter a number."),
        "invalid": _("Enter a number, like 24 or 2.5."),
        "comma": _("Write decimals with a dot, like 2.5, and thousands without a comma."),
        "negative": _("Enter 0 or more."),
        "places": _("Enter at most %(places)s decimals."),
        "min": _("Enter %(limit)s or more."),
        "max": _("Enter %(limit)s or less."),
    }

    def __init__(self, *, places: int, min_value: Decimal | int, max_value: Decimal | int, **kwargs: Any) -> None:
        self.places = places
        self.min_value, self.max_value = Decimal(min_value), Decimal(max_value)
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> Decimal | None:
        """Return the number, or refuse it with a sentence that says what to write instead."""
        if value in self.empty_values:
            return None
        text = str(value).strip()
        if not text:
            return None
        if re.fullmatch(r"-\d[\d.,]*", text, re.ASCII):
            word = "min" if self.min_value > 0 else "negative"
            limit = plain_number(Decimal(self.min_value))
            raise ValidationError(self.error_messages[word], code="negative", params={"limit": limit})
        if re.fullmatch(r"\d[\d.]*,[\d.,]*", text, re.ASCII):
            raise ValidationError(self.error_messages["comma"], code="comma")
        match = re.fullmatch(r"(\d+)(?:\.(\d+))?", text, re.ASCII)
        if match is None:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        if len((match[2] or "").rstrip("0")) > self.places:
            self.refuse_places()
        # Zeros that say nothing go first, so that a very long text is compared, not calculated with.
        whole, rest = match[1].lstrip("0") or "0", (match[2] or "")[: self.places]
        if len(whole) > 12:
            self.refuse("max", self.max_value)
        return Decimal(f"{whole}.{rest}" if rest else whole)

    def validate(self, value: Any) -> None:
        """Check that the number lies between the limits."""
        super().validate(value)
        if value is None:
            return
        if value < self.min_value:
            self.refuse("min", self.min_value)
        if value > self.max_value:
            self.refuse("max", self.max_value)

    def refuse(self, code: str, limit: Decimal) -> None:
        """Raise the error for a number beyond `limit`."""
        raise ValidationError(self.error_messages[code], code=code, params={"limit": f"{limit.normalize():f}"})

    def refuse_places(self) -> None:
        """Raise the error for too many decimals."""
        raise ValidationError(self.error_messages["places"], code="places", params={"places": self.places})

    def prepare_value(self, value: Any) -> Any:
        """Show a stored number without the zeros that say nothing."""
        return plain_number(value) if isinstance(value, Decimal) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare as numbers: 2.50 is 2.5."""
        try:
            return bool(self.to_python(initial) != self.to_python(data))
        except ValidationError:
            return True


def plain_number(value: Decimal) -> str:
    """Write a number without an exponent and without the zeros that say nothing: 30.000 is 30."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


class QuantityField(DecimalTextField):
    """An amount in stock units, with up to 3 decimals."""

    def __init__(
        self, *, min_value: Decimal | int = 0, max_value: Decimal | int = MAX_QUANTITY, places: int = 3, **kwargs: Any
    ) -> None:
        super().__init__(places=places, min_value=min_value, max_value=max_value, **kwargs)


class MoneyField(DecimalTextField):
    """A sum of money, with up to 4 decimals."""

    default_error_messages = {
        "required": _("Enter an amount."),
        "invalid": _("Enter an amount, like 12 or 12.50."),
        "comma": _("Write cents after a dot, like 12.50, and thousands without a comma."),
    }

    def __init__(
        self, *, min_value: Decimal | int = 0, max_value: Decimal | int = MAX_MONEY, places: int = 4, **kwargs: Any
    ) -> None:
        super().__init__(places=places, min_value=min_value, max_value=max_value, **kwargs)


class WholeField(DecimalTextField):
    """A whole number of things, from 1 to a million if nothing else is said. Its value is an `int`."""

    default_error_messages = {
        "required": _("Enter a whole number."),
        "invalid": _("Enter a whole number, like 24."),
        "whole": _("Enter a whole number, without decimals."),
    }

    def __init__(self, *, min_value: int = 1, max_value: int = MAX_WHOLE, **kwargs: Any) -> None:
        kwargs.setdefault("widget", NumberInput(inputmode="numeric"))
        super().__init__(places=0, min_value=min_value, max_value=max_value, **kwargs)

    def clean(self, value: Any) -> int | None:
        """Return the number as an `int`."""
        number = super().clean(value)
        return None if number is None else int(number)

    def refuse_places(self) -> None:
        """Raise the error for a number that is not whole."""
        raise ValidationError(self.error_messages["whole"], code="whole")


class DayField(forms.DateField):
    """A calendar day, picked with the browser's own calendar."""

    default_error_messages = {
        "required": _("Enter a date."),
        "invalid": _("Enter a date, like 2026-11-20."),
        "range": _("Enter a date between %(first)s and %(last)s."),
    }

    def __init__(self, *, first: date = FIRST_DAY, last: date = LAST_DAY, **kwargs: Any) -> None:
        self.first, self.last = first, last
        kwargs.setdefault("widget", forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
        kwargs.setdefault("input_formats", ["%Y-%m-%d"])
        super().__init__(**kwargs)

    def validate(self, value: Any) -> None:
        """Check that the day lies in the years that this program is for."""
        super().validate(value)
        if value is not None and not self.first <= value <= self.last:
            limits = {"first": date_format(self.first), "last": date_format(self.last)}
            raise ValidationError(self.error_messages["range"], code="range", params=limits)
