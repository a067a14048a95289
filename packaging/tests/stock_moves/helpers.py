"""What the tests of stock that comes and goes share."""

from uuid import uuid4

from django.utils import timezone

HUGE = "9" * 30


def html(response):
    return response.content.decode()


def said(client):
    """The messages that wait for the next page."""
    return [str(message) for message in client.get("/menu/").context["messages"]]


def htmx(target):
    return {"HX-Request": "true", "HX-Target": target}


def today():
    return timezone.localdate()


def receipt(product, /, **changes):
    typed = {"key": uuid4(), "product": product.pk, "quantity": "300", "total_cost": "10", "received_on": today()}
    return {name: value for name, value in {**typed, **changes}.items() if value is not None}


def codes(form):
    return {name: [error.code for error in errors.as_data()] for name, errors in form.errors.items()}


# Receive
