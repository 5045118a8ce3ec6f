"""Suites that every adapter must pass; call them from the tests of your own."""
