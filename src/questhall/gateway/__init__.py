"""The gateway: the single entry. One policy; here its in-process data plane."""

from questhall.gateway.gateway import Gateway

__all__ = ["Gateway"]
