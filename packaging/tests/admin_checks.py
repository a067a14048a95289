"""How the tests of both apps look at admin pages."""

import re

from django.contrib.admin.sites import site
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

FORBIDDEN = re.compile(r"<style\b|\sstyle\s*=|<script\b(?![^>]*\bsrc\s*=)|\son[a-z]+\s*=|javascript:", re.IGNORECASE)


def page(model, name, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


def queries_of(client, url):
    """Ask for a page and return how many statements it took."""
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def html_of(response):
    """Return a page, which must hold nothing that the content security policy forbids."""
    assert response.status_code == 200
    html = response.content.decode()
    assert FORBIDDEN.search(html) is None
    return html


def columns_of(response):
    """Return the names of the columns of a list."""
    return [name for name in response.context["cl"].list_display if name != "action_checkbox"]


def registered(app_label):
    return {model for model in site._registry if model._meta.app_label == app_label}
