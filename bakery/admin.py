"""The head of Django's admin: its name and the way back to the shop (templates/admin/base_site.html)."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

admin.site.site_header = _("Bakery")
admin.site.site_title = _("Bakery")
admin.site.index_title = _("Administration")
admin.site.site_url = None  # base_site.html has its own way back, on every page
