"""Golden journals: what a release has recorded must replay in every later one."""
