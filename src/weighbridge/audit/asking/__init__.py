"""The parts of the asking step (``audit.ask``): how a reply is read, how fast and dearly is asked, what is kept."""
