"""Two-layer diagonal linear networks: tasks, weights, training, the dual oracle, measurements."""
