"""The app on somebody's phone, for tests: it knows the secret and shows the code of a moment."""

import time

from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice


def code_of(user, steps=0):
    """Return the code that the app of this person shows now, or so many steps of 30 seconds later."""
    device = TOTPDevice.objects.get(user=user)
    totp = TOTP(device.bin_key, device.step, device.t0, device.digits)
    totp.time = time.time() + steps * device.step
    return f"{totp.token():06d}"
