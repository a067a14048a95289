"""What the shop has, what a good is made of, what is ordered, and what is decided.

A PyPI library has the same import name; the extended search path keeps its modules (`packaging.version`, …) importable.
"""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
