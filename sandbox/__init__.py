"""Stateful stand-ins of the outside services over real HTTP. The product never imports this package."""
