"""The tags: what they write, and what they keep from whoever may not see it."""

from decimal import Decimal
from types import SimpleNamespace

import pytest
from django import forms
from django.contrib.auth.models import User
from django.template import Context, Template
from django.test import RequestFactory

from bakery.forms import PlainForm, WholeField


def render(source, **context):
    return Template("{% load bakery_tags %}" + source).render(Context(context))


@pytest.fixture
def manager():
    """A request of somebody who may see costs."""
    request = RequestFactory().get("/")
    request.user = User(username="boss", is_superuser=True)
    return request


@pytest.fixture
def packer(db):
    """A request of somebody who may not."""
    request = RequestFactory().get("/")
    request.user = User.objects.create(username="packer")
    return request


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (Decimal("12.1"), '<data value="12.1000">€12.10</data>'),
        (Decimal("0.005"), '<data value="0.0050">€0.01</data>'),
        (Decimal("1234567.891"), '<data value="1234567.8910">€1,234,567.89</data>'),
        (Decimal("0"), '<data value="0.0000">€0.00</data>'),
        (Decimal("-3.5"), '<data value="-3.5000">−€3.50</data>'),
        (7, '<data value="7.0000">€7.00</data>'),
        (None, "unknown"),
    ],
)
def test_cost_in_all_has_two_decimals(manager, amount, shown):
    assert render("{% cost amount %}", request=manager, amount=amount) == shown


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("0.24", "€0.24"), ("0.0333", "€0.0333"), ("0.850", "€0.85"), ("0.33335", "€0.3334"), ("3", "€3.00")],
)
def test_cost_of_one_keeps_up_to_four_decimals(manager, amount, shown):
    assert f">{shown}<" in render('{% cost amount per="unit" %}', request=manager, amount=Decimal(amount))


def test_words_go_with_the_cost(manager):
    html = render('{% cost amount before=" · " after=" each" %}', request=manager, amount=Decimal("2"))
    assert html == '\xa0· <data value="2.0000">€2.00</data> each'  # no line begins with the dot


def test_cost_leaves_nothing_for_whoever_may_not_see_it(packer):
    source = '[{% cost amount before="about " after=" each" %}{% cost none %}{% cost_label "Actual" %}]'
    assert render(source, request=packer, amount=Decimal("12.1"), none=None) == "[]"


def test_cost_without_a_request_is_nothing():
    assert render("[{% cost amount %}]", amount=Decimal("12.1")) == "[]"


def test_cost_takes_the_sign_of_the_shop(manager, settings):
    settings.BAKERY_CURRENCY = "CHF "
    assert ">CHF 1.00<" in render("{% cost amount %}", request=manager, amount=Decimal("1"))


def test_cost_label_takes_the_word_or_what_has_it(manager):
    assert (
        render("{% cost_label it %}", request=manager, it="Estimated") == '<span class="tag tag-plain">Estimated</span>'
    )
    estimate = SimpleNamespace(label="Actual")
    assert render("{% cost_label it %}", request=manager, it=estimate) == '<span class="tag tag-ok">Actual</span>'
    assert render("{% cost_label it %}", request=manager, it=None) == ""


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Decimal("30.000"), "30"),
        (Decimal("0.400"), "0.4"),
        (Decimal("0.000"), "0"),
        (Decimal("100"), "100"),
        (Decimal("1E+3"), "1000"),
        (Decimal("-24.000"), "-24"),
        (24, "24"),
        (None, ""),
    ],
)
def test_quantity_without_zeros_that_say_nothing(value, shown):
    assert render("{{ value|qty }}", value=value) == shown


def test_tags_say_a_word_and_escape_it():
    assert render("{% tag word kind %}", word="<b>", kind="warn") == '<span class="tag tag-warn">&lt;b&gt;</span>'


@pytest.mark.parametrize(
    ("state", "kind"),
    [("PENDING", "warn"), ("PARTIAL", "warn"), ("ASSIGNED", "ok"), ("SHORT", "bad"), ("COMPLETE", "ok")],
)
def test_every_state_has_a_word_and_a_colour(state, kind):
    html = render("{% state_tag state %}", state=SimpleNamespace(value=state))
    assert f'class="tag tag-{kind}"' in html
    assert state not in html


