"""Chaos: nodes and their database are killed, stopped and started again for minutes; see `__main__`."""
