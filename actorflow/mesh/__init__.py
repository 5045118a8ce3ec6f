"""The mesh: nodes that talk to each other, so that PIDs, names and groups mean the same on all of them."""
