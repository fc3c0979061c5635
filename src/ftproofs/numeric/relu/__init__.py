"""Two-layer ReLU and leaky-ReLU networks: tasks on the unit sphere, training with a certificate, kernel predictions."""
