"""The kinds that come with actorflow: one model per file, declared as entry points the way a third party's would be."""
