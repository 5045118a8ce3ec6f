"""The demonstration: runs the example shop, kills its node while orders are in flight, and proves what happened."""
