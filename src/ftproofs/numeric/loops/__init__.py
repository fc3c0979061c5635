"""Inner loops compiled with Numba: one network after the other, on the CPU in float64."""
