"""The hosts that ship with actorflow."""
