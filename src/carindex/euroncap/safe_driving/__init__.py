"""The workbooks of Safe Driving."""

from carindex.euroncap.safe_driving.reading import read

__all__ = ["read"]
