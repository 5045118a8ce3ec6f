"""Pure operations of script modules: plain functions over values, the same answer for the same arguments, everywhere.

One file a module. Its table `PURE` maps operation names to functions: `"base64.encode"` → `encode`. The functions take
and return values (text, bytes, lists, maps, …), raise `Error`, read no clock, draw no randomness and do no I/O, so a
durable run may call them again on replay. Lua reaches them through `kit.pure`, Python through `actorflow.script`.
"""
