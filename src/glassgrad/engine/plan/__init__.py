"""From a graph to steps: what the engine knows of ops, which nodes go together, where arrays lie in memory."""
