"""What every test may use."""

pytest_plugins = ["questhall.kernel.testing"]
