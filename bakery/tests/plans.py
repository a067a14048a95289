"""How a database would find what statements ask for: which tables it would read from end to end."""

import re

from django.db import connection

ASKING = ("SELECT", "WITH", "UPDATE", "INSERT", "DELETE")


def scanned(act):
    """Do something, and return the tables that its statements would read wholly: those that no index helps to find.

    PostgreSQL reads small tables wholly because that is cheap: it is asked what it would do if it were not.
    """
    return {name for plan in _plans(act) for name in _scans(*plan)}


def indexes_used(act):
    """Do something, and return the names of the indexes by which its statements would find what they ask for."""
    found = r"USING (?:COVERING )?INDEX (\w+)" if connection.vendor == "sqlite" else r"(?:using|Scan on) (\w+_\w+)"
    return {name for _sql, lines in _plans(act) for name in re.findall(found, "\n".join(lines))}


def _plans(act):
    """Do something, and return its statements, each with the lines of its plan."""
    asked = []

    def remember(execute, sql, params, many, context):
        if not many and sql.lstrip().startswith(ASKING):
            asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(remember):
        act()
    return [(sql, _explain(sql, params)) for sql, params in asked]


def _explain(sql, params):
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
            return [row[3] for row in cursor.fetchall()]
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sql}", params)
        lines = [row[0] for row in cursor.fetchall()]
        cursor.execute("SET LOCAL enable_seqscan = on")
        return lines


def _scans(sql, lines):
    if connection.vendor == "postgresql":
        return re.findall(r"Seq Scan on (\w+)", "\n".join(lines))
    tables = {alias: table for table, alias in re.findall(r'"?(\w+)"? (?:AS )?"?(\w+)"?', sql)}
    names = [line.split()[1] for line in lines if line.startswith("SCAN")]
    return [tables[name] if "_" in tables.get(name, "") else name for name in names]
