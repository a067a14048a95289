"""The head of Django's admin: its name and the way back to the shop (templates/admin/base_site.html).

Second factors are not edited there, where secrets would be seen and made up: the page People looks after them.
"""

import django_otp.plugins.otp_static.admin
import django_otp.plugins.otp_totp.admin  # noqa: F401 - both register themselves when they are imported
from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

admin.site.site_header = _("Bakery")
admin.site.site_title = _("Bakery")
admin.site.index_title = _("Administration")
admin.site.site_url = None  # base_site.html has its own way back, on every page
admin.site.unregister([StaticDevice, TOTPDevice])
