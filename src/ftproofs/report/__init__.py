"""Reports: they read results and never compute."""
