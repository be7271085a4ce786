"""Archives are made as users make them."""

from tests.bulk.conftest import configured, seeded

__all__ = ["configured", "seeded"]
