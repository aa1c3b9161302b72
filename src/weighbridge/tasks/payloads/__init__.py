"""Attack inputs that more than one oracle needs, by weakness. Pure text: what they do to a program, oracles observe."""
