"""Migrations: numbered SQL files, one directory a dialect, applied in order, each in one transaction.

A file is never edited once released: its checksum is kept with the database and compared at every start.
"""
