"""What is known of models: who made them, where, under which licence, open since when, and how people spell them.

Facts are data files in this folder, one row a fact, each with its source and the day it was checked. ``load`` reads
them, ``Catalog.find`` answers for one spelling, ``Catalog.match`` for a column of them.
"""

from weighbridge.catalog.assemble import load
from weighbridge.catalog.book import ORIGINS, Catalog, Match, Origin

__all__ = ["ORIGINS", "Catalog", "Match", "Origin", "load"]
