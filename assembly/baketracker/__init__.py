"""Moving in from the desktop app: its SQLite file is read, understood, written here, and compared.

schema → read      the file's tables, opened read-only without a trace        pure
values             exact numbers, days and texts out of loose columns         pure
classify, lot_units   what is packaging; packs or pieces                      pure
catalogue, recipes, stock, orders, runs → moving   rows to be, with reasons   pure
scratch            what is remembered of very many rows, on disk              pure
report, figures    what is said about each row; the source's own sums         pure
taken, write, compare   what is here already, the rows written, the sums here
"""
