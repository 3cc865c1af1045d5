"""The pages, one module per task; thin: they ask `hub.catalogue` and `hub.network` and render."""