def test_status_of_an_order():
    assert render('{% status_tag "open" %}') == '<span class="tag tag-info">Open</span>'
    assert render('{% status_tag "odd" %}') == '<span class="tag tag-plain">odd</span>'


def test_icons_are_hidden_from_screen_readers():
    html = render('{% icon "plus" %}')
    assert 'aria-hidden="true"' in html
    assert "img/icons.svg#plus" in html


class SampleForm(PlainForm):
    quantity = WholeField(label="How many", max_value=25, help_text="Whole boxes")
    note = forms.CharField(label="Note", required=False)
    kind = forms.ChoiceField(label="Kind", choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    gift = forms.BooleanField(label="A gift", required=False)
    key = forms.UUIDField(widget=forms.HiddenInput)


@pytest.fixture
def bad():
    form = SampleForm({"quantity": "many", "kind": "z", "key": "no"})
    form.add_error(None, "Need 50 bags, 45 are free.")
    return form


def test_a_field_ties_label_help_and_error_to_its_input(bad):
    html = render("{% field form.quantity %}", form=bad)
    assert '<label for="id_quantity">' in html
    assert 'id="id_quantity_helptext"' in html
    assert 'id="id_quantity_error"' in html
    assert 'aria-describedby="id_quantity_helptext id_quantity_error"' in html
    assert 'aria-invalid="true"' in html
    assert "optional" not in html


def test_a_field_that_may_stay_empty_says_so():
    assert "optional" in render("{% field form.note %}", form=SampleForm())


def test_choices_stand_in_a_fieldset(bad):
    html = render("{% field form.kind %}", form=bad)
    assert "<legend>Kind</legend>" in html
    assert 'aria-describedby="id_kind_error"' in html
    assert 'id="id_kind_error"' in html


def test_a_check_box_stands_before_its_label():
    html = render("{% field form.gift %}", form=SampleForm())
    assert html.index('type="checkbox"') < html.index("A gift")


def test_a_stepper_is_a_labelled_text_field_between_two_keys(bad):
    html = render("{% stepper form.quantity %}", form=bad)
    assert '<label for="id_quantity">How many</label>' in html
    assert 'data-step="1" data-min="1" data-max="25"' in html
    assert 'type="text" inputmode="numeric"' in html
    assert 'value="many"' in html
    assert 'aria-label="Less: How many"' in html
    assert 'aria-describedby="id_quantity_helptext id_quantity_error" aria-invalid="true"' in html


def test_a_stepper_takes_its_own_limits_and_label():
    html = render(
        '{% stepper form.quantity step=low min=0 max=high hide_label=True label="L-1" %}',
        form=SampleForm(initial={"quantity": 3}),
        low=Decimal("0.500"),
        high=Decimal("12.000"),
    )
    assert 'data-step="0.5" data-min="0" data-max="12"' in html
    assert '<label for="id_quantity" class="visually-hidden">L-1</label>' in html
    assert 'value="3"' in html


def test_the_summary_links_to_every_field_and_takes_the_focus(bad):
    html = render("{% form_errors form %}", form=bad)
    assert 'role="alert"' in html
    assert "data-autofocus" in html
    assert "<p>Need 50 bags, 45 are free.</p>" in html
    assert 'href="#id_quantity"' in html
    assert 'href="#id_kind_0"' in html
    assert "How many: Enter a whole number" in html
    assert 'href="#id_key"' not in html  # a hidden field cannot be gone to: its error stands alone
    assert html.count("<p>") == 2


def test_the_summary_is_nothing_without_errors(bad):
    assert render("{% form_errors form %}", form=SampleForm()).strip() == ""
    assert render("{% form_errors form %}", form=None).strip() == ""
    assert render("{% error_prefix form %}", form=SampleForm()) == ""
    assert render("{% error_prefix other form %}", other=SampleForm(), form=bad) == "Error: "
