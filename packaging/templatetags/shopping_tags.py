"""Filters for the shopping list."""

from django import template

from packaging.words import buying_words

register = template.Library()
register.filter("buying", buying_words)
