"""The FBA loss and claim workbench: loss rates, claims and SOP impact from Amazon export files."""

from importlib.metadata import version as _version

__version__ = _version("fba-workbench")
