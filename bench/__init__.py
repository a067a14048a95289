"""The benchmark: how the program does against its goals P1-P8, measured on the real program (docs/benchmark.md).

The product imports nothing of it.
"""
