"""Moving runs from one store to another, each turned by one side only at any moment; see docs/decisions/0039."""
