"""The engine: the graph that is shown, planned, compiled and run."""
