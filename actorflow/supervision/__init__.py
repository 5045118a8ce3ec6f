"""Supervision as pure values: what a service is, when it is started again, in which order services start and stop.

Nothing here starts anything, reads a clock or draws a number: a driver feeds events and carries out actions.
"""
