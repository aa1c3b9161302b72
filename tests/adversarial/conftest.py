"""Fixtures of this folder stand in ``adversarial_tools`` beside what the tests import from it."""

from adversarial_tools import all_is_well_afterwards, host

__all__ = ["all_is_well_afterwards", "host"]
