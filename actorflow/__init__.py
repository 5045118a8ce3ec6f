"""actorflow: an actor-based process runtime; change the host, keep the script."""
