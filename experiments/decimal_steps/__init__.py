"""Decimal steps against powers of two."""
