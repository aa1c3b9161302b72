"""The tables of a run: their columns, and how they are read and written so that a kill leaves nothing half."""
