"""What pages of `packaging` say about runs: their templates include ones of this app that load these tags."""

from django import template

from assembly.queries import recent_runs

register = template.Library()
register.simple_tag(recent_runs)
