"""Answers that others collected: from a file in anybody's layout to the tables that the later steps read.

``readers`` open a file, ``mapping`` says which column is which field, ``values`` reads the cells, ``programs`` finds
the program in each text, ``keep`` writes a collection and ``planned`` gives the answers to a planned run instead.
"""
