"""Weighbridge weighs language models before they enter an organisation's software."""

__version__ = "0.1.0"
