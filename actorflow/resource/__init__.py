"""What scripts use by registry id: environment variables, key-value stores, databases, queues, policies.

A resource with a `lifecycle` is an object with `start` and `stop` (`node.resource.Resource`), made by the factory that
its kind names; while it runs it is found in `node.running` by its id. What scripts can do with it are operations
(`node.operation`) with names such as `store.get`. A file of this package that has operations defines
`install(node)`, which adds them; see `install.py`.
"""
