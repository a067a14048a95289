"""What the tests of pages share: somebody who is signed in, the words of an answer, what it cost in statements."""

import re

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from packaging.tests.factories import UserFactory


def sign_in(*groups, **rights):
    """Return the browser of somebody in these groups."""
    client = Client()
    client.force_login(UserFactory(groups=groups, **rights))
    return client


def text_of(response):
    """Return the words of a page, without tags and spare spaces."""
    page = re.sub(r"</?data[^>]*>", "", response.content.decode())
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def statements(client, url, data=None):
    """Count the statements of an answer to a question, or to a form that is shown again."""
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(url) if data is None else client.post(url, data)
    assert answer.status_code == 200
    return len(captured)
