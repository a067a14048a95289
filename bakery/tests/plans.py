"""How a database would find what statements ask for: which tables it would read from end to end."""

import re
from collections import Counter

from django.db import connection, transaction

ASKING = ("SELECT", "WITH", "UPDATE", "INSERT", "DELETE")
REMOVED = ("Filter", "Join Filter", "Index Recheck")


def scanned(act):
    """Do something, and return the tables that its statements would read wholly: those that no index helps to find.

    PostgreSQL reads small tables wholly because that is cheap: it is asked what it would do if it were not.
    """
    return {name for plan in explained(act) for name in _scans(*plan)}


def indexes_used(act):
    """Do something, and return the names of the indexes by which its statements would find what they ask for."""
    found = r"USING (?:COVERING )?INDEX (\w+)" if connection.vendor == "sqlite" else r"(?:using|Scan on) (\w+_\w+)"
    return {name for _sql, lines in explained(act) for name in re.findall(found, "\n".join(lines))}


def rows_read(act):
    """Do something, and return of each table how many rows its statements really read: on PostgreSQL alone.

    Each statement is tried first, explained, and undone. What a database does to keep its own rules is not counted.
    """
    read = Counter()

    def count(sql, params):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
            [[[answer]]] = cursor.fetchall()
            transaction.set_rollback(True)
        for node in _nodes(answer["Plan"]):
            if "Relation Name" in node and "Actual Rows" in node:
                seen = node["Actual Rows"] + sum(node.get(f"Rows Removed by {why}", 0) for why in REMOVED)
                read[node["Relation Name"]] += round(seen * node["Actual Loops"])

    _each_statement(act, count)
    return read


def plans(act):
    """Do something, and return how the database would go about each of its statements."""
    return ["\n".join(lines) for _sql, lines in explained(act)]


def explained(act):
    """Do something, and return its statements, each with the lines of its plan."""
    asked = []
    _each_statement(act, lambda *statement: asked.append(statement))
    return [(sql, _explain(sql, params)) for sql, params in asked]


def _each_statement(act, see):
    """Do something, and show each of its statements before it is sent."""

    def show(execute, sql, params, many, context):
        if not many and sql.lstrip(" \n(").startswith(ASKING):
            see(sql, params)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(show):
        act()


def _nodes(plan):
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


def _explain(sql, params):
    with transaction.atomic(), connection.cursor() as cursor:
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
    tables = {alias: table for table, alias in re.findall(r'(?:FROM|JOIN|UPDATE) "?(\w+)"? (?:AS )?"?(\w+)"?', sql)}
    names = [line.split()[1] for line in lines if line.startswith("SCAN")]
    return [tables[name] if "_" in tables.get(name, "") else name for name in names]
