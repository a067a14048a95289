"""Addresses of the app `packaging`."""

from django.urls import URLPattern

app_name = "packaging"

urlpatterns: list[URLPattern] = []
