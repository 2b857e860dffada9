"""Objects of other packages, without pickle."""
