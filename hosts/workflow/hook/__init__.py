"""Hooks: services that call a function when runs change their state."""
