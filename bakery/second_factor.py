"""The second factor: a code that changes every thirty seconds in an app on the person's phone, or a recovery code.

django-otp keeps the secret, refuses a code that was used, and makes wrong codes wait longer and longer. Recovery codes
are its static tokens. They are stored as a keyed hash, so that who reads the database cannot use them.
"""

import re
import secrets

import segno
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, Group, User
from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.safestring import SafeString
from django_otp import verify_token
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

RECOVERY_CODES = 8
RECOVERY_DIGITS = 10  # digits only, so that one field with the keys of numbers takes either kind of code
STAFF = "staff"


def has_factor(user: User) -> bool:
    """Whether this person has set up a second factor."""
    return bool(TOTPDevice.objects.filter(user_id=user.pk, confirmed=True).exists())


def must_have_factor(user: User) -> bool:
    """Whether the shop demands a second factor of this person (BAKERY_SECOND_FACTOR_GROUPS)."""
    names = settings.BAKERY_SECOND_FACTOR_GROUPS
    if not names:
        return False
    if STAFF in names and (user.is_staff or user.is_superuser):
        return True
    return user.groups.filter(name__in=names).exists()


def unknown_groups() -> list[str]:
    """Return the groups that the setting names and that do not exist: a slip of the pen would demand nothing."""
    names = [name for name in settings.BAKERY_SECOND_FACTOR_GROUPS if name != STAFF]
    there = set(Group.objects.filter(name__in=names).values_list("name", flat=True)) if names else set()
    return [name for name in names if name not in there]


def is_verified(user: User | AnonymousUser) -> bool:
    """Whether this session was opened with a second factor."""
    return getattr(user, "otp_device", None) is not None


@transaction.atomic
def begin(user: User) -> TOTPDevice:
    """Make a new secret for this person, which does not count before a code of it was typed."""
    TOTPDevice.objects.filter(user_id=user.pk, confirmed=False).delete()
    return TOTPDevice.objects.create(user=user, name="App", confirmed=False)


def begun(user: User) -> TOTPDevice | None:
    """Return the secret that waits for its first code."""
    device: TOTPDevice | None = TOTPDevice.objects.filter(user_id=user.pk, confirmed=False).first()
    return device


@transaction.atomic
def confirm(device: TOTPDevice, code: str) -> list[str] | None:
    """Make the secret count if this is its code, and return the recovery codes; None if it is not."""
    found = verify_token(device.user, device.persistent_id, plain(code))
    if found is None:
        return None
    TOTPDevice.objects.filter(user_id=device.user_id).exclude(pk=device.pk).delete()
    found.confirmed = True
    found.save(update_fields=["confirmed"])
    return new_recovery_codes(device.user)


@transaction.atomic
def new_recovery_codes(user: User) -> list[str]:
    """Replace the recovery codes and return them: they can be read this once."""
    device, _made = StaticDevice.objects.get_or_create(user=user, defaults={"name": "Recovery codes"})
    device.token_set.all().delete()
    codes = [f"{secrets.randbelow(10**RECOVERY_DIGITS):0{RECOVERY_DIGITS}d}" for _number in range(RECOVERY_CODES)]
    for code in codes:
        device.token_set.create(token=_hashed(user.pk, code))
    return [f"{code[:5]} {code[5:]}" for code in codes]


def recovery_codes_left(user: User) -> int:
    """Count the recovery codes that were not used yet."""
    return int(StaticDevice.objects.filter(user_id=user.pk, token_set__isnull=False).count())


def check_code(user: User, code: str) -> Device | None:
    """Return what this code proves, or None. It is tried on one device only, which its length names.

    Trying it on both would count a right code as a wrong one of the other.
    """
    typed = plain(code)
    if len(typed) == RECOVERY_DIGITS:
        device, token = StaticDevice.objects.filter(user_id=user.pk).first(), _hashed(user.pk, typed)
    else:
        device, token = TOTPDevice.objects.filter(user_id=user.pk, confirmed=True).first(), typed
    if device is None or not typed:
        return None
    return verify_token(user, device.persistent_id, token)


@transaction.atomic
def remove(user: User) -> None:
    """Take the second factor and its recovery codes away."""
    TOTPDevice.objects.filter(user_id=user.pk).delete()
    StaticDevice.objects.filter(user_id=user.pk).delete()


def plain(code: str) -> str:
    """Return the digits of a code as typed, without spaces and dashes; "" if it is no code at all."""
    typed = re.sub(r"[\s-]", "", code)
    return typed if re.fullmatch(r"[0-9]{6}|[0-9]{10}", typed) else ""


def picture(device: TOTPDevice) -> SafeString:
    """Draw the secret as a QR code: an SVG without style, dark on white in dark mode too, for cameras."""
    drawn = segno.make(device.config_url, micro=False)
    return SafeString(  # nosec B703 # a picture that segno draws, of letters and digits of ours
        drawn.svg_inline(border=4, dark="#000", light="#fff", omitsize=True, svgclass="qr", lineclass=None)
    )


def secret_text(device: TOTPDevice) -> str:
    """Return the secret for who cannot take a picture of the screen: letters in groups of four."""
    found = re.search(r"secret=([A-Z2-7]+)", device.config_url)
    assert found is not None
    return " ".join(re.findall(".{1,4}", found[1]))


def _hashed(user_id: int, code: str) -> str:
    """Return a recovery code as it is stored: 64 bits of a hash with the shop's secret key, which fill the column."""
    return salted_hmac("bakery.recovery_code", f"{user_id}:{code}", algorithm="sha256").hexdigest()[:16]
