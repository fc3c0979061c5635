"""Experiments beyond the linear theory, whose claims are trends: directions found in pairs of networks."""
