"""The pages and the API over the engine and the office; no rules of either live here."""
