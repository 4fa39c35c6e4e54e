"""Twenty attacks by whoever runs the service, against what bodies, districts and witnesses hold (A.3)."""
