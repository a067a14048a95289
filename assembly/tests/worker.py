"""Another process that records runs until somebody kills it. It is forked from a process that has no threads.

Whatever a thread holds at the moment of a fork is held in the child for ever: the tests' own process has threads.
"""

import os
import random
from datetime import datetime
from multiprocessing import get_context
from uuid import uuid4

import django

django.setup()

from django.db import connection  # noqa: E402 - the forking process sets up once, for all

from assembly.services import record_assembly  # noqa: E402

processes = get_context("forkserver")
processes.set_forkserver_preload([__name__])


def record_for_ever(answers, database, good_id, at: datetime, seed):
    """Record runs in the named database, and write the key of each, 16 bytes, once it is answered."""
    connection.settings_dict["NAME"] = database
    rand = random.Random(seed)
    while True:
        key = uuid4()
        record_assembly(quantity=rand.randint(1, 2), finished_good_id=good_id, by=None, key=key, assembled_at=at)
        os.write(answers.fileno(), key.bytes)
