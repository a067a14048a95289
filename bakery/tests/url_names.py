"""Every address of the URL configuration by name, those of the administration too."""

from django.urls import URLPattern, get_resolver


def url_names(patterns=None, spaces=()):
    """Yield the name of each address with its namespaces, and the names of the numbers in it."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(entry, URLPattern):
            yield ":".join([*spaces, entry.name or f"({entry.pattern})"]), sorted(entry.pattern.converters)
        else:
            yield from url_names(entry.url_patterns, [*spaces, *filter(None, [entry.namespace])])
